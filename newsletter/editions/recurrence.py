"""How often a newsletter comes out: a cron expression, or plain words, which are turned into one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

from cronsim import CronSim, CronSimError

_FIELDS = 5
_DAY, _PATIENCE = timedelta(days=1), timedelta(days=50 * 366)
_CRON = re.compile(r"[\d*][\d*,/-]*(?:\s+\S+){3,6}")
_HOW = (
    'write it as "Fridays 07:00", "every weekday 07:30", "first Monday of the month 08:30", '
    '"the 1st and 15th 09:00", or as a cron expression: "0 7 * * FRI"'
)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """On which days a newsletter comes out, and when on a day.

    text: as it was written; cron: the same as a cron expression. first, last: the times of a day; several
    make one edition, which is due at the first.
    """

    text: str
    cron: str
    first: time
    last: time

    def dates(self, since: date) -> Iterator[date]:
        """Yield its dates in order, from that day on. Ends when there is none for fifty years."""
        cron, day, last = _days(self.cron), since, since
        while day - last < _PATIENCE:
            if day.month in cron.months and cron.match_day(day):
                last = day
                yield day
            if day == date.max:
                return
            day += _DAY


def parse_recurrence(text: str) -> Recurrence:
    """Read a cron expression or plain words; raises ValueError that says how to write it."""
    cron = text if _CRON.fullmatch(text.strip()) else _from_words(text)
    if len(cron.split()) != _FIELDS:
        raise ValueError(
            "not a cron expression: it has five fields, for minute, hour, day of the month, month and weekday"
        )
    try:
        parsed = _days(cron)
    except CronSimError as fault:
        raise ValueError(f"not a cron expression ({fault}); {_HOW}") from None
    first = time(min(parsed.hours), min(parsed.minutes))
    return Recurrence(text, cron, first, time(max(parsed.hours), max(parsed.minutes)))


@cache
def _days(cron: str) -> CronSim:
    """Return the expression as a matcher of days; finding moments with it takes a millisecond each."""
    return CronSim(cron, datetime(2000, 1, 1))  # noqa: DTZ001 - moments are not asked for


def _from_words(text: str) -> str:
    from newsletter.editions.plain_words import cron_of  # noqa: PLC0415 - its patterns take time to make

    try:
        return cron_of(text)
    except ValueError as fault:
        raise ValueError(f"{fault}; {_HOW}") from None
