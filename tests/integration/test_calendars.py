"""Schedules with calendars: read from files and over HTTP, kept in the database, obeyed by drafts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from builders import NOW
from fixtures.site import answer

from newsletter.errors import CalendarError, EditionError
from newsletter.workflows.calendars import calendar
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.examine import examine
from newsletter.workflows.schedules import forecast

WEEKLY = {"name": "weekly", "audiences": ["governors"], "schedule": "Fridays 07:00"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ics(*spans: tuple[str, str, str]) -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nSUMMARY:{title}\r\nDTSTART;VALUE=DATE:{first}\r\nDTEND;VALUE=DATE:{end}\r\nEND:VEVENT\r\n"
        for title, first, end in spans
    )
    return f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n".encode()


AUTUMN = ("Autumn term", "20260901", "20261219")
SPRING = ("Spring term", "20270104", "20270327")
STRIKE = ("Strike day", "20261127", "20261128")


@pytest.fixture
def weekly(open_project, tmp_path):
    """Open the project with a weekly whose settings are given; its calendars by name."""

    def weekly(calendars=None, files=None, **settings):
        feeds = tmp_path / "project" / "feeds"
        feeds.mkdir(exist_ok=True)
        for name, content in (files or {}).items():
            (feeds / name).write_bytes(content)
        tables = {"calendars": calendars} if calendars else {}
        return open_project(newsletters=[WEEKLY | settings], fetch={"allow": ["127.0.0.1"]}, **tables)

    return weekly


def told(project, number=3, now=NOW):
    found = forecast(project, project.config.newsletter("weekly"), now, number)
    return [("left out: " * it.occasion.skipped + it.occasion.reason, str(it.occasion.date)) for it in found]


def drafted(project, now=NOW):
    return draft_edition(project, "weekly", now).edition.id.date


def test_draft_takes_the_next_date_that_is_no_exception(weekly):
    project = weekly(exceptions=["2026-11-27: Strike", "bank holidays of England"])
    assert drafted(project) == date(2026, 12, 4)
    assert told(project, 6) == [
        ("left out: Strike", "2026-11-27"),
        ("", "2026-12-04"),
        ("", "2026-12-11"),
        ("", "2026-12-18"),
        ("left out: Christmas Day, bank holiday of England", "2026-12-25"),
        ("left out: New Year's Day, bank holiday of England", "2027-01-01"),
    ]


def test_only_in_term_and_not_on_a_day_of_another_calendar(weekly):
    project = weekly(
        {"terms": {"url": "feeds/council.ics", "events": ["term"]}, "off": {"url": "feeds/off.ics"}},
        {"council.ics": ics(AUTUMN, ("Half term", "20261026", "20261031")), "off.ics": ics(STRIKE)},
        only_in=["terms"],
        exceptions=["off"],
        on_exception="previous",
    )
    assert told(project, 5, NOW - DAY) == [
        ("moved from Fri 27 Nov 2026: Strike day", "2026-11-26"),
        ("", "2026-12-04"),
        ("", "2026-12-11"),
        ("", "2026-12-18"),
        ("left out: after Autumn term", "2026-12-25"),
    ]
    assert drafted(project, NOW - DAY) == date(2026, 11, 26)
    over = "the schedule 'Fridays 07:00' names no date to come"
    with pytest.raises(EditionError, match=over):
        draft_edition(project, "weekly", NOW + 60 * DAY)


def test_file_that_changed_is_read_again(weekly):
    only_in_term = {"calendars": {"terms": {"url": "feeds/terms.ics"}}, "only_in": ["terms"]}
    project = weekly(**only_in_term, files={"terms.ics": ics(SPRING)})
    assert drafted(project) == date(2027, 1, 8)
    weekly(**only_in_term, files={"terms.ics": ics(AUTUMN, SPRING)})
    assert drafted(project) == date(2026, 11, 27)
    (project.config.folder / "feeds" / "terms.ics").unlink()
    assert drafted(project) == date(2026, 11, 27)
    assert "there is no such file" in calendar(project, "terms", NOW).problem


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "calendar terms: feeds/terms.ics: there is no such file"),
        ({"terms.ics": b"<html>"}, "calendar terms: feeds/terms.ics is no iCalendar file"),
        (
            {"terms.ics": ics(STRIKE)},
            "calendar terms: feeds/terms.ics has no event called like term; it has 'Strike",
        ),
    ],
)
def test_calendar_that_was_never_read_is_an_error_with_a_cure(weekly, files, problem):
    project = weekly({"terms": {"url": "feeds/terms.ics", "events": ["term"]}}, files, only_in=["terms"])
    with pytest.raises(CalendarError, match=problem) as caught:
        draft_edition(project, "weekly", NOW)
    assert caught.value.hint
    found = {it.subject: it for it in examine(project, NOW)}
    assert found["calendar terms"].level == "fault"
    assert f"calendar terms: {found['calendar terms'].text}".startswith(problem)
    assert "schedule weekly" not in found


def test_address_is_asked_once_a_day_and_not_read_again_unless_it_changed(weekly, site):
    site.answers["/terms.ics"] = answer(body=ics(SPRING), ETag='"1"')
    project = weekly({"terms": {"url": site.url("/terms.ics")}}, only_in=["terms"])
    assert drafted(project) == date(2027, 1, 8)
    assert drafted(project, NOW + 23 * HOUR) == date(2027, 1, 8)
    assert len(site.asked) == 1
    site.answers["/terms.ics"] = answer(304, b"")
    assert drafted(project, NOW + DAY) == date(2027, 1, 8)
    assert [it.get("if-none-match") for it in site.asked] == [None, '"1"']
    assert drafted(project, NOW + DAY + HOUR) == date(2027, 1, 8)
    assert len(site.asked) == 2


def test_address_that_fails_leaves_the_days_of_before_and_is_asked_again_in_an_hour(weekly, site):
    site.answers["/terms.ics"] = answer(body=ics(AUTUMN))
    project = weekly({"terms": {"url": site.url("/terms.ics")}}, only_in=["terms"])
    assert drafted(project) == date(2026, 11, 27)
    for broken in (answer(503, b""), answer(body=b"<html>We are moving</html>")):
        site.answers["/terms.ics"] = broken
        assert drafted(project, NOW + DAY) == date(2026, 12, 4)
    assert len(site.asked) == 2
    found = {it.subject: it for it in examine(project, NOW + DAY)}
    assert (found["calendar terms"].level, "503" in found["calendar terms"].text) == ("note", True)
    site.answers["/terms.ics"] = answer(body=ics(AUTUMN, SPRING))
    assert calendar(project, "terms", NOW + DAY + HOUR).problem is None
    assert len(site.asked) == 3


def test_other_events_of_the_same_address_are_read_at_once(weekly, site):
    site.answers["/terms.ics"] = answer(body=ics(AUTUMN, SPRING))
    url = site.url("/terms.ics")
    assert drafted(weekly({"terms": {"url": url}}, only_in=["terms"])) == date(2026, 11, 27)
    spring = weekly({"terms": {"url": url, "events": ["spring"]}}, only_in=["terms"])
    assert draft_edition(spring, "weekly", NOW).edition.id.date == date(2027, 1, 8)


def test_check_tells_when_the_next_edition_is_due_and_which_calendar_ends_soon(weekly):
    project = weekly({"terms": {"url": "feeds/terms.ics"}}, {"terms.ics": ics(AUTUMN)}, only_in=["terms"])
    found = {it.subject: (it.level, it.text) for it in examine(project, NOW)}
    assert found["schedule weekly"] == (
        "ok",
        "Fridays 07:00; the next edition is due on Fri 27 Nov 2026 at 07:00 GMT",
    )
    assert found["calendar terms"] == ("note", "ends on Fri 18 Dec 2026")
    later = {it.subject: (it.level, it.text) for it in examine(project, NOW + 30 * DAY)}
    assert later["schedule weekly"] == ("fault", "names no date to come")
