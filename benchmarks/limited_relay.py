"""A relay takes a hundred messages a minute at first: everybody is reached, and nobody counts as refused.

For its first minutes the recording sink takes no more than that in any 60 seconds and answers everything
above with 451 4.7.1 or with 421 and a closed connection; then it takes all. `edition send --go` runs until it
ends, and again after a little while as cron would have it, until nothing is pending or deferred. What the
relay took and turned away is told for each ten seconds, beside the rate that the ledger keeps for it: the
pace has to drop while the relay complains, and to recover.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import rig
from ledger import Ledger
from results import Result, exactly, option, run_alone
from sinks import RecordingSink, recording_sink

AGAIN_S = 20.0
LOOK_S = 0.2


@dataclass(frozen=True)
class Options:
    members: int = option(10_000, "members of the edition")
    connections: int = option(8, "connections of the sender")
    limit: int = option(100, "messages that the relay takes in a minute at first")
    minutes: float = option(3.0, "how long it limits")
    tell_s: float = option(10.0, "seconds of one line")
    patience_minutes: float = option(60.0, "after which we give up")


@dataclass
class Watch:
    """What the relay's diary says, line by line."""

    sink: RecordingSink
    ledger: Ledger
    tell_s: float
    began: float = field(default_factory=time.monotonic)
    lines: list[tuple[float, int, int]] = field(default_factory=list)
    _told_s: float = 0.0
    _seen: tuple[int, int, int] = (0, 0, 0)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def look(self, *, last: bool = False) -> None:
        """Read the diary, and tell a line when it is time."""
        self.sink.read()
        if not last and self.seconds < self._told_s + self.tell_s:
            return
        seen = (self.sink.codes[250], self.sink.codes[421], self.sink.codes[451])
        taken, closed, later = (new - old for new, old in zip(seen, self._seen, strict=True))
        self._seen, since = seen, self.seconds - self._told_s
        self._told_s = self.seconds
        self.lines.append((since, taken, closed + later))
        if not any(self.lines[-1][1:]) and len(self.lines) > 1 and not any(self.lines[-2][1:]):
            return  # one line says that all is quiet
        rate = self.ledger.relay_rate()
        print(
            f"  {self.seconds:6.0f} s {taken:6,} taken {closed:5,} x 421 {later:5,} x 451"
            f"   {'no limit known' if rate is None else f'pace {rate:.2f} a second'}",
            flush=True,
        )


def run(options: Options) -> list[Result]:
    print(
        f"limited: {options.members:,} members,"
        f" {options.limit} messages a minute for {options.minutes:g} minutes"
    )
    limit = ["--limit", str(options.limit), "--limited-s", str(options.minutes * 60)]
    with rig.work_folder() as folder:
        with recording_sink(folder / "sink", *limit) as sink:
            project = folder / "project"
            rig.make_approved_edition(project, options.members, sink.port, options.connections)
            ledger = Ledger(f"sqlite:///{project}/newsletter.db")
            watch = Watch(sink, ledger, options.tell_s)
            counts = send_to_the_end(project, watch, options.patience_minutes * 60)
        watch.look(last=True)
        ledger.close()
    print(f"  {watch.seconds:.0f} s in all; the ledger says {counts}")
    attempts = [(taken + refused) / since for since, taken, refused in watch.lines if since]
    refused = [number for number, line in enumerate(watch.lines) if line[2]]
    calm = min(attempts[refused[0] + 1 : refused[-1] + 1], default=0.0) if refused else 0.0
    return [
        exactly("limited relay: not reached", options.members - len(sink.taken)),
        exactly("limited relay: reached twice", len(sink.twice)),
        exactly("limited relay: sent, by the ledger", counts["sent"], options.members),
        exactly("limited relay: refused, by the ledger", counts["refused"]),
        Result("limited relay: messages turned away", sink.codes[421] + sink.codes[451], digits=0),
        Result("limited relay: attempts a second at first", attempts[0], digits=1),
        Result("limited relay: attempts a second, fewest while it limits", calm, digits=1),
        Result("limited relay: attempts a second, most in the end", max(attempts[-12:]), digits=1),
        Result("limited relay: minutes until the last was reached", watch.seconds / 60, digits=1),
    ]


def send_to_the_end(project: Path, watch: Watch, patience_s: float) -> dict[str, int]:
    """Send, again and again, until nothing is left that may yet be sent; return the last counts."""
    while watch.seconds < patience_s:
        code = send_once(project, watch)
        counts = rig.delivery_counts(project)
        print(f"  {watch.seconds:6.0f} s send ended with {code}: {tell_counts(counts)}", flush=True)
        if not counts["pending"] + counts["sending"] + counts["deferred"]:
            return counts
        again = watch.seconds + AGAIN_S
        while watch.seconds < again:
            watch.look()
            time.sleep(LOOK_S)
    return sys.exit(f"still not done after {patience_s / 60:.0f} minutes: {rig.delivery_counts(project)}")


def send_once(project: Path, watch: Watch) -> int:
    """Run `edition send --go` to its end, looking at the diary meanwhile."""
    with (project.parent / "senders.log").open("ab") as log:
        command = rig.send_command(project)
        sender = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while sender.poll() is None:
            watch.look()
            time.sleep(LOOK_S)
    return sender.returncode


def tell_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count)


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
