"""Exceptions: dates, ranges, bank holidays and calendars by name."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.bank_holidays import bank_holidays
from newsletter.editions.calendar_file import read_calendar
from newsletter.editions.days import BankHolidays, CalendarName, DaySpan, parse_days


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-25", (date(2026, 12, 25), date(2026, 12, 25), "the day 2026-12-25")),
        (date(2026, 12, 25), (date(2026, 12, 25), date(2026, 12, 25), "the day 2026-12-25")),
        ("2026-12-21 to 2027-01-03: Christmas", (date(2026, 12, 21), date(2027, 1, 3), "Christmas")),
        ("2026-12-21..2027-01-03: a: b", (date(2026, 12, 21), date(2027, 1, 3), "a: b")),
    ],
)
def test_dates_and_ranges_are_days_with_a_reason(value, expected):
    assert parse_days(value) == DaySpan(*expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bank holidays of England", BankHolidays("England")),
        ("Bank Holidays in scotland", BankHolidays("Scotland")),
        ("bank holidays: England and Wales", BankHolidays("England and Wales")),
        ("school-terms", CalendarName("school-terms")),
    ],
)
def test_days_are_named(text, expected):
    assert parse_days(text) == expected


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("2026-02-30", "day is out of range for month"),
        ("2027-01-03 to 2026-12-21", "ends before it begins; 2026-12-21 to 2027-01-03?"),
        ("bank holidays of France", "we know no bank holidays of 'France', but those of England"),
        ("25 December", 'not understood; write a date "2026-12-25"'),
        (5, "not understood"),
        (datetime(2026, 12, 25, 7), "not understood"),  # noqa: DTZ001 - as TOML gives it
    ],
)
def test_what_is_not_understood_is_told_with_examples(value, problem):
    with pytest.raises(ValueError, match=r"write|but those|ends before") as caught:
        parse_days(value)
    assert str(caught.value).startswith(problem)


def test_bank_holidays_are_those_of_the_country():
    england = {span.first: span.name for span in bank_holidays("England", 2026, 2)}
    scotland = {span.first: span.name for span in bank_holidays("Scotland", 2026, 1)}
    assert england[date(2026, 4, 6)] == "Easter Monday, bank holiday of England"
    assert england[date(2026, 12, 28)] == "Boxing Day (substitute day), bank holiday of England"
    assert date(2027, 1, 1) in england
    assert {date(2026, 1, 2), date(2026, 11, 30)} <= set(scotland)
    assert date(2026, 4, 6) not in scotland


def calendar(*events: str) -> bytes:
    """An iCalendar document of events: "title; property; property"."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for event in events:
        title, *properties = event.split("; ")
        lines += ["BEGIN:VEVENT", f"SUMMARY:{title}", *properties, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


AUTUMN = "Autumn term; DTSTART;VALUE=DATE:20260901; DTEND;VALUE=DATE:20261219"
HALF_TERM = "Half term; DTSTART;VALUE=DATE:20261026; DURATION:P5D"


def test_calendar_gives_the_days_of_its_events_in_order():
    evening = "Parents' evening; DTSTART:20260910T170000Z; DTEND:20260910T190000Z"
    night = "Stargazing; DTSTART:20261101T220000Z; DTEND:20261102T000000Z"
    one_day = "INSET day; DTSTART;VALUE=DATE:20260831"
    off = "Fair; STATUS:CANCELLED; DTSTART;VALUE=DATE:20260902"
    found = read_calendar(calendar(HALF_TERM, AUTUMN, evening, night, one_day, off))
    assert [(span.name, span.first, span.last) for span in found] == [
        ("INSET day", date(2026, 8, 31), date(2026, 8, 31)),
        ("Autumn term", date(2026, 9, 1), date(2026, 12, 18)),
        ("Parents' evening", date(2026, 9, 10), date(2026, 9, 10)),
        ("Half term", date(2026, 10, 26), date(2026, 10, 30)),
        ("Stargazing", date(2026, 11, 1), date(2026, 11, 1)),
    ]


def test_calendar_gives_only_events_that_are_asked_for():
    [found] = read_calendar(calendar(AUTUMN, HALF_TERM), ["autumn TERM", "spring term"])
    assert found.name == "Autumn term"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "is no iCalendar file"),
        (b"<html>", "is no iCalendar file"),
        (b"\xff\xfe\x00", "is no iCalendar file"),
        (calendar(), "has no event; it has none at all"),
        (calendar(HALF_TERM), "has no event called like Term time; it has 'Half term'"),
        (calendar("Term time; DTSTART;VALUE=DATE:2026"), "'Term time' has no date that can be read"),
        (
            calendar("Term time; DTSTART;VALUE=DATE:20260901; RRULE:FREQ=YEARLY"),
            "'Term time' repeats by a rule",
        ),
        (b" " * 3_000_000, "is larger than 2,097,152 bytes"),
    ],
)
def test_calendar_that_cannot_be_used_says_why(raw, problem):
    with pytest.raises(ValueError, match=r"event|iCalendar|date|rule|bytes") as caught:
        read_calendar(raw, ["Term time"] if b"VEVENT" in raw else [])
    assert str(caught.value).startswith(problem)


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: calendar(f"x; DTSTART:{text}")))
def test_any_bytes_are_a_calendar_or_refused(raw):
    with suppress(ValueError):
        assert read_calendar(raw)
