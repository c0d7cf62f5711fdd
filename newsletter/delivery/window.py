"""Sending windows: on which weekdays and at which hours mail may leave, by the clock on the wall.

An opening or closing in the hour which a clock passes twice is the earlier of the two; one in the hour that
is skipped comes as much later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_DAY = r"(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_RANGE = rf"{_DAY}(?:\s*-\s*{_DAY})?"
_PART = re.compile(
    rf"(?:(?P<days>{_RANGE}(?:\s*,\s*{_RANGE})*)\s+)?(?P<opens>\d\d?:\d\d)\s*-\s*(?P<closes>\d\d?:\d\d)",
    re.IGNORECASE,
)
#: What lies in a skipped hour opens a week later; what is then open for a week is always open.
_SEARCH_DAYS = 24
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of weekdays, 0 for Monday, in minutes after midnight; what closes first does so a day later."""

    days: frozenset[int]
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class SendingWindow:
    """When mail may leave: whenever one of its parts is open."""

    parts: tuple[Hours, ...]


def parse_window(text: str) -> SendingWindow:
    """Read "Mon-Fri 08:00-18:00; Sat 09:00-12:00"; hours without days are those of every day.

    Raises ValueError that names the part which cannot be read.
    """
    return SendingWindow(tuple(_part(part.strip()) for part in text.strip().strip(";").split(";")))


def open_at(window: SendingWindow | None, now: datetime, zone: tzinfo) -> bool:
    """Tell whether mail may leave now; without a window it always may."""
    return next_opening(window, now, zone) <= now


def next_opening(window: SendingWindow | None, now: datetime, zone: tzinfo) -> datetime:
    """Return the first moment at which mail may leave: now where it may, else a later one, in UTC."""
    if window is None:
        return now
    return max(now, next(opens for opens, closes in _open_times(window, now, zone) if closes > now))


def closes_at(window: SendingWindow | None, now: datetime, zone: tzinfo) -> datetime | None:
    """Return when the window closes that is open now, or opens next; None where it does not within a week."""
    if window is None:
        return None
    opens, closes = next(span for span in _open_times(window, now, zone) if span[1] > now)
    return closes if closes < max(opens, now) + _WEEK else None


def _part(text: str) -> Hours:
    found = _PART.fullmatch(text)
    if not found:
        raise ValueError(f'{text!r} is not a sending window; write it as "Mon-Fri 08:00-18:00"')
    opens, closes = _minutes(found["opens"]), _minutes(found["closes"])
    if opens in (closes, _DAY_MINUTES):
        raise ValueError(f"{text!r} is never open; a whole day is 00:00-24:00")
    return Hours(_days(found["days"]), opens, closes)


def _minutes(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if hour * 60 + minute > _DAY_MINUTES or minute > 59:  # noqa: PLR2004 - of an hour
        raise ValueError(f"{text} is no time of day; the last one is 24:00")
    return hour * 60 + minute


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = (word.strip()[:3].lower() for word in part.partition("-"))
        start = _DAYS.index(first)
        found.update((start + day) % 7 for day in range((_DAYS.index(last or first) - start) % 7 + 1))
    return frozenset(found)


def _open_times(window: SendingWindow, now: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when until when it is open around now, in order; what touches is one."""
    first = now.astimezone(zone).date() - timedelta(days=2)
    days = [first + timedelta(days=number) for number in range(_SEARCH_DAYS)]
    spans = [
        (_moment(day, part.opens, zone), _moment(day, _end(part), zone))
        for day in days
        for part in window.parts
        if day.weekday() in part.days
    ]
    # One that lies within a skipped hour may close before it opens.
    ordered = iter(sorted((opens, closes) for opens, closes in spans if opens < closes))
    start, end = next(ordered)
    for opens, closes in ordered:
        if opens > end:
            yield start, end
            start, end = opens, closes
        end = max(end, closes)
    yield start, end


def _end(part: Hours) -> int:
    return part.closes if part.closes > part.opens else part.closes + _DAY_MINUTES


def _moment(day: date, minutes: int, zone: tzinfo) -> datetime:
    days, minutes = divmod(minutes, _DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), zone)
    return wall.astimezone(UTC)
