"""Several programs sending the same mail to the same sink, taking turns."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import rig
from sinks import SmtpSink

SENDER = "news@example.org"


@dataclass(frozen=True)
class Contender:
    """A program that sends. command: makes what is run in one round; environ: what it needs besides."""

    name: str
    command: Callable[[], Sequence[str | Path]]
    environ: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Standing:
    """What one contender did: the middle of all rounds by time, and the rates of all."""

    name: str
    messages: int
    run: rig.Run
    rates: tuple[float, ...]
    sink_cpu_s: float

    @property
    def rate(self) -> float:
        """Messages a second of the whole process."""
        return self.messages / self.run.seconds


def compete(
    contenders: Sequence[Contender], sink: SmtpSink, messages: int, rounds: int
) -> dict[str, Standing]:
    """Let each send so many messages in each round, the order turning round by round.

    Ends us when one of them fails, or when the sink has counted another number of messages.
    """
    runs: dict[str, list[tuple[rig.Run, float]]] = {it.name: [] for it in contenders}
    for number in range(rounds):
        for it in contenders if number % 2 == 0 else reversed(contenders):
            before, sink_cpu_s = sink.messages(), sink.cpu_s()
            run = rig.measure(it.command(), it.environ)
            taken = sink.messages() - before
            if run.code or taken != messages:
                sys.exit(f"{it.name} ended with {run.code}, {taken:,} of {messages:,} taken:\n{run.stdout}")
            runs[it.name].append((run, sink.cpu_s() - sink_cpu_s))
    return {name: _standing(name, messages, done) for name, done in runs.items()}


def _standing(name: str, messages: int, runs: list[tuple[rig.Run, float]]) -> Standing:
    middle = statistics.median_low([run.seconds for run, _ in runs])
    run, sink_cpu_s = next(it for it in runs if it[0].seconds == middle)
    return Standing(name, messages, run, tuple(messages / run.seconds for run, _ in runs), sink_cpu_s)


def tell(standings: Mapping[str, Standing], yardstick: str) -> None:
    """Print a line for each contender, measured against one of them.

    µs each: CPU for a message; sink: the sink's CPU for it, so that one sees who waited for whom.
    """
    print(
        f"  {'':22} {'a second':>9} {'(all rounds)':>15} {'times':>6}"
        f" {'CPU s':>7} {'µs each':>8} {'sink':>5} {'MiB':>6}"
    )
    base = standings[yardstick].rate
    for it in standings.values():
        rates = f"{min(it.rates):,.0f}..{max(it.rates):,.0f}"
        each = it.run.cpu_s / it.messages * 1e6
        print(
            f"  {it.name:22} {it.rate:9,.0f} {rates:>15} {it.rate / base:6.2f} {it.run.cpu_s:7.1f}"
            f" {each:8,.0f} {it.sink_cpu_s / it.messages * 1e6:5,.0f} {it.run.peak_mib:6.0f}"
        )


def ours(project: Path, name: str = "newsletter", environ: Mapping[str, str] | None = None) -> Contender:
    """Return `edition send`, each round with a fresh copy of a project whose edition is approved."""
    numbers = count(1)

    def command() -> Sequence[str | Path]:
        fresh = project.with_name(f"{project.name}-{next(numbers)}")
        for left_over in project.parent.glob(f"{project.name}-*"):
            shutil.rmtree(left_over)
        shutil.copytree(project, fresh)
        os.sync()  # so that writing the copy is not counted as sending
        return rig.send_command(fresh)

    return Contender(name, command, environ)


def smtp_source(message: Path, port: int, messages: int, connections: int) -> Contender:
    """Return smtp-source, which sends everybody one message over connections that stay open."""
    plain = message.with_suffix(".lines")  # it puts a CR LF behind each line by itself
    plain.write_bytes(message.read_bytes().replace(b"\r\n", b"\n"))
    sized = ["-d", "-s", str(connections), "-m", str(messages), "-F", str(plain)]
    people = ["-f", SENDER, "-t", rig.member(0)]
    program = rig.system_program("smtp-source", "postfix")
    return Contender(
        f"smtp-source -d -s {connections}", lambda: [program, *sized, *people, f"{rig.LOOPBACK}:{port}"]
    )


def libraries(folder: Path, message: Path, port: int, messages: int, connections: int) -> list[Contender]:
    """Return the programs in peers/, each sending the message with other names in it."""
    template = message.with_suffix(".template")
    template.write_bytes(make_template(message.read_bytes()))
    sized = [str(port), str(messages), str(connections), str(template)]
    peers = rig.HERE / "peers"
    found = [
        Contender("smtplib", lambda: [sys.executable, peers / "with_smtplib.py", *sized]),
        Contender("aiosmtplib", lambda: [sys.executable, peers / "with_aiosmtplib.py", *sized]),
    ]
    modules = install_nodemailer(folder)
    if modules is None:
        print("  nodemailer: not installed (it takes node, npm and a registry)")
        return found
    script = peers / "with_nodemailer.cjs"
    return [
        *found,
        Contender("nodemailer", lambda: ["node", script, *sized], {"NODE_PATH": str(modules)}),
    ]


def make_template(message: bytes) -> bytes:
    """Return a message with %%NAME%% and %%ADDRESS%% where the recipient stands in its head."""
    recipient = re.compile(rb"^To: .*(?:\r\n[ \t].*)*", re.MULTILINE)
    template, found = recipient.subn(b"To: %%NAME%% <%%ADDRESS%%>\r", message, count=1)
    if not found:
        sys.exit("the preview has no line To:")
    return template.replace(b">\r\r\n", b">\r\n")


def install_nodemailer(folder: Path) -> Path | None:
    """Install nodemailer into a folder and return where node finds it, or None where that cannot be done."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return None
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder / "node")]
    done = subprocess.run([npm, "install", *quiet, "nodemailer"], check=False, capture_output=True)
    return folder / "node" / "node_modules" if done.returncode == 0 else None
