"""Ten years of `newsletter run`, 2024 to 2034: every edition once, every story once to each whom it is for.

Three newsletters in London, New York and on Lord Howe Island, whose readers overlap, live through ten years
in one real project: feeds are read from files, the database is SQLite, mail is written and read again; only
the clock is turned. Editions are due when clocks change. cron calls hourly in the weeks around each change
and daily else, and whenever something is to be drafted or due; the machine is off for random lengths of time
up to forty days; editors approve early, late or never; members get each edition or one a month, join, and
change. The world is that of round_years.py.

What has to hold:
  editions        each that was due was sent once, or left out with its reason, or is held as the newest
  stories         once to each member whom it is for, and to nobody else; mail is the judge, not our ledger
  months          a monthly member gets one edition of a newsletter in a month
  notes           nothing was due before the end of a note that lets `run` end at once
  trouble         no round met any
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from results import Result, exactly, option, run_alone
from round_years import Years

START = datetime(2024, 1, 1, 12, tzinfo=UTC)
CALM_DAYS = 120


@dataclass(frozen=True)
class Options:
    years: int = option(10, "years to live through")
    seed: int = option(-1, "to meet the same years again; -1: others each time")


def run(options: Options) -> list[Result]:
    seed = random.randrange(1_000_000) if options.seed < 0 else options.seed
    print(f"years: {options.years} from {START:%Y} on, seed {seed}", flush=True)
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="newsletter-years-", ignore_cleanup_errors=True) as name:
        years = Years(Path(name) / "project", random.Random(seed), START)
        with years.project:
            live(years, START.replace(year=START.year + options.years))
            spent = time.process_time() - began
            tell(years)
            results = judge(years)
    return [*results, Result("CPU seconds", spent, digits=0)]


def live(years: Years, until: datetime) -> None:
    """Let the years go by, and tell of each."""
    began, year = time.process_time(), START.year
    for now in years.live(until, CALM_DAYS):
        if now.year > year:
            spent = time.process_time() - began
            print(
                f"  {year}: {years.calls:,} calls so far, {years.mails.total():,} mails, CPU {spent:.0f} s",
                flush=True,
            )
            year = now.year


def tell(years: Years) -> None:
    """Say what happened."""
    print(f"  {years.calls:,} calls, of which these came: {_told(years.happened)}")
    print(f"  {len(years.occasions()):,} editions were due: {_told(years.ends())}")
    print(
        f"  {len(years.stories):,} stories in {years.mails.total():,} mails, {years.carried.total():,} times"
        f" carried; {years.notes:,} notes looked at; approvals refused: {_told(years.refused) or 'none'}"
    )
    for fault in years.broken()[:12]:
        print(f"  FAULT: {fault}", flush=True)


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


def judge(years: Years) -> list[Result]:
    """Return each promise with how often it was broken."""
    return [
        exactly("editions neither sent, left out nor held, with reason", len([*years.unfinished()])),
        exactly("editions or stories that came to somebody twice", len([*years.twice()])),
        exactly("stories that never came, or to somebody else", len([*years.lost()])),
        exactly("months in which a monthly member got two", len([*years.too_often()])),
        exactly("troubles, early mail and notes that hid something", len(years.faults)),
    ]


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
