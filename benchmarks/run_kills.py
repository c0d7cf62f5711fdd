"""A hundred times `kill -9` at random moments of `newsletter run`, which cron starts again each time.

The edition is due, and all is left to `run`: reading feeds, leaving out the edition of the week before,
drafting, approving, planning, sending. A third of the kills come at a random time after the start, while that
is prepared or taken up again; the others wait until a random number of messages has arrived, so that they are
spread over the whole edition. Blows and judge are those of `crash_campaign.py`: by the sink's diary nobody
is lost, nobody gets it twice, and a kill leaves no more in doubt than there were open connections.
Beside that, the database has to be sound in the end.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass

import rig
from crash_campaign import Campaign, database
from crash_judge import Setting, judge
from ledger import Ledger
from results import Result, exactly, option, run_alone
from run_race import CONNECTIONS, make_due_edition, run_command
from sinks import recording_sink

EARLY_SHARE, LATEST_EARLY_S = 1 / 3, 2.5


@dataclass(frozen=True)
class Options:
    kills: int = option(100, "kill -9 on each kind of database")
    members: int = option(4_000, "members of the edition")
    database: str = option("both", "where the ledger is", choices=["sqlite", "postgresql", "both"])
    rate: int = option(60, "messages a second that the sink lets through")
    seed: int = option(-1, "to meet the same random moments again; -1: others each time")


def run(options: Options) -> list[Result]:
    names = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    seed = random.randrange(1_000_000) if options.seed < 0 else options.seed
    print(f"kills: {options.kills} kill -9, {options.members:,} members, seed {seed}", flush=True)
    return [result for name in names for result in campaign(name, options, seed)]


def campaign(name: str, options: Options, seed: int) -> list[Result]:
    """Let `run` be killed again and again on one kind of database, and judge what arrived."""
    began = time.monotonic()
    setting = Setting(
        name, "hold", 1, options.kills, 0, options.members, CONNECTIONS, EARLY_SHARE, LATEST_EARLY_S
    )
    late_ms = 1000 * CONNECTIONS / (3 * options.rate)
    with rig.work_folder() as folder, database(name, folder / "project") as (url, tables):
        project = folder / "project"
        with recording_sink(folder / "sink", "--delay-ms", f"{late_ms:.2f}") as sink:
            due = make_due_edition(project, options.members, sink.port, tables)
            ledger = Ledger(url)
            blows = Campaign(project, sink, ledger, setting, seed, command=run_command(project, due))
            blows.run()
        results = [
            *judge(setting, blows.tally, sink, ledger.by_member()),
            exactly(f"{setting}: faults of the database", len(ledger.damage())),
        ]
        if not all(result.holds for result in results):
            print(blows.said())
        ledger.close()
    print(f"  {time.monotonic() - began:.0f} s")
    return results


if __name__ == "__main__":
    if sys.platform == "win32":
        sys.exit("kill -9 is a matter of Unix")
    run_alone(__doc__, Options, run)
