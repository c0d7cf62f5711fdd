"""How often a newsletter comes out: cron expressions, and plain words that become one."""

from __future__ import annotations

from datetime import date, time
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.recurrence import parse_recurrence


@pytest.mark.parametrize(
    ("words", "cron"),
    [
        ("Fridays 07:00", "0 7 * * 5"),
        ("every Friday at 7:00", "0 7 * * 5"),
        ("07:00 on Fridays", "0 7 * * 5"),
        ("fri 7am", "0 7 * * 5"),
        ("Thurs 7.30 pm", "30 19 * * 4"),
        ("Monday 12am", "0 0 * * 1"),
        ("Monday 12:05 pm", "5 12 * * 1"),
        ("Mondays, Wednesdays, and Fridays at 07:00", "0 7 * * 1,3,5"),
        ("Sat & Sun 10:00", "0 10 * * 6,0"),
        ("Monday to Thursday 07:30", "30 7 * * 1,2,3,4"),
        ("Fri-Mon 07:30", "30 7 * * 5,6,0,1"),
        ("every weekday 07:30", "30 7 * * 1-5"),
        ("every working day at 07:30", "30 7 * * 1-5"),
        ("daily 06:00", "0 6 * * *"),
        ("every day 06:00", "0 6 * * *"),
        ("first Monday of the month 08:30", "30 8 * * 1#1"),
        ("2nd and last Tuesday of each month, 09:00", "0 9 * * 2#2,2L"),
        ("last Friday of the month 09:00", "0 9 * * 5L"),
        ("the 1st and 15th 09:00", "0 9 1,15 * *"),
        ("1st of January, April, July and October at 09:00", "0 9 1 1,4,7,10 *"),
        ("first Monday in Sept 08:30", "30 8 * 9 1#1"),
        ("last day of the month 17:00", "0 17 L * *"),
        ("last working day of the month 17:00", "0 17 LW * *"),
        ("  0 7 * * FRI ", "0 7 * * FRI"),
        ("*/15 7-9 * * 1-5", "*/15 7-9 * * 1-5"),
    ],
)
def test_words_are_a_cron_expression(words, cron):
    assert parse_recurrence(words).cron.strip() == cron


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Fridays", "it names no time of day"),
        ("7 o'clock", "it names no time of day"),
        ("@weekly", "it names no time of day"),
        ("", "it names no time of day"),
        ("Fridays 07:00 and 16:00", "it names several times, and an edition comes out once a day"),
        ("Fridays 25:00", "25:00 is no time of day"),
        ("Fridays 7:75", "7:75 is no time of day"),
        ("Fridays 13pm", "13pm is no time of day"),
        ("Friday 0am", "0am is no time of day"),
        ("07:00", "'07:00' names no day"),
        ("Freitag 07:00", "'freitag' is no day that we know"),
        ("Su 07:00", "'su' is no day that we know"),
        ("first working day of the month 09:00", "'first working day' is no day that we know"),
        ("Fridays of Juember 07:00", "'juember' is no month that we know"),
        ("the 32nd 09:00", "no month has a 32nd"),
        ("6th Monday of the month 07:00", "no month has a 6th Monday"),
        ("every other Friday 07:00", "every other week cannot be said, as nobody knows which is the first"),
        ("fortnightly on Fridays 07:00", "every other week cannot be said"),
        ("0 7 * * FRX", "not a cron expression (Bad day-of-week)"),
        ("0 7 30 2 *", "not a cron expression (Bad day-of-month)"),
        ("0 0 7 * * FRI", "not a cron expression: it has five fields"),
        ("0 7 * *", "not a cron expression: it has five fields"),
    ],
)
def test_what_is_not_understood_is_named_with_examples(text, problem):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is looked at
        parse_recurrence(text)
    assert str(caught.value).startswith(problem)
    assert "five fields" in problem or '"first Monday of the month 08:30"' in str(caught.value)


@given(st.text(max_size=30) | st.text("0123456789 */,-#L@FRIfriday:", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_recurrence(text)
    except ValueError:
        return
    assert found.first <= found.last
    assert parse_recurrence(found.cron).cron == found.cron
    assert list(islice(found.dates(date(2026, 1, 1)), 3)) == sorted(
        set(islice(found.dates(date(2026, 1, 1)), 3))
    )


def test_several_times_of_a_day_have_a_first_and_a_last():
    found = parse_recurrence("*/15 7-9 * * *")
    assert (found.first, found.last) == (time(7), time(9, 45))


@pytest.mark.parametrize(
    ("schedule", "since", "expected"),
    [
        ("first Monday of the month 08:30", date(2026, 6, 2), [date(2026, 7, 6), date(2026, 8, 3)]),
        ("last working day of the month 17:00", date(2026, 5, 1), [date(2026, 5, 29), date(2026, 6, 30)]),
        ("0 7 29 2 *", date(2096, 3, 1), [date(2104, 2, 29), date(2108, 2, 29)]),
        ("the 31st 09:00", date(2026, 1, 31), [date(2026, 1, 31), date(2026, 3, 31)]),
        # The fields for the days both say something: cron takes either.
        ("0 7 1 * MON", date(2026, 12, 1), [date(2026, 12, 1), date(2026, 12, 7)]),
        ("daily 07:00", date(9999, 12, 31), [date(9999, 12, 31)]),
        # The fifth Monday of a February that has 29 days.
        ("0 7 * 2 MON#5", date(2026, 1, 1), [date(2044, 2, 29), date(2072, 2, 29)]),
        ("0 7 */31 2 *", date(2026, 1, 1), [date(2026, 2, 1), date(2027, 2, 1)]),
    ],
)
def test_dates_come_in_order(schedule, since, expected):
    assert list(islice(parse_recurrence(schedule).dates(since), 2)) == expected


def test_dates_end_where_there_are_none():
    # The fifth Monday of a February is the 29th, which */30 leaves out.
    assert list(parse_recurrence("0 7 */30 2 MON#5").dates(date(2026, 1, 1))) == []
