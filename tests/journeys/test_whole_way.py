"""From `init` to received mail, as the comms team goes it."""

from __future__ import annotations

import re

import pytest
from journeys.program import MEMBERS, Project, headlines, html_of, text_of
from journeys.shapes import DELIVERY, EDITION, ITEM, MEMBER, REPORT, faults
from relays import ScriptedRelay, refuses


def test_whole_way_to_the_outbox(tmp_path):
    project = Project(tmp_path / "our-news")
    assert "newsletter feed pull" in project("init", project.folder).stdout
    assert "ok" in project("check").stdout
    assert "policy: 6 new" in project("feed", "pull").stdout
    assert "Gatsby benchmarks" in project("item", "list").stdout
    assert "3 added" in project.import_members().stdout
    assert "newsletter -C" in project("edition", "draft", "weekly").stdout
    assert "governors+career-leads" in project("edition", "show", "weekly").stdout
    assert "Approve it" in project("edition", "send", "weekly").stdout
    assert "approved by Anna" in project("edition", "approve", "weekly", "--by", "Anna").stdout
    assert "Nothing was sent" in project("edition", "send", "weekly").stdout
    assert project.outbox() == []
    assert "3 sent now" in project("edition", "send", "weekly", "--go").stdout
    assert "3 sent" in project("edition", "report", "weekly").stdout
    assert {message["To"] for message in project.outbox()} == {
        "Anna Aldous <anna@example.org>",
        "Bashir Bell <bashir@example.org>",
        "Carys Cole <carys@example.org>",
    }


def test_every_document_has_the_fields_that_programs_read(project):
    items = project.json("item", "list")
    assert len(items) == 19
    assert faults(items, [ITEM]) == []
    assert faults(project.json("item", "show", items[0]["id"]), ITEM) == []
    assert faults(project.json("member", "list"), [MEMBER]) == []
    drafted = project.json("edition", "draft", "weekly")
    assert faults(drafted, EDITION) == []
    assert drafted["status"] == "draft"
    shown = project.json("edition", "show", "weekly")
    assert faults(shown, EDITION) == []
    assert shown == {field: value for field, value in drafted.items() if field not in ("notes", "waiting")}
    assert project.json("edition", "approve", "weekly")["status"] == "approved"
    plan = project.json("edition", "send", "weekly")
    assert (plan["recipients"], [v["recipients"] for v in plan["variants"]]) == (3, [1, 1, 1])
    sent = project.json("edition", "send", "weekly", "--go")
    assert (sent["status"], sent["counts"]["planned"], sent["counts"]["sent"]) == ("sent", 3, 3)
    report = project.json("edition", "report", "weekly")
    assert faults(report, REPORT) == []
    assert report["deliveries"] == []


@pytest.mark.parametrize(
    "call",
    [
        ["check"],
        ["feed", "list"],
        ["feed", "pull"],
        ["feed", "add", "https://www.example.org/news.atom"],
        ["item", "hide", "1"],
        ["item", "pin", "1"],
        ["item", "audience", "1", "+governors", "-leaders"],
        ["audience", "list"],
        ["audience", "explain", "1"],
        ["member", "show", "anna@example.org"],
        ["member", "add", "dilys@example.org"],
        ["member", "export"],
        ["edition", "list"],
    ],
    ids=" ".join,
)
def test_json_is_one_document_wherever_the_option_stands(project, call):
    before, after = project("--json", *call), project(*call[:1], "--json", *call[1:], code=_twice(call))
    assert before.json is not None
    assert after.json is not None


def _twice(call):
    """Return the exit code of a second run: what exists cannot be added."""
    return {"feed": 2, "member": 1}[call[0]] if "add" in call else 0


def test_second_send_sends_nothing_and_is_content(project):
    name = project.approved()
    project("edition", "send", name, "--go")
    before = {message["Message-ID"] for message in project.outbox()}
    assert "Nothing was left to send" in project("edition", "send", name, "--go").stdout
    assert {message["Message-ID"] for message in project.outbox()} == before


def test_relay_that_refuses_one_member_gets_all_others(project):
    with ScriptedRelay({"RCPT": [b"550 5.7.1 not here\r\n", b"250 2.1.5 fine\r\n"]}) as relay:
        project.relay(relay.host, relay.port)
        name = project.approved()
        sent = project("edition", "send", name, "--go", code=3)
    assert re.search(rf"2 sent, 1 refused: newsletter -C \S+ edition report {name}", sent.stdout)
    report = project.json("edition", "report", name)
    assert faults(report["deliveries"], [DELIVERY]) == []
    assert [(one["status"], one["reply"]) for one in report["deliveries"]] == [
        ("refused", "550 5.7.1 not here")
    ]
    assert "550 5.7.1 not here" in project("edition", "report", name).stdout
    assert len(relay.messages) == 2


