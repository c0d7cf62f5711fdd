"""Dates as feeds and pages write them, as aware UTC datetimes; None for what cannot be read."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}

#: Of feeds in Welsh; where a short form is also English, both mean the same month.
_WELSH = (
    "ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr",
    "ion chwe maw ebr mai meh gor aws med hyd tac rha",
)
_MONTHS |= {name: number for names in _WELSH for number, name in enumerate(names.split(), 1)}

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
_TIME = re.compile(
    r"(?<![\d:])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?(?!\d)"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?",
    re.IGNORECASE,
)
_ZONE = re.compile(
    r"\s*(?P<name>[A-Za-z]+(?:/[A-Za-z_]+)*)?\s*(?:(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?!\d))?"
)
#: Names that mean one zone only, in hours. Those of RFC 822 §5.1, of Europe, Australasia and others.
_NAMED_ZONES: dict[str, float] = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0,
    "bst": 1, "west": 1, "cet": 1, "met": 1, "mez": 1, "wat": 1,
    "cest": 2, "mest": 2, "mesz": 2, "eet": 2, "sast": 2, "cat": 2,
    "eest": 3, "msk": 3, "eat": 3, "pkt": 5, "hkt": 8, "sgt": 8, "awst": 8, "jst": 9, "kst": 9,
    "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
    "ndt": -2.5, "nst": -3.5, "adt": -3, "ast": -4, "edt": -4, "est": -5, "et": -5, "cdt": -5, "cst": -6,
    "ct": -6, "mdt": -6, "mst": -7, "mt": -7, "pdt": -7, "pst": -8, "pt": -8,
    "akdt": -8, "akst": -9, "hst": -10,
}  # fmt: skip
_AT_ZERO = {"ut", "utc", "gmt", "z"}
_SHORT_YEAR, _THIS_CENTURY = 2, 80
_SINCE_1970 = re.compile(r"\d{10}(?:\d{3})?", re.ASCII)
#: feedparser makes a date of almost any row of digits.
_MAY_BE_A_DATE = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d{7})|[^\x00-\x7f]")
_DAYS = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?<!\d){_DAY}(?:\s+of)?[\s.-]{{1,3}}{_MONTH},?[\s-]{{1,3}}(?P<year>\d{{4}}|\d{{2}})(?![\d:])",
        r"\b(?P<month>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})(?!\d)",
        # asctime, and what Java and date(1) print.
        r"\b(?P<month>[a-z]{3})\s+(?P<day>\d{1,2})\s+\d{1,2}:\d{2}:\d{2}\s+(?:[a-z]{1,5}\s+)?(?P<year>\d{4})(?!\d)",
        r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})(?!\d)",  # British order
    )
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
    if day := re.fullmatch(r"(\d{4})(-?)(\d{2})\2(\d{2})", text, re.ASCII):
        return noon(int(day[1]), int(day[3]), int(day[4]))
    try:
        when = datetime.fromisoformat(text.upper())
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when if when.year >= _FIRST_YEAR else None


def read_written(text: str) -> datetime | None:
    """Read a time in one of the forms that feeds use; None for those that are not ours to know.

    RFC 3339, RFC 822 with any zone's name or offset, asctime, "19 June 2026, 10:00 BST", "19/06/2026 10:00",
    seconds since 1970. A day without a time stands for noon; a time without a zone, or with a name that two
    zones share (IST), is read as UTC.
    """
    if when := read_timestamp(text):
        return when.replace(microsecond=0)
    if _SINCE_1970.fullmatch(text):
        return _moment(datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=int(text[:10])))
    day = _find_day(text)
    clock = _TIME.search(text)
    if not day or not clock:
        return day
    hour, minute, second = int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0)
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"][0].lower() == "p" else 0)
    if hour > 24 or minute > 59:  # noqa: PLR2004 - a clock's; 24:00 is the end of a day
        return day
    midnight = day.replace(hour=0)
    local = _moment(midnight, timedelta(hours=hour, minutes=minute, seconds=min(second, 59)))
    return local and _moment(local, -_offset(text[clock.end() :], local))


def _moment(base: datetime, more: timedelta) -> datetime | None:
    try:
        when = base + more
    except OverflowError:
        return None
    return when if when.year >= _FIRST_YEAR else None


def _find_day(text: str) -> datetime | None:
    for shape in _DAYS:
        if found := shape.search(text):
            written, year = found["month"].lower(), int(found["year"])
            month = (
                int(written) if written.isdigit() else _MONTHS.get(written, 0) or _MONTHS.get(written[:3], 0)
            )
            day = int(found["day"])
            if month > 12 >= day and shape is _DAYS[-1]:  # noqa: PLR2004 - months of a year; American order
                day, month = month, day
            if not month or not day:
                continue
            if len(found["year"]) == _SHORT_YEAR:
                year += 2000 if year < _THIS_CENTURY else 1900
            return noon(year, month, day)
    return None


def _offset(after: str, when: datetime) -> timedelta:
    """Return how far a zone is from UTC. after: what follows the time: a zone's name, offset, or both."""
    found = _ZONE.match(after)
    if not found:
        return timedelta()
    name = (found["name"] or "").lower()
    hours = found["hours"]
    if hours and name not in _NAMED_ZONES.keys() - _AT_ZERO:
        offset = timedelta(hours=int(hours), minutes=int(found["minutes"] or 0))
        return min(offset, timedelta(hours=15)) * (-1 if found["sign"] == "-" else 1)
    if "/" in name:
        try:
            return when.replace(tzinfo=ZoneInfo(found["name"])).utcoffset() or timedelta()
        except (ValueError, OSError, LookupError):
            return timedelta()
    return timedelta(hours=_NAMED_ZONES.get(name, 0))


def from_struct(parsed: Sequence[int] | None, written: str) -> datetime | None:
    """Return a date as it is written, or as feedparser reads it where that is in a form that only it knows.

    parsed: feedparser's reading, year to second, UTC; written: its source.
    """
    if when := read_written(written.strip()):
        return when
    if parsed is None or not _MAY_BE_A_DATE.search(written):
        return None
    year, month, day, hour, minute, second = parsed[:6]
    if ":" not in written and (hour, minute, second) == (0, 0, 0):
        return noon(year, month, day)
    try:
        when = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return when if when.year >= _FIRST_YEAR else None
