"""When a newsletter comes out: dates, exceptions, and the nights in which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, product, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editions.days import DaySpan, parse_days
from newsletter.editions.recurrence import parse_recurrence
from newsletter.editions.schedule import Schedule

ZONES = ("Europe/London", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe")
FIRST = date(2024, 1, 1)


def make(text="Fridays 07:00", zone="Europe/London", exceptions=(), only_in=None, on_exception="skip"):
    spans = tuple(map(parse_days, exceptions))
    terms = tuple(map(parse_days, only_in)) if only_in else None
    return Schedule(parse_recurrence(text), ZoneInfo(zone), spans, terms, on_exception)


def dates(schedule, now, count, timezone="Europe/London"):
    return list(islice(make(schedule, timezone).upcoming_dates(now), count))


def days(month, *numbers):
    return [date(2026, month, number) for number in numbers]


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("0 7 * * FRI", datetime(2026, 11, 26, 12, tzinfo=UTC), [*days(11, 27), *days(12, 4, 11)]),
        # On the day itself until the moment, and then a week later. In July, 07:00 in London is 06:00 UTC.
        ("0 7 * * FRI", datetime(2026, 7, 17, 5, 59, tzinfo=UTC), days(7, 17, 24)),
        ("0 7 * * FRI", datetime(2026, 7, 17, 6, 0, tzinfo=UTC), days(7, 24, 31)),
        # Several times a day is one edition.
        ("*/15 * * * *", datetime(2026, 11, 26, 12, tzinfo=UTC), days(11, 26, 27, 28)),
        # 01:30 does not exist on the last Sunday of March, and is there twice on that of October.
        ("30 1 * * *", datetime(2026, 3, 27, 12, tzinfo=UTC), days(3, 28, 29, 30)),
        ("30 1 * * *", datetime(2026, 10, 23, 12, tzinfo=UTC), days(10, 24, 25, 26)),
        ("30 1 * * SUN", datetime(2026, 10, 25, 0, 45, tzinfo=UTC), [*days(11, 1, 8)]),
        ("0 7 29 2 *", datetime(2026, 1, 1, tzinfo=UTC), [date(2028, 2, 29), date(2032, 2, 29)]),
    ],
)
def test_dates_are_local_and_each_comes_once(schedule, now, expected):
    assert dates(schedule, now, len(expected)) == expected


def test_date_is_that_of_the_newsletters_place():
    now = datetime(2026, 11, 26, 20, tzinfo=UTC)
    assert dates("0 7 * * *", now, 1, "Pacific/Auckland") == days(11, 28)
    assert dates("0 7 * * *", now, 1, "America/Los_Angeles") == days(11, 27)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("words", "count"), [("daily", 365), ("Sundays", 52)])
def test_year_brings_each_date_once_at_any_quarter_of_an_hour_of_the_night(zone, words, count):
    for hour, minute in product(range(4), range(0, 60, 15)):
        found = make(f"{words} {hour:02}:{minute:02}", zone)
        year = takewhile(lambda it: it.date.year == 2026, found.editions(date(2026, 1, 1)))
        due = {occasion.due: occasion.date for occasion in year}
        assert (len(due), len(set(due.values()))) == (count, count)


def clock_changes(zone):
    """Return the days of twelve years on which the clocks of a zone change."""
    midnights = [datetime.combine(FIRST + timedelta(days=n), time(), ZoneInfo(zone)) for n in range(12 * 366)]
    return [day.date() for day, after in pairwise(midnights) if day.utcoffset() != after.utcoffset()]


CHANGES = {zone: clock_changes(zone) for zone in ZONES}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["00:00", "01:00", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00"])
def test_clock_changes_of_twelve_years_bring_each_day_once_at_its_time_or_the_next_there_is(zone, at):
    schedule, wanted = make(f"daily {at}", zone), time.fromisoformat(at)
    assert len(CHANGES[zone]) == 24
    for day in CHANGES[zone]:
        before, found, after = islice(schedule.editions(day - timedelta(days=1)), 3)
        assert [it.date for it in (before, found, after)] == [day + timedelta(days=n) for n in (-1, 0, 1)]
        assert not before.reason + after.reason
        shown = schedule.local(found.due)
        if shown.time() == wanted:  # the first, if it is shown twice
            assert shown.fold == 0
            assert bool(found.reason) == (shown.utcoffset() != shown.replace(fold=1).utcoffset())
            continue
        just_before = schedule.local(found.due - timedelta(seconds=1))
        assert just_before.time() < wanted < shown.time()
        assert shown.date() == day
        assert found.reason == f"the clocks go forward, so {at} is {shown:%H:%M}"


@pytest.mark.parametrize(
    ("zone", "at", "gone", "shown", "twice"),
    [
        ("Europe/London", "01:30", date(2026, 3, 29), "02:00", date(2026, 10, 25)),
        ("America/New_York", "02:30", date(2026, 3, 8), "03:00", None),
        ("America/New_York", "01:30", None, "", date(2026, 11, 1)),
        ("Australia/Sydney", "02:30", date(2026, 10, 4), "03:00", date(2026, 4, 5)),
        # Lord Howe Island changes by half an hour.
        ("Australia/Lord_Howe", "02:15", date(2026, 10, 4), "02:30", None),
        ("Australia/Lord_Howe", "01:45", None, "", date(2026, 4, 5)),
    ],
)
def test_night_of_a_clock_change_is_told(zone, at, gone, shown, twice):
    schedule = make(f"daily {at}", zone)
    year = takewhile(lambda it: it.date.year == 2026, schedule.editions(date(2026, 1, 1)))
    told = {it.date: it.reason for it in year if it.reason}
    expected = {}
    if gone:
        expected[gone] = f"the clocks go forward, so {at} is {shown}"
    if twice:
        expected[twice] = f"the clocks go back, so there are two {at}; it is the first"
    assert told == expected


def told(schedule, since, until):
    """Return "25 Dec: reason" of each occasion, in brackets where it is skipped."""
    found = takewhile(lambda it: it.date <= until, schedule.occasions(since))
    lines = [(it, f"{it.date.day} {it.date:%b}" + f": {it.reason}" * bool(it.reason)) for it in found]
    return [f"({line})" if it.skipped else line for it, line in lines]


CHRISTMAS = ("2026-12-25: Christmas Day", "2027-01-01: New Year's Day")
EASTER = ("2026-04-03: Good Friday", "2026-04-06: Easter Monday")


@pytest.mark.parametrize(
    ("written", "since", "expected"),
    [
        (
            {"exceptions": CHRISTMAS},
            date(2026, 12, 18),
            ["18 Dec", "(25 Dec: Christmas Day)", "(1 Jan: New Year's Day)", "8 Jan"],
        ),
        (
            {"exceptions": EASTER, "on_exception": "next"},
            date(2026, 3, 27),
            ["27 Mar", "7 Apr: moved from Fri 3 Apr 2026: Good Friday", "10 Apr", "17 Apr"],
        ),
        (
            {"exceptions": EASTER, "on_exception": "previous"},
            date(2026, 3, 27),
            ["27 Mar", "2 Apr: moved from Fri 3 Apr 2026: Good Friday", "10 Apr", "17 Apr"],
        ),
        # Asked from the day it moved to, or from one after its planned one.
        (
            {"exceptions": EASTER, "on_exception": "next"},
            date(2026, 4, 7),
            ["7 Apr: moved from Fri 3 Apr 2026: Good Friday", "10 Apr", "17 Apr", "24 Apr"],
        ),
        (
            {"exceptions": EASTER, "on_exception": "previous"},
            date(2026, 4, 3),
            ["10 Apr", "17 Apr", "24 Apr"],
        ),
        # No further than the schedule's own next date: Tuesday brings it all.
        (
            {"text": "every weekday 07:30", "exceptions": EASTER, "on_exception": "next"},
            date(2026, 4, 2),
            ["2 Apr", "(3 Apr: Good Friday)", "(6 Apr: Easter Monday)", "7 Apr"],
        ),
        (
            {"text": "Thursdays and Fridays 07:30", "exceptions": EASTER, "on_exception": "previous"},
            date(2026, 4, 2),
            ["2 Apr", "(3 Apr: Good Friday)", "9 Apr", "10 Apr"],
        ),
        # Nor further than a week.
        (
            {
                "text": "the 1st 09:00",
                "exceptions": ["2026-08-01 to 2026-08-31: summer"],
                "on_exception": "next",
            },
            date(2026, 7, 1),
            ["1 Jul", "(1 Aug: summer)", "1 Sep", "1 Oct"],
        ),
        (
            {"only_in": ["2026-09-01 to 2026-10-23: x", "2026-11-02 to 2026-12-18: y"]},
            date(2026, 10, 16),
            ["16 Oct", "23 Oct", "(30 Oct: between x and y)", "6 Nov"],
        ),
        # One that would move out of term stays away.
        (
            {
                "only_in": ["2026-09-01 to 2026-10-23: x"],
                "exceptions": ["2026-10-23"],
                "on_exception": "next",
            },
            date(2026, 10, 16),
            ["16 Oct", "(23 Oct: the day 2026-10-23)", "(30 Oct: after x)"],
        ),
    ],
)
def test_exceptions_skip_or_move(written, since, expected):
    assert told(make(**written), since, since + timedelta(days=100))[: len(expected)] == expected


def test_schedule_whose_days_have_ended_names_no_date_to_come():
    over = make(only_in=["2026-01-01 to 2026-07-21"])
    assert list(over.upcoming_dates(datetime(2026, 8, 1, tzinfo=UTC))) == []


WORDS = ("Fridays 07:00", "every weekday 01:30", "first Monday of the month 08:30", "the 1st and 15th 09:00")
_spans = st.tuples(st.integers(0, 366), st.integers(0, 20)).map(
    lambda it: DaySpan(FIRST + timedelta(days=it[0]), FIRST + timedelta(days=sum(it)), "x")
)


_schedules = st.builds(
    Schedule,
    st.sampled_from(WORDS).map(parse_recurrence),
    st.sampled_from(ZONES).map(ZoneInfo),
    st.lists(_spans, max_size=6).map(tuple),
    st.none() | st.lists(_spans, min_size=1, max_size=3).map(tuple),
    st.sampled_from(["skip", "next", "previous"]),
)


@settings(max_examples=40)
@given(_schedules, st.integers(0, 300))
def test_any_exceptions_leave_order_and_number(schedule, start):
    found = list(takewhile(lambda it: it.date.year < 2025, schedule.occasions(FIRST)))
    out = [it for it in found if not it.skipped]
    assert [it.date for it in out] == sorted({it.date for it in out})
    assert all(earlier.due < later.due for earlier, later in pairwise(out))
    assert all(it.due.astimezone(schedule.zone).date() == it.date for it in out)
    for it in out:
        assert not any(it.date in span for span in schedule.exceptions)
        assert schedule.only_in is None or any(it.date in span for span in schedule.only_in)
        assert abs(it.date - it.planned) <= timedelta(days=0 if schedule.on_exception == "skip" else 7)
    # From whichever day one looks, the same lie ahead.
    since = FIRST + timedelta(days=start)
    assert all(schedule.at(it.date) == it for it in out if it.reason)
    later = list(takewhile(lambda it: it.date.year < 2025, schedule.occasions(since)))
    assert later == [it for it in found if it.date >= since]
