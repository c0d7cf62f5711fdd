"""Mails to editors: who gets which, when, and what becomes of them where the relay does not take them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from builders import FRIDAY, NOW, add_items, add_members
from fixtures.pages import URL, served
from projects import AUDIENCES
from relays import ScriptedRelay, refuses

from newsletter.editions.types import EditionId
from newsletter.feeds.types import ItemStatus
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.due import what_is_due
from newsletter.workflows.late import late_items
from newsletter.workflows.round import run_round
from newsletter.workflows.sort import sort_when_rules_changed

DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
on_sqlite = pytest.mark.parametrize("tables_url", ["sqlite"], indirect=True)
ANNA, BEN = "Anna Bell <anna.bell@example.org>", "Ben <ben.ode@example.org>"


@pytest.fixture
def relay():
    with ScriptedRelay() as relay:
        yield relay


@pytest.fixture
def scene(open_project):
    """Open a project with two items, three members and two editors, in which runs have begun."""

    def scene(relay, *, tables=None, **settings):
        weekly = {"name": "weekly", "audiences": list(AUDIENCES), "editors": [ANNA, BEN], **settings}
        smtp = {"host": relay.host, "port": relay.port, "security": "none"}
        project = open_project(newsletters=[weekly], smtp=smtp, **(tables or {}))
        sort_when_rules_changed(project)  # or it would sort anew what is put there by hand
        add_items(project, {"roof": "governors", "pay": "leaders+governors"}, now=NOW - 3 * HOUR)
        add_members(project, {"ann": "governors", "bob": "leaders", "cy": "governors+leaders"})
        run_round(project, NOW - 24 * HOUR)
        return project

    return scene


def subjects(relay):
    """The subjects of the mails that came, each after whom it came for."""
    return [f"{it.name}: {read(it)['Subject']}" for it in relay.messages]


def read(received):
    return message_from_bytes(received.content, policy=policy.default)


def text(received):
    return read(received).get_body(("plain",)).get_content()


def edition_of(project):
    return project.editions.find(EditionId("weekly", FRIDAY))


def test_each_editor_is_asked_once_reminded_once_and_told_once(scene, relay):
    project = scene(relay)
    drafted, asked = run_round(project, NOW)
    assert what_is_due(project, NOW + MINUTE).mails == []
    assert [it[1:] for it in what_is_due(project, DUE - 4 * HOUR).mails] == [("remind", ["Anna Bell", "Ben"])]
    assert asked.words == "Anna Bell and Ben were asked to approve it"
    assert run_round(project, NOW + MINUTE) == []
    assert [it.words for it in run_round(project, DUE - 4 * HOUR)] == [
        "Anna Bell and Ben were reminded to approve it"
    ]
    assert run_round(project, DUE - MINUTE) == []
    assert [it.kind for it in run_round(project, DUE)] == ["held", "asked"]
    assert run_round(project, DUE + MINUTE) == []
    assert subjects(relay)[::2] == [
        "anna.bell: To approve: weekly/2026-11-27, due Fri 27 Nov 07:00",
        "anna.bell: To approve: weekly/2026-11-27, due in 4 h",
        "anna.bell: Held: weekly/2026-11-27, it waits for you",
    ]
    assert drafted.kind == "drafted"


@on_sqlite
def test_mail_says_all_and_holds_the_edition(scene, relay):
    run_round(scene(relay), NOW)
    mail = read(relay.messages[0])
    page, words = mail.get_body(("html",)).get_content(), text(relay.messages[0])
    assert mail["To"] == ANNA
    assert (mail["Reply-To"], mail["Auto-Submitted"]) == ("office@example.org", "auto-generated")
    for told in (
        "Friday 27 November 2026 at 07:00 GMT",
        "2 items",
        "3 members",
        "News of roof",
        "first edition",
    ):
        assert told in page
        assert told in " ".join(words.split())
    assert "edition approve weekly/2026-11-27 --by 'Anna Bell'" in words
    assert "Dear Anna" in page  # the edition itself, with every item
    assert "mailto:office@example.org?subject=Unsubscribe" in page
    attached = {it.get_filename(): it.get_content() for it in mail.iter_attachments()}
    assert list(attached) == ["leaders.html", "governors+leaders.html"]
    assert "News of pay" in attached["leaders.html"]


def test_relay_that_is_down_stops_nothing_and_is_tried_again(scene):
    with ScriptedRelay(refuses("MAIL", "451 4.3.0 later")) as relay:
        project = scene(relay)
        assert [it.kind for it in run_round(project, NOW)] == ["drafted", "failed"]
        assert [it.told for it in run_round(project, NOW + MINUTE)] == [True]
        assert relay.messages == []
    with ScriptedRelay() as relay:
        project = scene(relay)
        assert [it.words for it in run_round(project, NOW + 2 * MINUTE)][-1].startswith("Anna Bell and Ben")
        assert relay.names == ["anna.bell", "ben.ode"]


@on_sqlite
def test_editor_whom_the_relay_refuses_is_told_once_and_not_tried_again(scene):
    def reply(address):
        return b"550 5.1.1 nobody here\r\n" if address.startswith("ben") else b"250 2.1.5 fine\r\n"

    with ScriptedRelay({"RCPT": reply}) as relay:
        project = scene(relay)
        *_, failed = run_round(project, NOW)
        assert "ben.ode@example.org: 550 5.1.1 nobody here" in failed.words
        assert run_round(project, NOW + MINUTE) == []
        assert relay.names == ["anna.bell"]


@on_sqlite
def test_reminder_goes_to_who_can_still_approve(scene, relay):
    project = scene(relay, approvers=["Anna Bell", "Ben", "Cleo"], approvals=2)
    run_round(project, NOW)
    approve_edition(project, "weekly", "Ben", NOW + MINUTE)
    [reminded] = run_round(project, DUE - HOUR)
    assert reminded.words == "Anna Bell was reminded to approve it"
    assert "It has 1 of 2 approvals, by Ben; 1 more is needed, from Anna Bell or Cleo." in " ".join(
        text(relay.messages[-1]).split()
    )


@on_sqlite
def test_editor_who_may_not_approve_sees_who_may(scene, relay):
    run_round(scene(relay, approvers=["Ben"]), NOW)
    assert "Who can approve it: Ben." in text(relay.messages[0])
    assert "edition approve" not in text(relay.messages[0])


def test_change_after_approval_asks_again_and_is_held_unless_somebody_approves(scene, relay):
    project = scene(relay)
    run_round(project, NOW)
    approve_edition(project, "weekly", "Ben", NOW + MINUTE)
    project.items.set_status(1, ItemStatus.HIDDEN)
    drafted, asked = run_round(project, NOW + 2 * MINUTE)
    assert drafted.words == (
        "drafted again: item 1 (News of roof) is hidden since it was drafted; it is no longer what Ben "
        "approved, and asks for approval again"
    )
    assert asked.words == "Anna Bell and Ben were asked to approve it"
    assert "Ben approved it on Thu 26 Nov at 09:01, and it has changed since." in text(relay.messages[-1])
    assert "* Gone: item 1, News of roof" in text(relay.messages[-1])
    run_round(project, DUE)
    assert edition_of(project).status == "held"


@on_sqlite
def test_change_that_was_put_back_asks_again_too(scene, relay):
    project = scene(relay)
    run_round(project, NOW)
    before = edition_of(project).hash
    approve_edition(project, "weekly", "Ben", NOW + MINUTE)
    for minutes, status in ((2, ItemStatus.HIDDEN), (4, ItemStatus.NEW)):
        project.items.set_status(1, status)
        draft_edition(project, "weekly", NOW + minutes * MINUTE, reopen=True)
        run_round(project, NOW + (minutes + 1) * MINUTE + 2 * HOUR)
    assert edition_of(project).hash == before
    assert len(relay.messages) == 6


@on_sqlite
def test_held_edition_that_changes_stays_held(scene, relay):
    project = scene(relay, on_missed="skip")
    run_round(project, NOW)
    run_round(project, DUE)
    project.items.set_status(1, ItemStatus.HIDDEN)
    run_round(project, DUE + 10 * HOUR)
    assert edition_of(project).status == "held"
    assert "is hidden since it was drafted" in edition_of(project).pause_reason
    assert len(relay.messages) == 6


def late_news(project):
    """A feed that is read a minute after the draft brings an item for governors."""
    (project.config.folder / "feeds").mkdir(exist_ok=True)
    (project.config.folder / "feeds" / "late.xml").write_text(
        "<rss version='2.0'><channel><title>Late</title><item><guid>x</guid><category>boards</category>"
        "<title>School boards meet</title><description>For boards.</description></item></channel></rss>"
    )


@on_sqlite
@pytest.mark.parametrize("joins", [True, False])
def test_news_that_comes_late_joins_and_is_named(scene, relay, joins):
    audiences = {
        slug: {"title": slug, "categories": ["boards"] * (slug == "governors")} for slug in AUDIENCES
    }
    tables = {"feeds": [{"name": "late", "url": "feeds/late.xml", "every": "1m"}], "audiences": audiences}
    project = scene(relay, tables=tables, late_items=joins)
    run_round(project, NOW)
    late_news(project)
    told = [f"{it.words}" for it in run_round(project, NOW + 2 * MINUTE) if it.kind == "drafted"]
    assert told == ["1 item joined the draft: School boards meet"] * joins
    assert [it.title for it in late_items(project, edition_of(project))] == ["School boards meet"] * joins
    run_round(project, NOW + 2 * HOUR)
    # What changes by hand does not open what was closed.
    project.items.set_status(1, ItemStatus.HIDDEN)
    run_round(project, NOW + 4 * HOUR)
    assert len(late_items(project, edition_of(project))) == joins
    assert len(relay.messages) == (6 if joins else 4)
    joined = "Joined since it was first drafted: School boards meet (Thu 26 Nov at 09:02)."
    assert (joined in " ".join(text(relay.messages[-1]).split())) is joins


@on_sqlite
def test_draft_with_too_little_asks_nobody(scene, relay):
    run_round(scene(relay, min_items=3), NOW)
    assert relay.messages == []


WEB = {"web": {"url": URL}}


def link_in(received):
    """The path of the link to the page, below the address of all pages."""
    return re.search(rf"{URL}(/a/\S+)", text(received))[1]


def test_link_approves_once_under_the_name_of_its_reader(scene, relay):
    project = scene(relay, tables=WEB, approvals=2)
    run_round(project, NOW)
    anna, ben = map(link_in, relay.messages)
    with served(project, clock=lambda: NOW + HOUR) as visitor:
        for _ in range(2):
            page = visitor.get(anna)
            assert (page.status, b"Approve as Anna Bell" in page.data) == (200, True)
        assert visitor.post(anna, own=False).status == 403
        assert project.editions.approvals(edition_of(project)) == []
        assert b"You approved it on Thu 26 Nov at 10:00" in visitor.post(anna).data
        assert visitor.post(anna).status == 409
        frame = re.search(rb"/a/[^/]+/[0-9]+", visitor.get(ben).data)[0].decode()
        mail = visitor.get(frame)
        assert b"Dear Ben" in mail.data
        assert "sandbox" in mail.headers["content-security-policy"]
        assert b"Approved by Anna Bell and Ben" in visitor.post(ben).data
        assert visitor.get(f"{anna[:-1]}x").status == 404
    approved = project.editions.approvals(edition_of(project))
    assert [(it.name, it.at) for it in approved] == [("Anna Bell", NOW + HOUR), ("Ben", NOW + HOUR)]
    assert edition_of(project).status == "approved"


@on_sqlite
def test_link_from_before_a_change_says_what_changed_and_approves_nothing(scene, relay):
    project = scene(relay, tables=WEB)
    run_round(project, NOW)
    old = link_in(relay.messages[0])
    project.items.set_status(1, ItemStatus.HIDDEN)
    with served(project, clock=lambda: NOW + HOUR) as visitor:
        assert b"It has changed since you were asked" in visitor.get(old).data  # before any run has seen it
        run_round(project, NOW + HOUR)
        page = visitor.post(old)
        assert page.status == 409
        assert b"Gone: item 1, News of roof" in page.data
        assert b"<button>" not in page.data
        assert edition_of(project).status == "draft"
        new = link_in(relay.messages[-2])
        assert b"Approved by Anna Bell" in visitor.post(new).data


@on_sqlite
def test_page_shows_what_keeps_an_edition_from_being_approved(scene, relay):
    project = scene(relay, tables=WEB, on_warning="hold", approvers=["Anna Bell", "Ben"])
    run_round(project, NOW)
    with served(project, clock=lambda: NOW + HOUR) as visitor:
        link = link_in(relay.messages[0])
        rules = re.findall(r'name="accept" value="([^"]+)"', visitor.get(link).data.decode())
        if rules:
            refused = visitor.post(link)
            assert (refused.status, b"has warnings that nobody accepted" in refused.data) == (409, True)
        body = "&".join(f"accept={rule}" for rule in dict.fromkeys(rules))
        assert b"Approved by Anna Bell" in visitor.post(link, body).data
