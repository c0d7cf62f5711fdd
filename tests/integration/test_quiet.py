"""The note that lets `run` end at once: what ends it, and that it never hides what is due."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from builders import NOW, add_items, add_members, approve
from projects import AUDIENCES, load, small_settings, write_plain_templates
from sqlalchemy import update

from newsletter.config import load_config
from newsletter.store.quiet import NAME, QuietNote
from newsletter.store.schema import deliveries
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.due import quiet_until, what_is_due
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project
from newsletter.workflows.quiet import run_noted_round
from newsletter.workflows.round import run_round
from newsletter.workflows.sort import sort_when_rules_changed

DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def age(*files):
    """Let files that were just written be of an hour ago, as most are when cron calls."""
    for file in files:
        if file.exists() and file.stat().st_mtime > time.time() - 1800:
            os.utime(file, (time.time() - 3600,) * 2)


class Cron:
    """A project, closed, in which cron calls."""

    def __init__(self, folder) -> None:
        self.folder = folder

    def configure(self, **tables) -> None:
        weekly = {"name": "weekly", "audiences": list(AUDIENCES), "approval": "automatic"}
        load(self.folder, small_settings(**{"newsletters": [weekly], **tables}))

    def open(self) -> Project:
        return Project(load_config(self.folder, {}))

    def calls(self, now, environ=()):
        """Do what `newsletter run` does; return "quiet" where it ended at once."""
        age(self.folder / "newsletter.toml", self.folder / "newsletter.db", *self.folder.glob("feeds/*"))
        note = QuietNote(self.folder, dict(environ))
        if note.holds(now):
            return "quiet"
        with self.open() as project:
            return [it.words for it in run_noted_round(project, note, now)]


@pytest.fixture(scope="module")
def sent(tmp_path_factory, tables_file):
    """The folder of a project that has sent its edition of the week."""
    cron = Cron(tmp_path_factory.mktemp("sent") / "project")
    write_plain_templates(cron.folder)
    shutil.copy(tables_file, cron.folder / "newsletter.db")
    cron.configure()
    with cron.open() as project:
        run_round(project, NOW - timedelta(days=3))
        add_items(project, {"roof": "governors"})
        add_members(project, ["anna"])
        approve(project)
        assert run_round(project, DUE)[-1].words == "1 sent"
    return cron.folder


@pytest.fixture
def cron(sent, tmp_path):
    """A copy of that project after a round that found nothing to do."""
    cron = Cron(shutil.copytree(sent, tmp_path / "project"))
    assert cron.calls(DUE + MINUTE) == []
    return cron


def test_quiet_minutes_cost_nothing_for_a_quarter_of_an_hour(cron):
    assert [cron.calls(DUE + number * MINUTE) for number in (2, 3, 15)] == ["quiet"] * 3
    assert cron.calls(DUE + 16 * MINUTE) == []
    assert cron.calls(DUE + 17 * MINUTE) == "quiet"


def change_settings(cron):
    cron.configure(design={"footer": "New"})


def approve_something(cron):
    with cron.open() as project:
        add_items(project, {"boiler": "governors"}, now=DUE)
        approve(project, date(2026, 12, 4), now=DUE)


def add_a_member(cron):
    with cron.open() as project:
        add_members(project, ["ben"])


def write_in_the_log(cron):
    """Commit as a web page that stays open does: the file itself is not touched."""
    cron.session = sqlite3.connect(cron.folder / "newsletter.db")
    cron.session.execute("UPDATE members SET first_name = 'Anne'")
    cron.session.commit()
    assert (cron.folder / "newsletter.db-wal").stat().st_size


def put_back_a_copy(cron):
    """Restore a copy that has the same size and time."""
    file = cron.folder / "newsletter.db"
    shutil.copy2(file, file.with_suffix(".copy"))
    file.with_suffix(".copy").replace(file)


def lose_the_database(cron):
    (cron.folder / "newsletter.db").unlink()


def damage_the_note(cron):
    (cron.folder / NAME).write_text('{"files": []}')


@pytest.mark.parametrize(
    "change",
    [
        change_settings,
        approve_something,
        add_a_member,
        write_in_the_log,
        put_back_a_copy,
        lose_the_database,
        damage_the_note,
    ],
)
def test_whatever_is_written_ends_the_note(cron, change):
    change(cron)
    assert not QuietNote(cron.folder, {}).holds(DUE + 2 * MINUTE)
    if hasattr(cron, "session"):
        cron.session.close()


def test_other_settings_in_the_environment_and_a_clock_set_back_end_the_note(cron):
    assert QuietNote(cron.folder, {"PATH": "/bin"}).holds(DUE + 2 * MINUTE)
    assert not QuietNote(cron.folder, {"NEWSLETTER_SMTP__OUTBOX": "elsewhere"}).holds(DUE + 2 * MINUTE)
    assert not QuietNote(cron.folder, {}).holds(DUE)


def test_copy_of_the_folder_and_another_version_do_not_take_the_note_over(cron, tmp_path, monkeypatch):
    shutil.copytree(cron.folder, tmp_path / "copy")
    assert not QuietNote(tmp_path / "copy", {}).holds(DUE + 2 * MINUTE)
    monkeypatch.setattr("newsletter.store.quiet.__version__", "99")
    assert not QuietNote(cron.folder, {}).holds(DUE + 2 * MINUTE)


def test_file_that_was_written_just_now_might_be_so_again_unseen(cron):
    (cron.folder / NAME).unlink()
    os.utime(cron.folder / "newsletter.toml")
    note = QuietNote(cron.folder, {})
    with cron.open() as project:
        assert run_noted_round(project, note, DUE + MINUTE) == []
    assert not note.holds(DUE + MINUTE)


def test_what_is_written_while_the_round_looks_ends_the_note(cron):
    (cron.folder / NAME).unlink()
    note = QuietNote(cron.folder, {})
    note.watch([cron.folder / "newsletter.db-wal"])
    with cron.open() as project:
        add_members(project, ["ben"])
        note.leave(DUE, DUE + HOUR)
    assert not (cron.folder / NAME).exists()


def test_calendar_from_a_file_is_among_what_is_looked_at(cron):
    cron.configure(calendars={"terms": {"url": "feeds/terms.ics"}})
    assert [cron.calls(DUE + MINUTE), cron.calls(DUE + 2 * MINUTE)] == [[], "quiet"]
    (cron.folder / "feeds").mkdir()
    (cron.folder / "feeds" / "terms.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    assert cron.calls(DUE + 3 * MINUTE) == []


def test_mailbox_may_have_mail_at_any_time(cron):
    cron.configure(bounces={"url": "maildir:box"})
    for part in ("new", "cur", "tmp"):
        (cron.folder / "box" / part).mkdir(parents=True)
    assert [cron.calls(DUE + number * MINUTE) for number in (1, 2)] == [[], []]
    cron.configure(bounces={"url": "-"})
    assert [cron.calls(DUE + number * MINUTE) for number in (3, 4)] == [[], "quiet"]


def test_folder_that_cannot_be_written_has_no_note(cron):
    (cron.folder / NAME).unlink()
    (cron.folder / NAME).mkdir()
    assert [cron.calls(DUE + number * MINUTE) for number in (1, 2)] == [[], []]


def test_trouble_that_lasts_leaves_no_note(cron):
    cron.configure(calendars={"terms": {"url": "feeds/none.ics"}}, newsletters=[in_terms()])
    cron.calls(DUE + MINUTE)
    assert cron.calls(DUE + 2 * MINUTE) != "quiet"


def in_terms():
    return {"name": "weekly", "audiences": ["governors"], "approval": "automatic", "only_in": ["terms"]}


def seconds(project, now):
    """For how long nothing is due, and that it is due then, and not before."""
    until = quiet_until(project, now)
    assert not any(what_is_due(project, now + (until - now) * share / 4) for share in range(5))
    return (until - now).total_seconds()


@pytest.fixture
def scene(open_project):
    """Open a project in which runs have begun, with an item and a member."""

    def scene(**tables):
        project = open_project(**tables)
        sort_when_rules_changed(project)  # or it would sort anew what is put there by hand
        add_items(project, {"roof": "governors"})
        add_members(project, ["anna"])
        run_round(project, NOW - timedelta(days=3))
        return project

    return scene


def test_quiet_ends_when_drafting_begins_and_when_an_edition_is_due(scene):
    project = scene()
    thursday = DUE - timedelta(hours=24)
    assert seconds(project, thursday - 10 * MINUTE) == 10 * 60 - 1
    assert quiet_until(project, thursday) < thursday
    run_round(project, thursday)
    assert seconds(project, thursday + MINUTE) == 899
    assert seconds(project, DUE - 10 * MINUTE) == 10 * 60 - 1
    run_round(project, DUE)  # it is held
    assert seconds(project, DUE + MINUTE) == 899
    approve_edition(project, "weekly", "Cora", DUE + MINUTE)
    assert quiet_until(project, DUE + MINUTE) < DUE + MINUTE


def test_quiet_ends_when_a_feed_is_to_be_read(scene):
    project = scene(feeds=[{"name": "news", "url": "feeds/news.xml", "every": "10m"}])
    run_round(project, NOW - timedelta(days=2))
    assert seconds(project, NOW - timedelta(days=2) + MINUTE) == 9 * 60 - 30 - 1


def test_quiet_ends_when_what_was_put_off_is_due_and_never_while_something_is_pending(scene):
    project = scene()
    approve(project)
    begin_sending(project, "weekly", NOW)
    assert quiet_until(project, NOW) < NOW
    with project.database.write() as connection:
        later = {"status": "deferred", "retry_at": NOW + 10 * MINUTE}
        connection.execute(update(deliveries).values(later))
    assert seconds(project, NOW) == 10 * 60 - 1


def test_no_note_hides_what_a_round_would_do(scene):
    """Whoever lets a round do more by the clock has to tell `Outlook`."""
    weekly = {"name": "weekly", "audiences": [*AUDIENCES], "editors": ["Cora <cora@example.org>"]}
    project = scene(newsletters=[weekly], smtp={"outbox": "outbox"})
    told = []
    for hours in range(-26, 34, 2):  # from before it is drafted to a day after it was due
        now = DUE + hours * HOUR
        told += [it.kind for it in run_round(project, now)]
        if hours == 8:
            approve_edition(project, "weekly", "Cora", now)
        if (last := quiet_until(project, now) - timedelta(microseconds=1)) > now:
            assert run_round(project, last) == []
    assert told == ["drafted", "asked", "asked", "held", "asked", "begun", "sent"]
