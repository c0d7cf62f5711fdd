"""Dates as feeds and pages write them, as aware UTC datetimes; None for what cannot be read."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}

_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_CLOCK = r"(?:[,\s]+(?:at\s+)?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\s*(?:am|pm)?)?"
_DATES = tuple(
    re.compile(rf"{_WEEKDAY}{shape}{_CLOCK}\.?", re.IGNORECASE)
    for shape in (
        rf"{_DAY}(?:\s+of)?\s+{_MONTH},?\s+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_YEAR}-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})",
        r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})",  # British order
    )
)
_DATE_LINE = re.compile(
    r"(?P<label>(?:first\s+)?published|posted|date(?:\s+published)?|(?:last\s+)?(?:updated|modified|reviewed))?"
    r"(?:\s+on)?\s*:?\s*(?P<date>\S.{5,50})",
    re.IGNORECASE,
)
#: Before it nobody published feeds; such dates are empty fields of a database.
_FIRST_YEAR = 1980


#: Beyond it a date in the future is a slip, and its entry would wait for ever.
_PLANNED_AHEAD = timedelta(days=366)


def counts_from(published: datetime | None, now: datetime) -> datetime | None:
    """Return when an entry of this date counts from, None for when it was first seen.

    A date in the future is waited for, unless nobody can mean it.
    """
    return published if published and published <= now + _PLANNED_AHEAD else None


class DateLine(NamedTuple):
    """A line that gives a page's date: "First published 19 July 2021"."""

    kind: Literal["published", "updated", "bare"]
    when: datetime


def noon(year: int, month: int, day: int) -> datetime | None:
    """Return 12:00 UTC of a day, which a date without a time stands for; None when there is no such day."""
    try:
        return datetime(year, month, day, 12, tzinfo=UTC) if year >= _FIRST_YEAR else None
    except ValueError:
        return None


def read_date_line(text: str) -> DateLine | None:
    """Read a line that holds a date and nothing else; a time beside it has no zone and is left out."""
    line = _DATE_LINE.fullmatch(text)
    when = line and _read_day(line["date"].strip())
    if not line or not when:
        return None
    label = (line["label"] or "").lower()
    if not label:
        return DateLine("bare", when)
    return DateLine("updated" if label.endswith(("updated", "modified", "reviewed")) else "published", when)


def _read_day(text: str) -> datetime | None:
    for shape in _DATES:
        if found := shape.fullmatch(text):
            month = found["month"]
            number = int(month) if month.isdigit() else _MONTHS.get(month.lower(), 0)
            return noon(int(found["year"]), number, int(found["day"]))
    return None


def read_timestamp(text: object) -> datetime | None:
    """Read an RFC 3339 time or a bare ISO date; a time without an offset counts as UTC."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return noon(*map(int, text.split("-")))
    try:
        when = datetime.fromisoformat(text.upper())
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when if when.year >= _FIRST_YEAR else None


def from_struct(parsed: Sequence[int] | None, written: str) -> datetime | None:
    """Return feedparser's reading as a datetime. parsed: year to second, UTC; written: its source."""
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    if ":" not in written and (hour, minute, second) == (0, 0, 0):
        return noon(year, month, day)
    try:
        when = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return when if when.year >= _FIRST_YEAR else None
