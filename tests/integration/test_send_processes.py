"""Sending by real processes that are killed, interrupted, or meet each other."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from builders import add_items, add_members, plan, statuses
from fixtures.patience import PATIENT_ENVIRON
from fixtures.senders import PROCESSES
from relays import HELD, PATIENCE_S, SILENCE, USUAL, ScriptedRelay
from senders import run_as_it_is

CONNECTIONS = 4


@dataclass
class Running:
    """A process that sends, and the files that it writes to. It is forked from one that has imported all."""

    process: BaseProcess
    told: Path
    noted: Path

    def send_signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """Kill it if it still runs, and wait for its end."""
        self.process.kill()
        self.process.join()


class Sending:
    """An edition that is planned for some members, and processes that send it."""

    def __init__(self, project, folder: Path, running: ExitStack) -> None:
        self.project = project
        self._folder = folder
        self._running = running
        self._started = 0

    def plan(self, members: int) -> frozenset[str]:
        names = frozenset(f"m{number:03}" for number in range(members))
        add_items(self.project, {"roof": "governors"})
        add_members(self.project, names)
        self.edition = plan(self.project)
        return names

    def start(self, relay) -> Running:
        """Start `newsletter edition send weekly --go` through a relay."""
        where = {"NEWSLETTER_SMTP__HOST": relay.host, "NEWSLETTER_SMTP__PORT": str(relay.port)}
        at = {**PATIENT_ENVIRON, **where}
        arguments = ["-C", str(self.project.config.folder), "--json", "edition", "send", "weekly", "--go"]
        self._started += 1
        told, noted = (self._folder / f"{name}-{self._started}" for name in ("stdout", "stderr"))
        process = PROCESSES.Process(target=run_as_it_is, args=(arguments, at, str(told), str(noted)))
        process.start()
        started = Running(process, told, noted)
        self._running.callback(started.kill)
        return started

    def by_status(self) -> dict[str, set[str]]:
        """Return the members by status of their delivery."""
        found = {}
        for name, status in statuses(self.project, self.edition).items():
            found.setdefault(status, set()).add(name)
        return found


@pytest.fixture
def sending(open_project, approved_editions, tmp_path):
    with ExitStack() as running:  # what still runs in the end is killed
        smtp = {"host": "127.0.0.1", "security": "none", "connections": CONNECTIONS}
        yield Sending(open_project(smtp=smtp), tmp_path, running)


def finish(running, *codes):
    """Wait for a process to end with one of these codes; return the counts that it printed."""
    running.process.join(PATIENCE_S)
    noted = running.noted.read_text("utf-8")
    assert running.process.exitcode in codes, noted
    assert "Traceback" not in noted
    return json.loads(running.told.read_text("utf-8"))["counts"]


def test_killed_process_leaves_one_doubt_for_each_connection(sending):
    members = sending.plan(60)
    with ScriptedRelay({".": [USUAL] * 30 + [SILENCE]}) as relay:
        killed = sending.start(relay)
        relay.wait_for(30 + CONNECTIONS)
        killed.kill()
    in_hand = {*relay.names[30:]}
    with ScriptedRelay() as later:
        counts = finish(sending.start(later), 3)
    assert (counts["planned"], counts["sent"], counts["unknown"]) == (60, 60 - CONNECTIONS, CONNECTIONS)
    assert sending.by_status() == {"sent": members - in_hand, "unknown": in_hand}
    assert sorted(relay.names + later.names) == sorted(members)


def test_process_that_is_killed_while_busy_loses_nobody(sending):
    members = sending.plan(240)
    with ScriptedRelay() as relay:
        killed = sending.start(relay)
        relay.wait_for(50)
        killed.kill()
    with ScriptedRelay() as later:
        counts = finish(sending.start(later), 0, 3)
    arrived = relay.names + later.names
    assert len(arrived) == len({*arrived})
    assert counts["unknown"] <= CONNECTIONS
    assert counts["sent"] + counts["unknown"] == len(members)
    assert sending.by_status()["sent"] <= {*arrived}


def test_interrupted_process_finishes_what_is_in_hand(sending):
    members = sending.plan(60)
    with ScriptedRelay({".": [USUAL] * 30 + [HELD]}) as relay:
        interrupted = sending.start(relay)
        relay.wait_for(30 + CONNECTIONS)
        interrupted.send_signal(signal.SIGINT)
        relay.released.set()
        counts = finish(interrupted, 130)
        assert counts["sent"] + counts["pending"] == len(members)
        assert {*relay.names} == sending.by_status()["sent"]
        finish(sending.start(relay), 0)
    assert sorted(relay.names) == sorted(members)
    assert sending.by_status() == {"sent": members}


def test_second_interrupt_stops_at_once(sending):
    sending.plan(60)
    with ScriptedRelay({".": [USUAL] * 30 + [SILENCE]}) as relay:
        interrupted = sending.start(relay)
        relay.wait_for(30 + CONNECTIONS)
        for number in (signal.SIGINT, signal.SIGTERM):  # twice the same at one moment would arrive as one
            interrupted.send_signal(number)
        counts = finish(interrupted, 130)
    assert (counts["sent"], counts["unknown"], counts["pending"]) == (30, CONNECTIONS, 30 - CONNECTIONS)
    assert sending.by_status()["unknown"] == {*relay.names[30:]}


def test_two_processes_at_once_do_the_work_once(sending):
    members = sending.plan(700)  # more than one of them claims at a time
    with ScriptedRelay({".": [HELD] * 8 + [USUAL]}) as relay:
        both = [sending.start(relay), sending.start(relay)]
        relay.wait_for(2 * CONNECTIONS)
        relay.released.set()
        for process in both:
            finish(process, 0, 3)  # 3: the other one was not done yet
    assert sorted(relay.names) == sorted(members)
    assert sending.by_status() == {"sent": members}
