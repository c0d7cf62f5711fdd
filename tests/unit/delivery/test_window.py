"""When mail may leave, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.window import closes_at, next_opening, open_at, parse_window

LONDON = ZoneInfo("Europe/London")
OFFICE = "Mon-Fri 08:00-18:00"


def at(text, zone=LONDON, fold=0):
    """2026-11-23 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("window", "now", "is_open"),
    [
        (OFFICE, "2026-11-23 08:00", True),
        (OFFICE, "2026-11-23 07:59", False),
        (OFFICE, "2026-11-23 17:59", True),
        (OFFICE, "2026-11-23 18:00", False),
        (OFFICE, "2026-11-28 12:00", False),
        ("mon,wed-thu 9:00-10:00", "2026-11-24 09:30", False),
        ("mon,wed-thu 9:00-10:00", "2026-11-26 09:30", True),
        ("Saturday - Monday 9:00-10:00", "2026-11-29 09:30", True),
        ("Saturday - Monday 9:00-10:00", "2026-11-24 09:30", False),
        ("08:00-18:00", "2026-11-29 12:00", True),
        ("Fri 22:00-02:00", "2026-11-28 01:59", True),
        ("Fri 22:00-02:00", "2026-11-28 02:00", False),
        ("Fri 22:00-02:00", "2026-11-27 01:00", False),
        ("Fri 22:00-00:00", "2026-11-27 23:59", True),
        ("Fri 22:00-00:00", "2026-11-28 00:00", False),
        (f"{OFFICE}; Sat 9:00-12:00;", "2026-11-28 11:00", True),
        ("Mon-Sun 00:00-24:00", "2026-11-28 00:00", True),
    ],
)
def test_window_is_open(window, now, is_open):
    assert open_at(parse_window(window), at(now), LONDON) is is_open


@pytest.mark.parametrize(
    ("window", "now", "opens", "closes"),
    [
        (OFFICE, "2026-11-23 09:00", "2026-11-23 09:00", "2026-11-23 18:00"),
        (OFFICE, "2026-11-23 07:00", "2026-11-23 08:00", "2026-11-23 18:00"),
        (OFFICE, "2026-11-27 18:00", "2026-11-30 08:00", "2026-11-30 18:00"),
        ("Sun 23:00-24:00; Mon 00:00-01:00", "2026-11-29 23:30", "2026-11-29 23:30", "2026-11-30 01:00"),
        ("Mon 22:00-06:00", "2026-11-24 03:00", "2026-11-24 03:00", "2026-11-24 06:00"),
        ("Mon 8:00-9:00", "2026-11-23 09:00", "2026-11-30 08:00", "2026-11-30 09:00"),
        ("00:00-24:00", "2026-11-23 09:00", "2026-11-23 09:00", None),
        # The night in which clocks go forward, from 01:00 to 02:00, and back, from 02:00 to 01:00.
        ("Sat 22:00-06:00", "2026-03-29 03:00", "2026-03-29 03:00", "2026-03-29 06:00"),
        ("Sun 01:30-05:00", "2026-03-28 12:00", "2026-03-29 02:30", "2026-03-29 05:00"),
        ("Sun 01:10-01:20", "2026-03-28 12:00", "2026-03-29 02:10", "2026-03-29 02:20"),
        ("Sun 01:30-02:10", "2026-03-28 12:00", "2026-04-05 01:30", "2026-04-05 02:10"),
        ("Sun 08:00-09:00", "2026-10-24 12:00", "2026-10-25 08:00", "2026-10-25 09:00"),
        ("Sat 22:00-01:30", "2026-10-24 23:00", "2026-10-24 23:00", "2026-10-25 01:30"),
    ],
)
def test_window_opens_and_closes(window, now, opens, closes):
    parsed = parse_window(window)
    assert next_opening(parsed, at(now), LONDON) == at(opens).astimezone(UTC)
    assert closes_at(parsed, at(now), LONDON) == (at(closes).astimezone(UTC) if closes else None)


def test_closing_in_the_hour_that_comes_twice_is_the_earlier_one():
    window = parse_window("Sat 22:00-01:30")
    assert not open_at(window, at("2026-10-25 01:15", fold=1), LONDON)


def test_without_a_window_it_is_always_open():
    now = at("2026-11-28 03:00")
    assert open_at(None, now, LONDON)
    assert next_opening(None, now, LONDON) == now
    assert closes_at(None, now, LONDON) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001 - its zone comes next
    st.sampled_from(
        [OFFICE, "Fri 22:00-02:00", "Sun 01:30-02:10", "00:30-01:30; 01:15-04:00", "Mon 0:00-0:01"]
    ),
    st.sampled_from(["Europe/London", "UTC", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kolkata"]),
)
def test_opening_and_closing_agree_with_being_open(wall, window, zone):
    parsed, zone = parse_window(window), ZoneInfo(zone)
    now = wall.replace(tzinfo=UTC)
    opening = next_opening(parsed, now, zone)
    closing = closes_at(parsed, now, zone)
    assert now <= opening < closing
    assert open_at(parsed, opening, zone)
    assert open_at(parsed, closing - timedelta(seconds=1), zone)
    assert not open_at(parsed, closing, zone)
    assert open_at(parsed, now, zone) is (opening == now)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a sending window"),
        ("weekdays", "is not a sending window"),
        ("Mon-Fri", "is not a sending window"),
        ("Mon-Fri 8-18", "is not a sending window"),
        ("Mon-Fry 08:00-18:00", "'Mon-Fry 08:00-18:00' is not a sending window"),
        ("Mon 08:00-18:00;; Tue 08:00-18:00", "'' is not"),
        ("Mon 08:00-25:00", "25:00 is no time of day"),
        ("Mon 08:60-10:00", "08:60 is no time of day"),
        ("Mon 08:00-08:00", "is never open"),
        ("Mon 24:00-02:00", "is never open"),
    ],
)
def test_what_is_no_window_is_told(text, words):
    with pytest.raises(ValueError, match=words):
        parse_window(text)


@given(st.text())
def test_any_text_is_a_window_or_a_fault(text):
    try:
        window = parse_window(text)
    except ValueError:
        return
    assert window.parts
