"""Who is told of what needs a person, by real mail and a real webhook: once, and again when it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from builders import NOW, add_items, add_members
from fixtures.site import answer
from projects import AUDIENCES
from relays import HANG_UP, USUAL, ScriptedRelay

from newsletter.errors import AlertError, ConfigError
from newsletter.workflows.alert_channels import web_hook
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.examine import examine
from newsletter.workflows.round import run_round
from newsletter.workflows.sort import sort_when_rules_changed

DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def relay():
    """A relay that hangs up on everybody while it is down, and says what a test wants to whoever it wants."""
    said: dict[str, bytes] = {}
    script = {
        "CONNECT": lambda _: HANG_UP if relay.down else USUAL,
        "RCPT": lambda address: said.get(address.partition("@")[0], USUAL),
        ".": lambda address: said.get(f"{address.partition('@')[0]}'s content", USUAL),
    }
    with ScriptedRelay(script) as relay:
        relay.down, relay.said = False, said
        yield relay


@pytest.fixture
def hook(site):
    """The site, which takes whatever is posted to /hook; posted holds the documents."""
    site.answers["/hook"] = answer(204, b"")
    return site


@pytest.fixture
def scene(open_project, relay, hook):
    """Open a project whose alerts go to Olga and to the hook, in which runs have begun."""

    def scene(to=("olga@example.org",), approval="required", feeds=(), webhook="/hook", allow=("127.0.0.1",)):
        alerts = {"to": list(to), **({"webhook": hook.url(webhook)} if webhook else {})}
        project = open_project(
            newsletters=[{"name": "weekly", "audiences": list(AUDIENCES), "approval": approval}],
            smtp={"host": relay.host, "port": relay.port, "security": "none", "connections": 1},
            feeds=list(feeds),
            fetch={"allow": list(allow)},
            alerts=alerts,
        )
        sort_when_rules_changed(project)
        add_items(project, {"roof": "governors"}, now=NOW - timedelta(hours=3))
        add_members(project, ["anna", "ben"])
        run_round(project, NOW - DAY)
        return project

    return scene


def mails(relay):
    """What Olga got."""
    return [
        message_from_bytes(it.content, policy=policy.default) for it in relay.messages if it.name == "olga"
    ]


def text_of(mail):
    return mail.get_content().replace("\r\n", "\n")


def troubles(happened):
    return [(it.subject, it.told) for it in happened if it.kind == "failed"]


def test_edition_that_is_held_is_told_once_to_mail_and_webhook(scene, relay, hook):
    project = scene()
    run_round(project, NOW)
    told = [it.words for it in run_round(project, DUE) if it.kind == "alerted"]
    assert told == ["1 alert to 1 person", "1 alert to 127.0.0.1"]
    run_round(project, DUE + MINUTE)
    [mail] = mails(relay)
    assert mail["Subject"] == "Heath Union: weekly/2026-11-27 is held back"
    assert (mail["To"], mail["Auto-Submitted"]) == ("olga@example.org", "auto-generated")
    command = f"newsletter -C {project.config.folder} edition approve weekly/2026-11-27"
    assert "nobody had approved it" in text_of(mail)
    assert command in text_of(mail)
    [document] = hook.posted
    assert command in document["text"]
    [alert] = document["alerts"]
    assert (alert["kind"], alert["subject"]) == ("held", "weekly/2026-11-27")
    assert alert["since"] == DUE.isoformat()


def test_state_that_ended_and_came_back_is_told_again(scene, relay, hook):
    project = scene(webhook=None)
    run_round(project, NOW)
    run_round(project, DUE)
    approve_edition(project, "weekly", "Anna", DUE + MINUTE)
    project.editions.hold(project.editions.newest("weekly"), "something else", DUE + 2 * MINUTE)
    run_round(project, DUE + 3 * MINUTE)
    run_round(project, DUE + 4 * MINUTE)
    assert ["Something else." in text_of(mail) for mail in mails(relay)] == [False, True]


def test_all_of_one_round_is_in_one_mail_and_one_call(scene, relay, hook):
    project = scene(feeds=[{"name": name, "url": f"feeds/{name}.xml"} for name in ("gone", "lost")])
    run_round(project, NOW - MINUTE)
    assert hook.posted == []
    run_round(project, NOW)  # a day after the feeds were first missed
    [mail] = mails(relay)
    assert mail["Subject"].startswith("Heath Union: 2 things need somebody: feed gone could not be read")
    heads = [line for line in text_of(mail).splitlines() if line[:1].isdigit()]
    assert [head.partition(",")[0] for head in heads] == [
        "1. Feed gone could not be read for a day",
        "2. Feed lost could not be read for a day",
    ]
    assert [it["subject"] for it in hook.posted[0]["alerts"]] == ["feed gone", "feed lost"]


def test_relay_that_is_down_is_told_to_the_webhook_at_once_and_by_mail_when_it_is_back(scene, relay, hook):
    project = scene(approval="automatic")
    run_round(project, NOW)
    relay.down = True
    first = run_round(project, DUE)
    assert troubles(first) == [("weekly/2026-11-27", False), ("alerts by mail", False)]
    assert [it["subject"] for it in hook.posted[0]["alerts"]] == ["weekly/2026-11-27"]
    second = run_round(project, DUE + MINUTE)
    assert troubles(second) == [("alerts by mail", True)]
    relay.down = False
    run_round(project, DUE + 5 * MINUTE)
    assert [mail["Subject"] for mail in mails(relay)] == ["Heath Union: trouble with weekly/2026-11-27"]
    assert len(hook.posted) == 1
    assert troubles(run_round(project, DUE + 6 * MINUTE)) == []


def test_trouble_that_is_over_before_the_mail_could_leave_is_told_as_over(scene, relay, hook):
    project = scene(approval="automatic")
    run_round(project, NOW)
    relay.down = True
    run_round(project, DUE)
    relay.down = False
    project.relays.up(f"127.0.0.1:{relay.port}")
    run_round(project, DUE + MINUTE)
    [mail] = mails(relay)
    assert "It was over by Fri 27 Nov 2026 07:01, and nothing is left to do." in text_of(mail)
    run_round(project, DUE + 2 * MINUTE)
    assert (len(mails(relay)), len(hook.posted)) == (1, 1)


def test_channel_that_fails_is_tried_ever_more_seldom(scene, hook):
    project = scene(to=())
    hook.answers["/hook"] = answer(500, b"")
    run_round(project, NOW)
    tries = []
    for minute in (0, 1, 2, 3, 6, 7, 66, 67):
        failed = [it for it in run_round(project, DUE + minute * MINUTE) if it.kind == "failed"]
        tries += [(minute, it.words, it.told) for it in failed]
    words = "webhook at 127.0.0.1: it answered 500"
    assert tries == [(minute, words, minute > 0) for minute in (0, 1, 3, 7, 66)]
    assert len(hook.posted) == len(tries)


def test_colleague_whom_the_relay_refuses_keeps_it_from_nobody_else(scene, relay):
    project = scene(to=("olga@example.org", "gone@example.org"), webhook=None)
    relay.said["gone"] = b"550 5.1.1 nobody here\r\n"
    run_round(project, NOW)
    [_, told] = run_round(project, DUE)
    assert told.words.startswith("1 alert to 1 person; ")
    assert told.words.endswith("did not take a mail for gone@example.org: 550 5.1.1 nobody here")
    run_round(project, DUE + MINUTE)
    assert len(mails(relay)) == 1


def test_deliveries_that_nobody_knows_of_are_told(scene, relay):
    project = scene(approval="automatic", webhook=None)
    run_round(project, NOW)
    relay.said["anna's content"] = HANG_UP
    run_round(project, DUE)
    run_round(project, DUE + MINUTE)
    [mail] = mails(relay)
    assert mail["Subject"] == "Heath Union: weekly/2026-11-27 has deliveries of which nobody knows"
    assert "edition report weekly/2026-11-27" in text_of(mail)


def test_webhook_inside_the_network_is_refused_unless_it_is_allowed(scene, hook):
    project = scene(to=(), allow=())
    run_round(project, NOW)
    [_, fault] = run_round(project, DUE)
    assert fault.words == "webhook at 127.0.0.1: 127.0.0.1 is not an address of the public internet"
    assert fault.hint.endswith('[fetch] allow = ["127.0.0.1"]')
    assert hook.paths == []


def test_redirect_of_the_webhook_is_not_followed(scene, hook):
    project = scene(to=())
    hook.answers["/hook"] = answer(302, b"", Location=hook.url("/other"))
    run_round(project, NOW)
    [_, fault] = run_round(project, DUE)
    assert fault.words == "webhook at 127.0.0.1: it answered 302"
    assert hook.paths == ["/hook"]


def test_check_looks_at_the_webhook_and_posts_nothing(scene, hook, open_project):
    def found(project):
        return [(it.level, it.text) for it in examine(project, NOW) if it.subject == "alerts"]

    assert [level for level, _ in found(open_project())] == ["note"]
    mailed = ("ok", "mailed to olga@example.org")
    assert found(scene()) == [mailed, ("ok", "127.0.0.1 answers; nothing was posted to its webhook")]
    assert hook.paths == []
    refused = "webhook at 127.0.0.1: 127.0.0.1 is not an address of the public internet"
    assert found(scene(allow=())) == [mailed, ("fault", refused)]


def test_secret_parts_come_from_the_environment_and_files_and_are_told_nowhere(open_project, hook):
    alerts = {"webhook_env": "HOOK", "token_file": "token"}
    project = open_project(alerts=alerts, fetch={"allow": ["127.0.0.1"]})
    (project.config.folder / "token").write_text("s3cret\n")
    web_hook(project.config, {"HOOK": hook.url("/hook")}).post({"text": "hello"})
    assert (hook.posted, hook.asked[0]["authorization"]) == ([{"text": "hello"}], "Bearer s3cret")
    with pytest.raises(ConfigError, match=r"alerts\.webhook_env names HOOK, which is not set"):
        web_hook(project.config, {})
    with pytest.raises(ConfigError, match="alerts: HOOK holds no address of a webhook") as caught:
        web_hook(project.config, {"HOOK": "chat/s3cret"})
    with pytest.raises(AlertError) as lost:
        web_hook(project.config, {"HOOK": hook.url("/s3cret")}).post({})
    assert "s3cret" not in f"{caught.value}{lost.value}{lost.value.hint}"
