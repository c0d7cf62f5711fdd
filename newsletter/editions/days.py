"""Days on which a newsletter comes out otherwise: dates, ranges, bank holidays, calendars of the project."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

_SPAN = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*(?:to|until|till|–|\.\.)\s*(\d{4}-\d\d-\d\d))?(?:\s*:\s*(.+))?")
_BANK_HOLIDAYS = re.compile(r"bank holidays\s*(?:of|in|for|:)?\s*(?:the\s+)?([a-z ]+)", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
#: By name: the subdivision of the United Kingdom whose bank holidays are meant (ISO 3166-2:GB).
REGIONS = {
    "England": "ENG",
    "Wales": "WLS",
    "England and Wales": "ENG",
    "Scotland": "SCT",
    "Northern Ireland": "NIR",
}
_HOW = (
    'write a date "2026-12-25", a range "2026-12-21 to 2027-01-03: Christmas", '
    '"bank holidays of England", or the name of one of your [calendars]'
)


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days from the first to the last, both included. name: why, as a reason is told."""

    first: date
    last: date
    name: str

    def __contains__(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class BankHolidays:
    """The bank holidays of one of the REGIONS."""

    region: str

    def __str__(self) -> str:
        """Return how users call them."""
        return f"bank holidays of {self.region}"


@dataclass(frozen=True, slots=True)
class CalendarName:
    """A calendar of the project, to be looked up."""

    name: str


Days = DaySpan | BankHolidays | CalendarName


def parse_days(value: object) -> Days:
    """Read one entry of `exceptions` or `only_in`; raises ValueError that says how to write it."""
    if isinstance(value, DaySpan | BankHolidays | CalendarName):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return DaySpan(value, value, f"the day {value}")
    text = value.strip() if isinstance(value, str) else ""
    if span := _SPAN.fullmatch(text):
        return _span(text, span[1], span[2] or span[1], span[3])
    if holidays := _BANK_HOLIDAYS.fullmatch(text):
        return BankHolidays(_region(holidays[1]))
    if _SLUG.fullmatch(text) and not text[0].isdigit():
        return CalendarName(text)
    raise ValueError(f"not understood; {_HOW}")


def span_of(day: date, spans: Iterable[DaySpan]) -> DaySpan | None:
    """Return the first of the spans that a day is in."""
    return next((span for span in spans if day in span), None)


def _span(text: str, first: str, last: str, name: str | None) -> DaySpan:
    try:
        span = DaySpan(
            date.fromisoformat(first),
            date.fromisoformat(last),
            name or f"the day{'s' * (first != last)} {text}",
        )
    except ValueError as fault:
        raise ValueError(f"{fault}; {_HOW}") from None
    if span.last < span.first:
        raise ValueError(f"ends before it begins; {last} to {first}?")
    return span


def _region(words: str) -> str:
    for region in REGIONS:
        if region.lower() == " ".join(words.lower().split()):
            return region
    raise ValueError(f"we know no bank holidays of {words.strip()!r}, but those of {', '.join(REGIONS)}")
