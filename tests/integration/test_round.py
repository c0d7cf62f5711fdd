"""What one round does at a time, and what it leaves to the next."""

from __future__ import annotations

import socket
from datetime import UTC, date, datetime, timedelta

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, statuses
from projects import AUDIENCES

from newsletter.editions.types import EditionId
from newsletter.errors import StoreBusy
from newsletter.workflows import prepare
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.due import what_is_due
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.prepare import bring_up_to_date
from newsletter.workflows.round import run_round
from newsletter.workflows.sort import sort_when_rules_changed

#: A Thursday at nine; the edition is due on Friday at seven, and drafted from Thursday at seven on.
DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def weekly(**settings):
    """One newsletter on Fridays at seven that nobody has to approve."""
    given = {"name": "weekly", "audiences": list(AUDIENCES), "approval": "automatic", **settings}
    return {"newsletters": [given]}


@pytest.fixture
def scene(open_project):
    """Open a project with an item and two members, in which runs have begun."""

    def scene(**tables):
        project = open_project(**tables)
        sort_when_rules_changed(project)  # or it would sort anew what is put there by hand
        add_items(project, {"roof": "governors"}, now=NOW - timedelta(hours=3))
        add_members(project, ["anna", "ben"])
        run_round(project, NOW - timedelta(days=1))
        return project

    return scene


def words(happened):
    return [f"{it.subject}: {it.words}" for it in happened if not it.told]


def edition_of(project, day=FRIDAY):
    return project.editions.find(EditionId("weekly", day))


def test_edition_is_drafted_ahead_and_sent_when_it_is_due(scene):
    project = scene(**weekly())
    assert words(run_round(project, NOW)) == ["weekly/2026-11-27: drafted, 1 item for 2 members"]
    assert words(run_round(project, DUE - MINUTE)) == []
    assert words(run_round(project, DUE)) == [
        "weekly/2026-11-27: goes out to 2 members",
        "weekly/2026-11-27: 2 sent",
    ]
    assert statuses(project, edition_of(project)) == {"anna": "sent", "ben": "sent"}
    assert run_round(project, DUE + MINUTE) == []


def test_edition_that_nobody_approved_is_held_and_sent_once_somebody_does(scene):
    project = scene(**weekly(approval="required"))
    [drafted] = run_round(project, NOW)
    assert drafted.words.endswith("it waits for approval")
    assert words(run_round(project, DUE)) == [
        "weekly/2026-11-27: held: was due on Fri 27 Nov 2026 at 07:00; nobody had approved it"
    ]
    assert run_round(project, DUE + MINUTE) == []
    approve_edition(project, "weekly", "Anna", DUE + 2 * MINUTE)
    assert words(run_round(project, DUE + 3 * MINUTE))[-1] == "weekly/2026-11-27: 2 sent"


def test_edition_that_waits_for_a_second_approval_is_held_and_says_whose(scene):
    project = scene(**weekly(approval="required", approvers=["Anna", "Ben"], approvals=2))
    run_round(project, NOW)
    approve_edition(project, "weekly", "Anna", NOW)
    add_items(project, {"boiler": "governors"})
    newsletter = project.config.newsletter("weekly")
    assert [*bring_up_to_date(project, newsletter, NOW)] == []  # it would drop Anna's word
    [held] = words(run_round(project, DUE))
    assert held.endswith("at 07:00; it has 1 of 2 approvals, by Anna; 1 more is needed, from Ben")
    assert approve_edition(project, "weekly", "Anna", DUE + MINUTE).status == "held"
    approved = approve_edition(project, "weekly", "Ben", DUE + 2 * MINUTE)
    assert (approved.status, approved.pause_reason, approved.halted_at) == ("approved", None, None)
    assert words(run_round(project, DUE + 3 * MINUTE))[-1] == "weekly/2026-11-27: 2 sent"


def test_approved_edition_that_was_held_goes_out_on_the_word_of_the_same_person(scene):
    project = scene(**weekly(approval="required", on_missed="hold"))
    run_round(project, NOW)
    approve_edition(project, "weekly", "Anna", NOW)
    late = DUE + timedelta(hours=7)
    run_round(project, late)
    assert edition_of(project).status == "held"
    approve_edition(project, "weekly", "Anna", late + MINUTE)
    assert [it.name for it in project.editions.approvals(edition_of(project))] == ["Anna"]
    assert words(run_round(project, late + 2 * MINUTE))[-1] == "weekly/2026-11-27: 2 sent"


def test_approved_edition_waits_for_its_time(scene):
    project = scene(**weekly(approval="required"))
    run_round(project, NOW)
    approve_edition(project, "weekly", "Anna", NOW)
    assert run_round(project, DUE - MINUTE) == []
    assert words(run_round(project, DUE))[-1] == "weekly/2026-11-27: 2 sent"


