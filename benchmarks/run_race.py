"""Fifty times `newsletter run` at the same moment, with an edition due: everybody gets it once.

All processes stand ready with their modules loaded, and go at the closing of one pipe. Nothing of the edition
is made yet: feeds are due to be read, the edition of the week before is to be left out, and this one is to be
drafted, approved by itself, planned and sent. On SQLite and on PostgreSQL. The judge is the diary of the
recording sink. What has to hold:
  not reached     0 members
  got it twice    0
  the ends        every process ends with exit code 0, and none with a traceback
  afterwards      the edition is `sent`, and one more run has nothing to say
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import rig
from crash_campaign import database
from results import Result, exactly, option, run_alone
from sinks import RecordingSink, recording_sink

CONNECTIONS = 8
#: argv: descriptors of the pipe that says that it is ready, and of the one whose end is the start.
RUNNER = """
import os, sys
import newsletter.workflows.round, newsletter.workflows.prepare, newsletter.workflows.send_due
from newsletter.cli.main import main
ready, start = int(sys.argv.pop(1)), int(sys.argv.pop(1))
os.write(ready, b".")
os.close(ready)
os.read(start, 1)
main()
"""


@dataclass(frozen=True)
class Options:
    processes: int = option(50, "runs that begin at once")
    members: int = option(5_000, "members of the edition")
    database: str = option("both", "where the ledger is", choices=["sqlite", "postgresql", "both"])


def run(options: Options) -> list[Result]:
    names = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    return [result for name in names for result in race(name, options)]


def race(name: str, options: Options) -> list[Result]:
    """Make a project with an edition that is due, let all run, and judge what arrived."""
    with ExitStack() as opened:
        folder = opened.enter_context(rig.work_folder())
        project = folder / "project"
        _, tables = opened.enter_context(database(name, project))
        sink = opened.enter_context(recording_sink(folder / "sink"))
        due = make_due_edition(project, options.members, sink.port, tables)
        began = time.monotonic()
        codes, said = run_at_once(project, due, options.processes)
        seconds = time.monotonic() - began
        again = rig.measure([*run_command(project, due)])
        shown = json.loads(rig.newsletter(project, "--json", "edition", "show", rig.EDITION).stdout)
    told = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    print(f"  {name}: {options.processes} processes in {seconds:.1f} s; they ended {told}")
    print("".join(f"    {line}\n" for line in sorted(set(said.splitlines()))[:12]), end="", flush=True)
    return [
        *judge_people(name, sink, options.members),
        exactly(f"{name}: processes that did not end with 0", options.processes - codes[0]),
        exactly(f"{name}: tracebacks", said.count("Traceback")),
        exactly(f"{name}: deliveries not sent", options.members - shown["counts"]["sent"]),
        exactly(f"{name}: bytes that one more run had to say", len(again.stdout)),
    ]


def judge_people(name: str, sink: RecordingSink, members: int) -> list[Result]:
    """Everybody once, by the sink's diary."""
    return [
        exactly(f"{name}: members not reached", members - len(sink.taken)),
        exactly(f"{name}: got it twice", len(sink.twice)),
    ]


def make_due_edition(project: Path, members: int, relay_port: int, tables: str) -> str:
    """Make a project whose editions are made, approved and sent by `run` alone; return when one is due.

    A run has been there before, and the machine was off since: the edition of a week before is overtaken.
    """
    rig.make_project(project)
    relay = f'host = "{rig.LOOPBACK}"\nport = {relay_port}\nsecurity = "none"\nconnections = {CONNECTIONS}'
    rig.change_settings(
        project, {"outbox": relay, "max_items": f'max_items = {rig.ITEMS}\napproval = "automatic"'}, tables
    )
    rig.write_members(project / "members.csv", members)
    rig.newsletter(project, "member", "import", str(project / "members.csv"))
    rig.newsletter(project, "run")
    coming = json.loads(rig.newsletter(project, "--json", "schedule", "list", "--next", "2").stdout)
    return str(coming[-1]["due"])


def run_command(project: Path, due: str) -> list[str | Path]:
    """Return the command that cron would call when it is due."""
    return [rig.NEWSLETTER, "-C", project, "run", "--now", due]


def run_at_once(project: Path, due: str, processes: int) -> tuple[Counter[int], str]:
    """Let so many runs begin at one moment; return their exit codes and all that they said."""
    (is_ready, ready), (start, go) = os.pipe(), os.pipe()
    with (project.parent / "runs.log").open("w+", encoding="utf-8") as log:
        command = [
            sys.executable,
            "-c",
            RUNNER,
            str(ready),
            str(start),
            *map(str, run_command(project, due)[1:]),
        ]
        runners = [
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(ready, start)
            )
            for _ in range(processes)
        ]
        for end in (ready, start):
            os.close(end)
        waiting = processes
        while waiting and (came := os.read(is_ready, waiting)):
            waiting -= len(came)
        os.close(go)
        codes = Counter(runner.wait() for runner in runners)
        os.close(is_ready)
        log.seek(0)
        return codes, log.read()


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