def test_member_who_is_two_things_gets_one_message_with_each_item_once(project, mailbox):
    project.relay(mailbox.host, mailbox.port)
    [union] = [
        variant["items"]
        for variant in project.json("edition", "show", project.approved())["variants"]
        if variant["audiences"] == ["governors", "career-leads"]
    ]
    project("edition", "send", "weekly", "--go")
    assert sorted(mailbox.recipients) == ["anna@example.org", "bashir@example.org", "carys@example.org"]
    [message] = [m for m in mailbox.messages if m["To"].startswith("Anna")]
    titles = {item["id"]: item["title"] for item in project.json("item", "list")}
    assert sorted(headlines(message)) == sorted(titles[key] for key in union)


def test_editors_hand_wins_over_the_rules(project):
    first, second, third = project.json("edition", "draft", "weekly")["variants"][-1]["items"][:3]
    project("item", "hide", first)
    project("item", "pin", third)
    project("item", "audience", second, "+leaders", "-governors", "-career-leads")
    variants = {
        "+".join(v["audiences"]): v["items"] for v in project.json("edition", "draft", "weekly")["variants"]
    }
    assert first not in {key for items in variants.values() for key in items}
    assert variants["governors+career-leads"][0] == third
    assert second not in variants["governors+career-leads"]
    assert second in variants["leaders"]
    [item] = [item for item in project.json("item", "list") if item["id"] == second]
    assert item["audiences"] == ["leaders"]
    assert "editor" in {reason["rule"] for reason in item["reasons"]}
    assert "the editor took it away" in project("audience", "explain", second).stdout


def test_draft_for_a_date_is_that_edition(project):
    assert project.json("edition", "draft", "weekly", "--date", "2027-03-05")["id"] == "weekly/2027-03-05"
    project("edition", "draft", "weekly", "--date", "2027-02-26")
    assert project.json("edition", "show", "weekly")["id"] == "weekly/2027-03-05"
    assert project.json("edition", "show", "weekly/2027-02-26")["date"] == "2027-02-26"


def test_preview_is_what_a_member_would_get(project, tmp_path):
    project("edition", "draft", "weekly")
    out = tmp_path / "out"
    index = project("edition", "preview", "weekly", "--out", out).stdout.strip()
    assert index == str(out / "overview" / "index.html")
    names = {"governors", "leaders", "governors+career-leads"}
    assert {path.name for path in out.iterdir() if path.is_file()} == {
        f"{name}.{ending}" for name in names for ending in ("html", "txt", "eml")
    }
    assert all(f"{name}.html" in (out / "overview" / "index.html").read_text("utf-8") for name in names)


def test_test_sends_every_variant_to_one_address_and_nobody_else(project, mailbox):
    project.relay(mailbox.host, mailbox.port)
    project("edition", "draft", "weekly")
    project("edition", "test", "weekly", "--to", "comms@example.org")
    assert mailbox.recipients == ["comms@example.org"] * 3
    assert all(message["Subject"].startswith("[Test] ") for message in mailbox.messages)
    assert project.json("edition", "show", "weekly")["counts"]["planned"] == 0


def test_members_go_out_as_they_came_in(fresh):
    fresh.import_members(MEMBERS.replace("Anna", "=Anna").replace("Aldous", "Ó Dálaigh"))
    exported = fresh("member", "export").stdout
    assert (
        exported.splitlines()[0] == "email,first_name,last_name,audiences,newsletters,frequency,status,school"
    )
    again = fresh.import_members(exported)
    assert "0 added, 0 changed, 3 as before" in again.stdout
    [anna] = [m for m in fresh.json("member", "list") if m["email"] == "anna@example.org"]
    assert (anna["first_name"], anna["last_name"]) == ("=Anna", "Ó Dálaigh")


def test_added_feed_keeps_the_file_as_its_owner_wrote_it(fresh):
    before = fresh.config.read_text("utf-8")
    added = fresh.json("feed", "add", "https://www.example.gov.uk/education.atom", "--name", "dfe")
    assert added["name"] == "dfe"
    after = fresh.config.read_text("utf-8")
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert "dfe" in [feed["name"] for feed in fresh.json("feed", "list")]


def test_messages_say_who_sends_and_how_to_leave(project):
    project("edition", "send", project.approved(), "--go")
    for message in project.outbox():
        assert message["From"] == "School Leaders News <news@example.org>"
        assert "mailto:comms@example.org" in message["List-Unsubscribe"]
        assert "1 Heath Square" in text_of(message)
        assert "1 Heath Square" in html_of(message)


def test_run_that_a_refusal_stopped_goes_on_with_the_same_command(project):
    name = project.approved()
    with ScriptedRelay(refuses("MAIL", "550 5.7.1 you may not send")) as relay:
        project.relay(relay.host, relay.port)
        failed = project("edition", "send", name, "--go", code=1)
    assert "nothing is lost" in failed.stderr
    assert project.json("edition", "show", name)["counts"]["pending"] == 3
    project.configure(f'host = "{relay.host}"\nport = {relay.port}\nsecurity = "none"', 'outbox = "outbox"')
    assert project.json("edition", "send", name, "--go")["counts"]["sent"] == 3


def test_rules_that_match_nothing_stand_in_one_line_for_each_list(project):
    lines = project("audience", "list", "-v").stdout.splitlines()
    assert len([line for line in lines if line.startswith("  words: ")]) == 3