def test_edition_with_too_few_items_is_skipped_and_they_come_with_the_next(scene):
    project = scene(**weekly(min_items=2))
    run_round(project, NOW)
    [skipped] = run_round(project, DUE)
    assert skipped.kind == "skipped"
    assert skipped.words.endswith("it has 1 item, and min_items is 2; what there is comes next time")
    add_items(project, {"boiler": "governors"}, now=NOW + WEEK)
    run_round(project, NOW + WEEK)
    run_round(project, DUE + WEEK)
    [variant] = project.editions.variants(edition_of(project, FRIDAY + WEEK))
    assert len(variant.items) == 2


@pytest.mark.parametrize(("on_missed", "status"), [("send", "sent"), ("skip", "skipped"), ("hold", "held")])
def test_machine_that_was_off_does_what_on_missed_says(scene, on_missed, status):
    project = scene(**weekly(on_missed=on_missed))
    run_round(project, DUE + timedelta(hours=7))
    assert edition_of(project).status == status


def test_news_that_comes_in_joins_the_draft_and_is_named(scene):
    project = scene(**weekly(approval="required"), feeds=[{"name": "late", "url": "feeds/late.xml"}])
    run_round(project, NOW)
    feed = project.config.folder / "feeds" / "late.xml"
    feed.parent.mkdir(exist_ok=True)
    feed.write_text(
        "<rss version='2.0'><channel><title>Late</title><item><guid>x</guid>"
        "<title>School governors meet</title><description>For governors.</description></item></channel></rss>"
    )
    happened = words(run_round(project, NOW + timedelta(hours=2)))
    assert happened[0] == "feed late: 1 new item"


def test_feed_is_read_when_its_time_has_come_and_its_trouble_is_told_once_a_day(open_project):
    project = open_project(**weekly(), feeds=[{"name": "gone", "url": "feeds/gone.xml", "every": "1h"}])
    minutes = [0, 30, 60, 120, 60 * 25]
    rounds = [run_round(project, NOW + minute * MINUTE) for minute in minutes]
    troubles = [[it.told for it in happened if it.kind == "unread"] for happened in rounds]
    assert troubles == [[False], [], [True], [True], [False]]


def test_relay_that_is_down_is_told_once_and_left_alone(scene):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    project = scene(
        **weekly(), smtp={"host": "127.0.0.1", "port": port, "security": "none", "connections": 1}
    )
    run_round(project, NOW)
    *_, failed = run_round(project, DUE)
    assert failed.kind == "failed"
    assert not failed.told
    assert words(run_round(project, DUE + MINUTE)) == []
    assert set(statuses(project, edition_of(project)).values()) == {"pending"}


def test_foresight_changes_nothing(scene):
    project = scene(**weekly())
    due = what_is_due(project, NOW)
    assert [(name, step.action, step.date) for name, step in due.steps] == [
        ("weekly", "draft", date(2026, 11, 27))
    ]
    assert edition_of(project) is None


def test_edition_that_was_interrupted_goes_on(scene):
    project = scene(**weekly(approval="required"))
    approve(project)
    begin_sending(project, "weekly", NOW)
    assert [edition.id.newsletter for edition in what_is_due(project, NOW).going_out] == ["weekly"]
    assert words(run_round(project, NOW)) == ["weekly/2026-11-27: 2 sent"]


def test_bounces_are_collected_and_told(scene, tmp_path):
    box = tmp_path / "project" / "bounce-box"
    for part in ("new", "cur", "tmp"):
        (box / part).mkdir(parents=True)
    project = scene(**weekly(), bounces={"url": f"maildir:{box}"})
    (box / "new" / "1").write_bytes(b"From: someone@example.org\r\nSubject: Thanks\r\n\r\nLovely.\r\n")
    [happened] = [it for it in run_round(project, NOW) if it.kind == "bounced"]
    assert happened.words == "1 mail read"
    assert run_round(project, NOW + MINUTE) == []


def test_bounce_box_that_is_not_there_is_told_once(scene):
    project = scene(**weekly(), bounces={"url": "maildir:nowhere"})
    assert [it.told for it in run_round(project, NOW) if it.kind == "failed"] == [True]


def test_database_that_is_locked_holds_nothing_back(scene, monkeypatch):
    project = scene(**weekly())
    run_round(project, NOW)

    def locked(*_args, **_more):
        raise StoreBusy("the database is locked by another program")

    with monkeypatch.context() as patched:
        patched.setattr(prepare, "begin_sending", locked)
        assert [(it.kind, it.subject) for it in run_round(project, DUE)] == [("failed", "weekly")]
    assert edition_of(project).status == "approved"
    assert words(run_round(project, DUE + MINUTE))[-1] == "weekly/2026-11-27: 2 sent"
