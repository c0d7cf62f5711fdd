"""What will happen and when, as the command line tells it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from journeys.shapes import Date, Time, faults

OCCASION = {
    "newsletter": str,
    "id": str,
    "date": Date,
    "planned": Date,
    "comes_out": bool,
    "reason": str,
    "due": Time,
    "due_utc": Time,
    "drafted_from": Time,
    "status": (str, None),
}


def configured(project, *lines):
    project.configure('schedule = "0 7 * * FRI"', "\n".join(lines))
    return project


def test_list_says_what_comes_out_when_and_what_does_not(fresh):
    everything = fresh.json("schedule", "list", "--next", 3)
    assert faults(everything, [OCCASION]) == []
    first, second, third = (date.fromisoformat(it["date"]) for it in everything)
    assert [day.weekday() for day in (first, second, third)] == [4, 4, 4]
    assert (second - first, third - second) == (timedelta(weeks=1), timedelta(weeks=1))
    due = datetime.fromisoformat(everything[0]["due"])
    assert due > datetime.now(UTC)
    assert (due.hour, due.date()) == (7, first)
    assert due == datetime.fromisoformat(everything[0]["due_utc"])
    assert due - timedelta(days=1) == datetime.fromisoformat(everything[0]["drafted_from"])

    configured(fresh, 'schedule = "every Friday at 7am"', f'exceptions = ["{second}: a strike"]')
    fresh("edition", "draft", "weekly", "--date", first)
    told = fresh.json("schedule", "list", "weekly", "--next", 2)
    assert [(it["comes_out"], it["reason"], it["status"]) for it in told] == [
        (True, "", "draft"),
        (False, "a strike", None),
    ]
    head, columns, *lines = fresh("schedule", "list", "--next", 2).stdout.splitlines()
    assert head == "weekly: every Friday at 7am, Europe/London"
    assert columns.split() == ["DATE", "LOCAL", "TIME", "UTC", "WHAT", "HAPPENS"]
    assert lines[0].startswith(f"Fri {first}")
    assert lines[0].endswith("is a draft")
    assert lines[1].endswith("left out: a strike")


def test_schedule_that_is_not_understood_is_a_fault_of_the_configuration(fresh):
    configured(fresh, 'schedule = "every other Friday 07:00"', 'exceptions = ["easter", "2026-02-30"]')
    told = fresh("schedule", "list", code=2).stderr
    assert "has 3 faults" in told
    assert "newsletters.weekly.schedule = 'every other Friday 07:00': every other week cannot be said" in told
    assert "newsletters.weekly.exceptions.1 = '2026-02-30': day is out of range for month" in told
    assert "newsletters.weekly.exceptions: 'easter' is no calendar of this file" in told


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['only_in = ["2020-01-01 to 2020-07-21: the pilot"]'], "left out: after the pilot"),
        (['schedule = "0 7 */30 2 MON#5"'], "The schedule names no date to come."),
    ],
)
def test_schedule_that_never_comes_is_told(fresh, lines, words):
    configured(fresh, *lines)
    assert words in fresh("schedule", "list", "--next", 1).stdout
    fault, cure = fresh("edition", "draft", "weekly", code=1).stderr.splitlines()
    assert fault.endswith("names no date to come")
    assert "schedule list weekly says why; or give one with --date" in cure


def test_calendar_that_cannot_be_read_is_one_line_with_a_cure(fresh):
    fresh.configure("[[newsletters]]", '[calendars.terms]\nurl = "feeds/terms.ics"\n\n[[newsletters]]')
    configured(fresh, 'only_in = ["terms"]')
    fault, cure = fresh("schedule", "list", code=1).stderr.splitlines()
    assert fault == "newsletter: calendar terms: feeds/terms.ics: there is no such file"
    assert "it should be at" in cure


def test_lines_for_cron_and_systemd_name_this_project(project):
    lines = project("schedule", "install", "--print").stdout
    call = f"-C {project.folder} run"
    assert re.search(rf"^\* \* \* \* \* /\S+ {call}$", lines, re.MULTILINE)
    assert re.search(rf"^ExecStart=/\S+ {call}$", lines, re.MULTILINE)
