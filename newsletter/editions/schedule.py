"""When a newsletter comes out: its days, its exceptions, and what the clocks do.

The key of an edition is its newsletter and local date, never an instant. A local time that does not exist,
as clocks go forward, becomes the next that does; one that exists twice is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from newsletter.editions.days import DaySpan, span_of
from newsletter.editions.recurrence import Recurrence

OnException = Literal["skip", "next", "previous"]

#: As far as an edition is moved, and as far as we look ahead for one.
_FURTHEST_DAYS = 7
_HORIZON = timedelta(days=12 * 366)
_WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time at which a newsletter comes out, or would have.

    planned: the date that the schedule names; date: the edition's; due: in UTC. reason: why it is skipped or
    moved, or why the clock shows another time; "" where nothing is odd.
    """

    planned: date
    date: date
    due: datetime
    reason: str = ""
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """A newsletter's days, exceptions and time zone.

    only_in: no edition comes out on other days; None for no such limit. on_exception: what becomes of an
    edition on one of the exceptions: left out, or moved to the next or previous working day, if that is at
    most a week away and no later, or earlier, than the schedule's own neighbour. A working day is Monday to
    Friday, no exception, and in `only_in`.
    """

    recurrence: Recurrence
    zone: ZoneInfo
    exceptions: tuple[DaySpan, ...] = ()
    only_in: tuple[DaySpan, ...] | None = None
    on_exception: OnException = "skip"

    def occasions(self, since: date) -> Iterator[Occasion]:
        """Yield every occasion in order of its date, from that day on, the skipped ones among them."""
        # A moved one may stand a week from its planned date, and to move it its neighbours are needed.
        reach = timedelta(days=0 if self.on_exception == "skip" else _FURTHEST_DAYS)
        margin = 2 * reach + timedelta(days=1)
        begin = since - margin if since - date.min > margin else since
        dates: Iterator[date | None] = chain(self.recurrence.dates(begin), [None])
        before, planned = None, next(dates)
        for after in dates:
            if planned and since - planned <= reach:
                found = self._occasion(before, planned, after)
                if found.date >= since:
                    yield found
            before, planned = planned, after

    def editions(self, since: date) -> Iterator[Occasion]:
        """Yield the occasions that are not skipped, from that day on, for some twelve years."""
        near = takewhile(lambda found: found.date - since < _HORIZON, self.occasions(since))
        return (found for found in near if not found.skipped)

    def at(self, day: date) -> Occasion | None:
        """Return the occasion whose edition has this date."""
        found = next(self.occasions(day), None)
        return found if found and found.date == day and not found.skipped else None

    def upcoming_dates(self, now: datetime) -> Iterator[date]:
        """Yield the dates of editions of which a time is still to come, in order."""
        for found in self.editions(self.local(now).date()):
            if self._moment(found.date, self.recurrence.last) > now:
                yield found.date

    def local(self, moment: datetime) -> datetime:
        """Return a moment by the newsletter's clock."""
        return moment.astimezone(self.zone)

    def _occasion(self, before: date | None, planned: date, after: date | None) -> Occasion:
        if self.only_in is not None and not span_of(planned, self.only_in):
            return self._skipped(planned, _outside(planned, self.only_in))
        exception = span_of(planned, self.exceptions)
        if exception is None:
            due = self._due(planned)
            return Occasion(planned, planned, due, self._odd_clock(due))
        day = self._working_day(planned, before, after)
        if day is None:
            return self._skipped(planned, exception.name)
        return Occasion(planned, day, self._due(day), f"moved from {weekday_date(planned)}: {exception.name}")

    def _skipped(self, planned: date, reason: str) -> Occasion:
        return Occasion(planned, planned, self._due(planned), reason, skipped=True)

    def _working_day(self, planned: date, before: date | None, after: date | None) -> date | None:
        """Return where an edition moves to; None where it does not."""
        if self.on_exception == "skip":
            return None
        step, neighbour = (1, after) if self.on_exception == "next" else (-1, before)
        for number in range(1, _FURTHEST_DAYS + 1):
            day = planned + timedelta(days=step * number)
            if day == neighbour:
                return None
            if self._is_working_day(day):
                return day
        return None

    def _is_working_day(self, day: date) -> bool:
        allowed = self.only_in is None or span_of(day, self.only_in)
        return day.weekday() not in _WEEKEND and bool(allowed) and not span_of(day, self.exceptions)

    def _due(self, day: date) -> datetime:
        return self._moment(day, self.recurrence.first)

    def _moment(self, day: date, at: time) -> datetime:
        """Return when the clock shows a time, in UTC: the first time, or the next it shows at all."""
        wall = datetime.combine(day, at, self.zone)
        while (moment := wall.astimezone(UTC)).astimezone(self.zone) != wall:  # nobody's clock shows it
            wall += timedelta(minutes=1)
        return moment

    def _odd_clock(self, due: datetime) -> str:
        wanted, shown = self.recurrence.first, self.local(due)
        if shown.time() != wanted:
            return f"the clocks go forward, so {wanted:%H:%M} is {shown:%H:%M}"
        if shown.utcoffset() != shown.replace(fold=1).utcoffset():
            return f"the clocks go back, so there are two {wanted:%H:%M}; it is the first"
        return ""


def _outside(day: date, spans: tuple[DaySpan, ...]) -> str:
    """Return "between Autumn term and Spring term"."""
    past = max((span for span in spans if span.last < day), key=lambda it: it.last, default=None)
    coming = min((span for span in spans if span.first > day), key=lambda it: it.first, default=None)
    if past and coming:
        return f"between {past.name} and {coming.name}"
    return (
        f"after {past.name}"
        if past
        else f"before {coming.name}"
        if coming
        else "on none of the days of only_in"
    )


def weekday_date(day: date) -> str:
    """Return "Fri 27 Nov 2026"."""
    return f"{day:%a} {day.day} {day:%b %Y}"
