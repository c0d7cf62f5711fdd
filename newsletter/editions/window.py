"""Between which times items count, and for whom: monthly members look back to the month before."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.editions.types import HistoryGroup
from newsletter.members.types import Frequency


def oldest_time(day: date, timezone: str, max_age: timedelta) -> datetime:
    """Return from when on items count for an edition of that day, whenever it is drafted."""
    try:
        return (_midnight(day, timezone) - max_age).astimezone(UTC)
    except OverflowError:  # before the year 1
        return datetime.min.replace(tzinfo=UTC)


def newest_time(day: date, timezone: str, now: datetime) -> datetime:
    """Return until when items count: news that is dated after that day, and after now, waits."""
    try:
        end_of_day = (_midnight(day, timezone) + timedelta(days=1)).astimezone(UTC)
    except OverflowError:  # after the year 9999
        end_of_day = datetime.max.replace(tzinfo=UTC)
    return max(now, end_of_day)


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone))


def month(day: date) -> tuple[date, date]:
    """Return the first and the last day of the calendar month."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def without_aged(groups: Iterable[HistoryGroup], aged: Collection[int]) -> list[HistoryGroup]:
    """Let items that are older than `max_age` come to monthly members only: to others they are as if carried.

    aged: those that every edition since the last month's first might have brought, and this one no more.
    """
    return [
        group if group.frequency == Frequency.MONTHLY else replace(group, carried=group.carried.union(aged))
        for group in groups
    ]
