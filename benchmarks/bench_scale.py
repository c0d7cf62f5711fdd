"""What a very large edition costs: memory, and CPU for each message, against a small one.

Both go to smtp-sink, which keeps nothing. The send process is watched from outside: until the first message
arrives it plans, then it sends. What one message costs is the CPU of the second part alone, since start-up
would flatter the large edition; planning is told apart. Peak memory is that of the whole process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import contest
import psutil
import rig
from results import Result, option, run_alone
from sinks import SmtpSink, smtp_sink

#: In bytes, and times the cost of a message in the small edition.
MOST_MEMORY = 150e6
MOST_COST = 1.15
LOOK_S = 0.01


@dataclass(frozen=True)
class Options:
    members: int = option(200_000, "members of the large edition")
    small: int = option(10_000, "members of the small one")
    connections: int = option(16, "connections")
    rounds: int = option(3, "rounds of the small edition; the middle one counts")


@dataclass(frozen=True)
class Watched:
    """One whole `edition send`, its parts told apart."""

    run: rig.Run
    planning_s: float
    planning_cpu_s: float

    @property
    def sending_s(self) -> float:
        return self.run.seconds - self.planning_s

    @property
    def sending_cpu_s(self) -> float:
        return self.run.cpu_s - self.planning_cpu_s


def run(options: Options) -> list[Result]:
    small = send_edition(options.small, options.connections, options.rounds)
    large = send_edition(options.members, options.connections, 1)
    cost = large.sending_cpu_s / options.members / (small.sending_cpu_s / options.small)
    peak = large.run.peak_mib * 1024 * 1024
    return [
        Result(f"peak memory for {options.members:,} members, MB", peak / 1e6, at_most=MOST_MEMORY / 1e6),
        Result(f"CPU of a message, times that for {options.small:,}", cost, at_most=MOST_COST),
    ]


def send_edition(members: int, connections: int, rounds: int) -> Watched:
    """Make an edition for so many members, send it once each round, and return the middle round."""
    with rig.work_folder() as folder, smtp_sink(folder / "sink") as sink:
        began = time.perf_counter()
        imported = rig.make_approved_edition(folder / "project", members, sink.port, connections)
        prepared_s = time.perf_counter() - began - imported.seconds
        print(
            f"scale: {members:,} members: import {imported.seconds:.1f} s ({imported.cpu_s:.1f} s of CPU, "
            f"{imported.peak_mib:.0f} MiB), draft, preview and approval {prepared_s:.1f} s"
        )
        if rounds == 1:
            return tell(watch(rig.send_command(folder / "project"), sink, members), members, sink)
        mine = contest.ours(folder / "project")
        done = [tell(watch(mine.command(), sink, members), members, sink) for _ in range(rounds)]
    middle = statistics.median_low([it.sending_cpu_s for it in done])
    return next(it for it in done if it.sending_cpu_s == middle)


def watch(command: Sequence[str | Path], sink: SmtpSink, members: int) -> Watched:
    """Run the command to its end and note when its first message arrived."""
    before = sink.messages()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
        planning_cpu_s = 0.0
        with suppress(psutil.NoSuchProcess):
            seen = psutil.Process(process.pid)
            while sink.messages() == before and seen.status() != psutil.STATUS_ZOMBIE:
                used = seen.cpu_times()
                planning_cpu_s = used.user + used.system
                time.sleep(LOOK_S)
        planning_s = time.perf_counter() - began
        run = rig.ended(process, out, began)
    if run.code or sink.messages() - before != members:
        sys.exit(f"ended with {run.code}, {sink.messages() - before:,} of {members:,} taken:\n{run.stdout}")
    return Watched(run, planning_s, planning_cpu_s)


def tell(it: Watched, members: int, sink: SmtpSink) -> Watched:
    print(
        f"  planning {it.planning_s:.1f} s ({it.planning_cpu_s:.1f} s of CPU), sending {it.sending_s:.1f} s "
        f"({members / it.sending_s:,.0f} a second, {it.sending_cpu_s / members * 1e6:,.0f} µs of CPU each; "
        f"the sink's CPU so far {sink.cpu_s():.1f} s), peak {it.run.peak_mib:.0f} MiB",
        flush=True,
    )
    return it


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
