"""Ten years of schedules, simulated: what is drafted, sent, skipped and held, and every promise looked at.

Newsletters in zones whose clocks change differently, each with a policy of its own, live through years in
which cron calls again and again (every hour, and every quarter of an hour in the weeks of clock changes),
the machine is off for random lengths of time from minutes to weeks, and editors approve in time, late or
never. Each edition that was due must have been sent once, or skipped, or be held as the newest; none early,
none unapproved, none twice, none after a newer one; no news may come to anybody twice. The long form of
tests/calendar_years.py. Beside them, a daily and a weekly newsletter at each quarter of an hour of the day,
in each zone: a year has each of their dates once.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

from results import Result, exactly, option, run_alone

from newsletter.editions.agenda import Policy
from newsletter.editions.bank_holidays import bank_holidays
from newsletter.editions.recurrence import parse_recurrence
from newsletter.editions.schedule import Schedule

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from calendar_years import World

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Schedule, zone, what is done on bank holidays of England, what becomes of missed ones, automatic approval.
NEWSLETTERS = [
    ("Sundays 01:30", "Europe/London", "next", "send", True),
    ("every weekday 07:00", "Europe/London", "skip", "skip", False),
    ("first Sunday of the month 02:30", "America/New_York", None, "hold", False),
    ("Sundays 02:15", "Australia/Lord_Howe", None, "send", False),
    ("the 1st and 15th 00:00", "Australia/Sydney", "previous", "skip", True),
    ("daily 01:30", "Europe/London", None, "hold", True),
]


@dataclass(frozen=True)
class Options:
    years: int = option(10, "years that each newsletter lives")
    seed: int = option(2024, "of outages and editors")


def run(options: Options) -> list[Result]:
    until = START.replace(year=START.year + options.years)
    holidays = bank_holidays("England", START.year, options.years + 1)
    broken = 0
    began = time.process_time()
    for words, zone, on_exception, on_missed, automatic in NEWSLETTERS:
        exceptions = holidays if on_exception else ()
        schedule = Schedule(parse_recurrence(words), ZoneInfo(zone), exceptions, None, on_exception or "skip")
        policy = Policy(24 * HOUR, 6 * HOUR, on_missed, automatic)
        world = World(schedule, policy, random.Random(options.seed), START, calls=_calls(schedule, until))
        world.live(until)
        faults = world.broken()
        broken += len(faults)
        told = ", ".join(f"{count:,} {end}" for end, count in sorted(world.ends().items()))
        print(f"  {words}, {zone}: {world.calls:,} calls, {told}; promises broken: {len(faults)}", flush=True)
        for fault in faults[:5]:
            print(f"    {fault}")
    twice = [*_broken_slots(START.year + 2)]
    for slot in twice[:5]:
        print(f"    {slot}")
    spent = Result("CPU seconds of all newsletters", time.process_time() - began)
    return [exactly("promises broken", broken), exactly("quarters of an hour that fail", len(twice)), spent]


def _broken_slots(year: int) -> Iterator[str]:
    """Yield each quarter of an hour at which a year has too many editions, or too few, or two of a date."""
    zones = ("Europe/London", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe")
    for zone, (hour, minute) in product(zones, product(range(24), range(0, 60, 15))):
        for words, least, most in (("daily", 365, 366), ("Sundays", 52, 53)):
            text = f"{words} {hour:02}:{minute:02}"
            schedule = Schedule(parse_recurrence(text), ZoneInfo(zone), (), None, "skip")
            found = [*takewhile(lambda it: it.date.year == year, schedule.editions(date(year, 1, 1)))]
            once = len({it.due for it in found}) == len({it.date for it in found}) == len(found)
            if not (once and least <= len(found) <= most):
                yield f"{text}, {zone}: {len(found)} times"


def _calls(schedule: Schedule, until: datetime) -> list[datetime]:
    """Return when cron calls: every hour, and every quarter of one in the weeks of clock changes."""
    calls, moment, week = [], START, timedelta(days=7)
    while moment < until:
        before, after = schedule.local(moment - week), schedule.local(moment + week)
        calls.append(moment)
        moment += HOUR if before.utcoffset() == after.utcoffset() else HOUR / 4
    return calls


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
