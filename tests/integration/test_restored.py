"""A database that was put back from an older copy sends nothing unasked that may have gone out since."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, add_items, add_members, approve, plan, statuses
from fixtures.rows import keep_rows
from projects import AUDIENCES
from sqlalchemy import delete

from newsletter.editions.types import EditionStatus
from newsletter.errors import EditionError, NotApproved
from newsletter.store.database import Database
from newsletter.store.schema import metadata
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.control import resume_edition
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.round import run_round
from newsletter.workflows.sort import sort_when_rules_changed

DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def scene(open_project):
    """Open a project in which runs have begun; each of its rounds may be told of a restore."""

    def scene(approval="required"):
        given = {"name": "weekly", "audiences": list(AUDIENCES), "approval": approval}
        project = open_project(newsletters=[given])
        sort_when_rules_changed(project)
        add_items(project, {"roof": "governors"}, now=NOW - 3 * HOUR)
        add_members(project, ["anna", "ben"])
        run_round(project, NOW - 24 * HOUR)
        return project

    return scene


@pytest.fixture
def copied(tables_url, tmp_path):
    """Copy the database as it is, and return what puts the copy back."""

    def copied():
        kept = keep_rows(tables_url, tmp_path / "copy.db")

        def put_back():
            with closing(Database(tables_url)) as database, database.write() as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(delete(table))
            kept(tables_url)

        return put_back

    return copied


def mails(project):
    return sorted(path.name.partition("@")[0] for path in (project.config.folder / "outbox").glob("*.eml"))


def states(happened):
    return [(str(it.kind), it.subject) for it in happened]


def test_approved_edition_that_went_out_since_the_copy_waits_for_a_person(scene, copied):
    project = scene()
    approve(project)
    put_back = copied()
    run_round(project, DUE)
    put_back()
    sent = len(mails(project))
    found = run_round(project, DUE + HOUR)
    assert states(found) == [("held", "weekly/2026-11-27"), ("restored", "database")]
    with pytest.raises(NotApproved, match="put back from an older copy, and this may have gone out since"):
        begin_sending(project, "weekly", DUE + HOUR)
    assert run_round(project, DUE + 2 * HOUR) == []
    assert (len(mails(project)), project.editions.newest("weekly").status) == (sent, EditionStatus.HELD)
    approve_edition(project, "weekly", "Cora", DUE + 3 * HOUR)
    run_round(project, DUE + 3 * HOUR)
    assert project.editions.newest("weekly").status is EditionStatus.SENT


def test_edition_that_was_going_out_in_the_copy_is_paused(scene, copied):
    project = scene()
    edition = plan(project)
    put_back = copied()
    run_round(project, NOW + MINUTE)
    put_back()
    with pytest.raises(EditionError, match="paused by the restore guard"):
        begin_sending(project, "weekly", NOW + HOUR)
    assert set(statuses(project, edition).values()) == {"pending"}
    resume_edition(project, "weekly", "Cora", NOW + HOUR)
    run_round(project, NOW + HOUR)
    assert set(statuses(project, edition).values()) == {"sent"}


def test_edition_that_a_person_had_paused_in_the_copy_asks_to_be_resumed_twice(scene, copied):
    project = scene()
    edition = plan(project)
    project.editions.pause(edition, "Anna", "", NOW)
    put_back = copied()
    resume_edition(project, "weekly", "Anna", NOW)
    run_round(project, NOW)
    put_back()
    with pytest.raises(EditionError, match="put back from an older copy"):
        resume_edition(project, "weekly", "Anna", NOW + HOUR)
    assert resume_edition(project, "weekly", "Anna", NOW + HOUR).edition.status is EditionStatus.SENDING


def test_automatic_edition_that_is_not_in_the_copy_is_made_and_held(scene, copied):
    project = scene(approval="automatic")
    put_back = copied()
    run_round(project, NOW)
    run_round(project, DUE)
    put_back()
    found = run_round(project, DUE + HOUR)
    assert states(found)[0] == ("restored", "database")
    assert found[-1].words.endswith("may have gone out before the database was put back from an older copy")
    assert project.editions.newest("weekly").status is EditionStatus.HELD
    assert run_round(project, DUE + 2 * HOUR) == []
    later = run_round(project, DUE + timedelta(days=7))  # nobody decided, and the next one is not held
    assert states(later)[-1] == ("sent", "weekly/2026-12-04")


def test_copy_of_everything_is_held_when_a_person_says_so(scene):
    project = scene()
    approve(project)
    assert run_round(project, NOW) == []
    assert states(run_round(project, NOW, restored=True))[0] == ("held", "weekly/2026-11-27")


def test_another_database_is_no_older_copy(scene, copied, tables_url):
    project = scene()
    (project.config.folder / "newsletter.mark").write_text('{"database": "another", "batches": 99}')
    approve(project)
    assert run_round(project, DUE)[-1].kind == "sent"
    (project.config.folder / "newsletter.mark").write_text("what is this?")
    assert run_round(project, DUE) == []
