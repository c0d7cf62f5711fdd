"""Nobody is lost and nobody gets it twice: Ctrl-C, kill -9 and the same command again.

An edition is on its way to smtp-sink. It is interrupted once by Ctrl-C and once by kill -9, each at a random
moment, and each time the same command is given again. In the end the ledger must add up, at most one
delivery for each connection may be in doubt, and the sink, which keeps every message that it accepted, must
agree. Exit 1 when any of this does not hold.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import rig


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--members", type=int, default=20_000)
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--seed", type=int, help="to meet the same random moments again")
    options = options.parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    dice = random.Random(seed)
    print(f"{options.members:,} members, {options.connections} connections, seed {seed}")
    with rig.work_folder() as folder, rig.smtp_sink(folder / "sink", capture=True) as sink:
        project = folder / "project"
        rig.make_approved_edition(project, options.members, sink.port, options.connections)
        interrupt(project, sink, signal.SIGINT, int(options.members * dice.uniform(0.05, 0.45)), dice)
        interrupt(project, sink, signal.SIGKILL, int(options.members * dice.uniform(0.55, 0.9)), dice)
        last = rig.measure(rig.send_command(project))
        counts = rig.delivery_counts(project)
        print(f"  sent to the end: exit {last.code}\n{last.stdout.rstrip()}")
        faults = judge(counts, sink, options.connections)
    for fault in faults:
        print(f"FAULT: {fault}")
    raise SystemExit(1 if faults else 0)


def interrupt(project: Path, sink: rig.Sink, blow: signal.Signals, after: int, dice: random.Random) -> None:
    """Send until the sink has so many messages and a random moment has passed, then strike."""
    process = subprocess.Popen(
        rig.send_command(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while sink.messages() < after and process.poll() is None:
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.02))
    if process.poll() is None:
        process.send_signal(blow)
    said = "".join(process.communicate())
    if process.returncode not in {130, -blow}:
        raise SystemExit(f"{blow.name} came too late, exit {process.returncode}:\n{said}")
    counts = rig.delivery_counts(project)
    print(f"  {blow.name} at {sink.messages():,} messages: exit {process.returncode}; {counts}")
    if counts["planned"] != sum(counts.values()) - counts["planned"]:
        raise SystemExit("FAULT: the counts do not add up to the plan")


def judge(counts: dict[str, int], sink: rig.Sink, connections: int) -> list[str]:
    """Print what the ledger and the sink say, and return where they do not keep the promise."""
    planned, sent, unknown = counts["planned"], counts["sent"], counts["unknown"]
    messages = Counter(sink.recipients())
    twice = [recipient for recipient, times in messages.items() if times > 1]
    print(f"planned {planned:,}, sent {sent:,}, unknown {unknown:,}")
    print(
        f"smtp-sink: counted {sink.messages():,}, kept {messages.total():,} to {len(messages):,} recipients"
    )
    checks = {
        "planned is not sent + unknown": planned == sent + unknown,
        "more unknown than connections": unknown <= connections,
        f"twice to {len(twice):,} recipients": not twice,
        "the sink's files are not what it counted": messages.total() == sink.messages(),
        "the sink has fewer messages than sent": len(messages) >= sent,
        "the sink has more messages than sent + unknown": len(messages) <= sent + unknown,
    }
    return [fault for fault, holds in checks.items() if not holds]


if __name__ == "__main__":
    main()
