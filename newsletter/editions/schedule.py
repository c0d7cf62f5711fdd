"""On which dates a newsletter comes out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim


def scheduled_dates(schedule: str, timezone: str, now: datetime) -> Iterator[date]:
    """Yield the local dates on which a newsletter falls due after now, each once, in order.

    schedule: a cron expression, read in the time zone; now: aware. Ends when the calendar does.
    """
    last = None
    for moment in CronSim(schedule, now.astimezone(ZoneInfo(timezone))):
        if moment.date() != last:
            last = moment.date()
            yield last
