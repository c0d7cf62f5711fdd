"""A fortnight as cron sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

#: Runs at a time of its own, and tells on stderr what it has imported.
AT = """
import sys
from datetime import datetime
from newsletter.cli import main, run
run.now = lambda: datetime.fromisoformat(sys.argv[1])
main.main(sys.argv[2:], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


@pytest.fixture
def run(project):
    """Call `newsletter run` at a time, and return what it says."""

    def run(at, *args, code=0):
        return project("run", "--now", at, *args, code=code)

    return run


def test_weekly_goes_out_by_itself_once_somebody_approved_it(project, run):
    run("2026-11-24T12:00")
    assert "drafted, 19 items for 3 members; it waits for approval" in run("2026-11-26T07:00").stdout
    project("edition", "approve", "weekly", "--by", "Anna")
    assert (run("2026-11-27T06:59").stdout, project.outbox()) == ("", [])
    assert "weekly/2026-11-27: 3 sent" in run("2026-11-27T07:00").stdout
    assert len(project.outbox()) == 3
    quiet = run("2026-11-27T07:01")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_edition_that_nobody_approves_is_held_and_says_so_once(project, run):
    run("2026-11-24T12:00")
    run("2026-11-26T07:00")
    held = run("2026-11-27T07:00").stdout
    assert "held: was due on Fri 27 Nov 2026 at 07:00; nobody had approved it" in held
    assert f"newsletter -C {project.folder} edition approve weekly/2026-11-27" in held
    assert run("2026-11-27T07:01").stdout == ""
    assert "was held" in project("edition", "show", "weekly").stdout
    project("edition", "approve", "weekly", "--by", "Anna")
    assert "3 sent" in run("2026-11-27T09:30").stdout


def test_trouble_is_one_line_with_its_cure_and_told_once(project, run):
    (project.folder / "feeds" / "policy.rss").unlink()
    failed = run("2026-11-24T12:00", code=3)
    assert failed.stderr.startswith("newsletter: feed policy: ")
    again = run("2026-11-24T13:00", code=3)
    assert (again.stdout, again.stderr) == ("", "")


def test_dry_run_says_what_is_due_and_does_nothing(project, run):
    run("2026-11-24T12:00")
    foreseen = run("2026-11-26T07:00", "--dry-run").stdout
    assert "would draft weekly/2026-11-27" in foreseen
    assert project.json("edition", "list") == []
    assert [it["kind"] for it in run("2026-11-26T07:00", "--json").json] == ["drafted"]


def test_time_that_is_none_is_refused(run):
    assert "--now 'soon' is not a time" in run("soon", code=2).stderr


def test_quiet_minute_ends_before_anything_is_opened_and_without_a_byte(project, monkeypatch):
    os.utime(project.config, (0, 0))  # a file that was written just now is not trusted
    monkeypatch.setattr("newsletter.cli.run.now", lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))
    project("run")
    os.utime(project.folder / "newsletter.db", (0, 0))
    quiet = project("run")
    command = [sys.executable, "-c", AT, "2026-11-24T12:01+00:00", "-C", str(project.folder), "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (quiet.stdout, done.stdout) == ("", "")
    assert {"sqlalchemy", "pydantic", "jinja2", "newsletter.workflows.project"} & set(
        done.stderr.split()
    ) == set()
    assert project.json("run") == []
