"""Nobody is lost and nobody gets it twice: an edition whose senders are killed two hundred times.

`edition send --go` sends an edition to the recording sink. At random moments a sender gets `kill -9`, is
looked at in the ledger, and is started again by the same command at once: on SQLite one sender, on PostgreSQL
two at a time, of which one or both are killed; with `on_unknown = "hold"` and with "resend". Most kills wait
until a random number of messages has arrived, so that they are spread over the whole edition; one in eight
comes at a random time after the start, while a sender still plans or takes over what the one before left. A
few gentle Ctrl-C are mixed in. The sink answers late by random times, so that kills meet every stage of a
message, and so that two hundred fit into one edition.

The judge is the sink's diary, written before each answer, and not our ledger. What has to hold:
  lost            0: planned, but neither in the diary nor given up as `unknown` in the ledger
  in doubt        at any kill at most one delivery for each open connection of what was killed; none at Ctrl-C
  hold            nobody twice
  resend          nobody twice but those who were sent again after a doubt, once, with an equal Message-ID
  the ledger      adds up to the plan after each blow; `sent` means that it is in the diary
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import rig
from crash_judge import Setting, Tally, judge
from ledger import Ledger
from postgres import postgres
from results import Result, option, run_alone
from sinks import RecordingSink, recording_sink

EARLY_SHARE, LATEST_EARLY_S = 1 / 8, 1.2
LOOK_S = 0.002
#: What may pass between two blows before we call it a hang, and how long a sender may take to its end.
PATIENCE_S = 120
TOLD_EVERY = 25
#: All sent, or some given up; and how a process ends on Ctrl-C, also before it could say how it wants to.
ENDINGS, INTERRUPTED = {0, 3}, {130, -signal.SIGINT}
RATES = {"sqlite": 500, "postgresql": 90}


@dataclass(frozen=True)
class Options:
    kills: int = option(200, "kill -9 in each campaign")
    interrupts: int = option(5, "Ctrl-C in each campaign")
    members: int = option(20_000, "members of the edition")
    connections: int = option(8, "connections of each sender")
    database: str = option("both", "where the ledger is", choices=["sqlite", "postgresql", "both"])
    on_unknown: str = option("both", "what becomes of a doubt", choices=["hold", "resend", "both"])
    rate: int = option(0, "messages a second that the sink lets through; 0: 500, and 90 with two senders")
    seed: int = option(-1, "to meet the same random moments again; -1: others each time")


class Campaign:
    """One edition, its senders, and the blows that they get."""

    def __init__(
        self, project: Path, sink: RecordingSink, ledger: Ledger, setting: Setting, seed: int
    ) -> None:
        self.tally = Tally()
        self._project, self._sink, self._ledger = project, sink, ledger
        self._setting = setting
        self._dice = random.Random(seed)
        self._log = (project.parent / "senders.log").open("ab")
        self._senders: list[subprocess.Popen[bytes]] = []

    def run(self) -> None:
        """Deliver all blows, and let the edition come to its end."""
        blows = ["kill"] * self._setting.kills + ["interrupt"] * self._setting.interrupts
        self._dice.shuffle(blows)
        self._senders = [self._start() for _ in range(self._setting.senders)]
        try:
            for number, blow in enumerate(blows):
                self._wait_for_the_moment(blow, len(blows) - number)
                struck = self._strike(blow)
                if struck == 0:
                    self.tally.faults.append(f"the edition was done before {len(blows)} blows")
                    break
                self._check_sum()
                self._senders = [it if it.poll() is None else self._again(it) for it in self._senders]
                if (number + 1) % TOLD_EVERY == 0:
                    self._tell(number + 1)
            self._finish()
        finally:
            for sender in self._senders:
                if sender.poll() is None:
                    sender.kill()
                    sender.wait()
            self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = rig.send_command(self._project)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def _again(self, ended: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Start a sender in the place of one that was struck, or that came to an end by itself."""
        self._refuse_failure(ended)
        return self._start()

    def _refuse_failure(self, ended: subprocess.Popen[bytes]) -> None:
        if ended.returncode not in {*ENDINGS, *INTERRUPTED, -signal.SIGKILL}:
            self.tally.faults.append(f"a sender ended with {ended.returncode}")

    def _wait_for_the_moment(self, blow: str, blows_left: int) -> None:
        """Wait until a share of what is left has arrived, or now and then for a time that is not long."""
        if blow == "kill" and self._dice.random() < EARLY_SHARE:
            time.sleep(self._dice.uniform(0, LATEST_EARLY_S))
            return
        self._sink.read()
        before = self._sink.messages
        left = max(0, self._setting.members - len(self._sink.taken))
        awaited = before + max(1, left * self._dice.uniform(0.1, 1.7) / (blows_left + 1))
        deadline = time.monotonic() + PATIENCE_S
        while self._sink.messages < awaited and any(it.poll() is None for it in self._senders):
            if time.monotonic() > deadline:
                sys.exit(f"no message for {PATIENCE_S} s:\n{self.said()}")
            time.sleep(LOOK_S)
            self._sink.read()
        time.sleep(self._dice.uniform(0, 0.02))

    def _strike(self, blow: str) -> int:
        """Kill or interrupt one sender or several, and count what they leave in doubt."""
        alive = [sender for sender in self._senders if sender.poll() is None]
        struck = self._dice.sample(alive, self._dice.randint(1, len(alive))) if alive else []
        number = signal.SIGKILL if blow == "kill" else signal.SIGINT
        for sender in struck:
            sender.send_signal(number)
        for sender in struck:
            code = sender.wait(timeout=PATIENCE_S)
            doubt = self._ledger.in_doubt(sender.pid)
            if blow == "kill":
                self.tally.doubts.append(doubt)
            elif doubt or code not in INTERRUPTED:
                self.tally.faults.append(f"Ctrl-C ended with {code} and left {doubt} in doubt")
        if blow == "kill":
            self.tally.kills += bool(struck)
        else:
            self.tally.interrupts += bool(struck)
        return len(struck)

    def _check_sum(self) -> None:
        """The rows are all there or, before the plan was committed, none."""
        planned = sum(self._ledger.statuses().values())
        if planned not in {0, self._setting.members}:
            self.tally.faults.append(f"{planned:,} deliveries after a blow")

    def _tell(self, blows: int) -> None:
        shown = rig.delivery_counts(self._project)
        planned = shown.pop("planned")
        if planned != sum(shown.values()):
            self.tally.faults.append(f"edition show: {planned:,} planned, but {shown}")
        self._sink.read()
        told = ", ".join(f"{count:,} {status}" for status, count in shown.items() if count)
        print(f"  {blows} blows: {self._sink.messages:,} messages arrived; {told}", flush=True)

    def _finish(self) -> None:
        """Wait for those that run, and send what is left until nothing is."""
        for sender in self._senders:
            sender.wait(timeout=PATIENCE_S * 5)
            self._refuse_failure(sender)
        last = rig.measure(rig.send_command(self._project))
        if last.code not in ENDINGS:
            self.tally.faults.append(f"the last run ended with {last.code}: {last.stdout}")

    def said(self) -> str:
        """Return the end of what the senders wrote."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")[-3000:]


def run(options: Options) -> list[Result]:
    # Started in a shell's background we ignore Ctrl-C, and so would the senders.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seed = random.randrange(1_000_000) if options.seed < 0 else options.seed
    print(
        f"crash: {options.kills} kill -9 and {options.interrupts} Ctrl-C for each campaign,"
        f" {options.members:,} members, {options.connections} connections, seed {seed}"
    )
    databases = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    choices = ["hold", "resend"] if options.on_unknown == "both" else [options.on_unknown]
    results = []
    for name in databases:
        for choice in choices:
            senders = 2 if name == "postgresql" else 1
            setting = Setting(
                name, choice, senders, options.kills, options.interrupts, options.members, options.connections
            )
            results += run_campaign(setting, options.rate or RATES[name], seed)
    return results


def run_campaign(setting: Setting, rate: int, seed: int) -> list[Result]:
    """Run one campaign and judge it."""
    began = time.monotonic()
    print(f"{setting}:", flush=True)
    # Three answers of a message come late, on all connections at once.
    late_ms = 1000 * setting.connections * setting.senders / (3 * rate)
    with rig.work_folder() as folder, database(setting, folder / "project") as (url, tables):
        with recording_sink(folder / "sink", "--delay-ms", f"{late_ms:.2f}") as sink:
            project = folder / "project"
            rig.make_approved_edition(
                project,
                setting.members,
                sink.port,
                setting.connections,
                tables=tables,
                on_unknown=setting.on_unknown,
            )
            ledger = Ledger(url)
            campaign = Campaign(project, sink, ledger, setting, seed)
            campaign.run()
        results = judge(setting, campaign.tally, sink, ledger.by_member())
        if not all(result.holds for result in results):
            print(campaign.said())
        ledger.close()
    print(f"  {time.monotonic() - began:.0f} s")
    return results


@contextmanager
def database(setting: Setting, project: Path) -> Iterator[tuple[str, str]]:
    """Give the URL of an empty database, and what newsletter.toml says about it."""
    with ExitStack() as server:
        if setting.database == "sqlite":
            yield f"sqlite:///{project}/newsletter.db", ""
        else:
            url = server.enter_context(postgres()).new_database()
            yield url, f'\n[database]\nurl = "{url}"\n'


if __name__ == "__main__":
    if os.name != "posix":
        sys.exit("kill -9 is a matter of Unix")
    run_alone(__doc__, Options, run)
