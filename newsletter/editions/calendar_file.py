"""Days from an iCalendar document (RFC 5545), such as a council publishes for its school terms."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.editions.days import DaySpan

if TYPE_CHECKING:
    from icalendar import Event

_MOST_EVENTS = 5_000
_MOST_BYTES = 2 * 1024 * 1024


def read_calendar(raw: bytes, events: Collection[str] = ()) -> tuple[DaySpan, ...]:
    """Read the days of a calendar's events, in order. events: only those whose title has one of these words.

    An event at some hours counts for the whole of its days. Cancelled ones are left out. Raises ValueError
    for what is no calendar, has none of these events, or repeats by a rule, which is not followed.
    """
    from icalendar import Calendar  # noqa: PLC0415 - takes 0.2 s, and is needed when a calendar changes

    if len(raw) > _MOST_BYTES:
        raise ValueError(f"is larger than {_MOST_BYTES:,} bytes; is it the right file?")
    try:
        [calendar, *_] = Calendar.from_ical(raw, multiple=True)
        found = [event for event in calendar.events if event.get("STATUS") != "CANCELLED"]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        raise ValueError('is no iCalendar file; one begins with "BEGIN:VCALENDAR"') from None
    wanted = [event for event in found if _is_meant(_title(event), events)]
    if not wanted:
        titles = ", ".join(repr(_title(event)) for event in found[:5])
        called = f" called like {', '.join(events)}" if events else ""
        raise ValueError(f"has no event{called}; it has {titles or 'none at all'}")
    if len(wanted) > _MOST_EVENTS:
        raise ValueError(f"has more than {_MOST_EVENTS:,} events; is it the right file?")
    return tuple(sorted((_span(event) for event in wanted), key=lambda span: (span.first, span.last)))


def _is_meant(title: str, events: Collection[str]) -> bool:
    return not events or any(words.lower() in title.lower() for words in events)


def _title(event: Event) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())


def _span(event: Event) -> DaySpan:
    title = _title(event) or "an event without a title"
    if "RRULE" in event or "RDATE" in event:
        raise ValueError(f"{title!r} repeats by a rule, which is not followed; enter each of its days")
    try:
        first, end = event.start, event.end
    except Exception:  # noqa: BLE001 - whatever it thinks of a broken event
        raise ValueError(f"{title!r} has no date that can be read") from None
    return DaySpan(_day(first), max(_day(first), _last(end)), title)


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _last(end: date | datetime) -> date:
    """Return the last day of what ends, by RFC 5545 §3.6.1, just before this."""
    just_before = timedelta(microseconds=1) if isinstance(end, datetime) else timedelta(days=1)
    return _day(end - just_before)
