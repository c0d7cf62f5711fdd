"""On which dates a newsletter comes out, clock changes included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest

from newsletter.editions.schedule import scheduled_dates


def dates(schedule, now, count, timezone="Europe/London"):
    return list(islice(scheduled_dates(schedule, timezone, now), count))


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


@pytest.mark.parametrize(("schedule", "count"), [("30 1 * * *", 365), ("30 1 * * SUN", 52)])
def test_year_asked_every_two_hours_brings_each_date_once(schedule, count):
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=2) * step for step in range(365 * 12)]
    upcoming = [dates(schedule, moment, 1)[0] for moment in moments]
    changes = [day for day, before in pairwise([*upcoming, None]) if day != before]
    assert changes == sorted(set(changes))
    assert len([day for day in changes if day.year == 2026]) == count
