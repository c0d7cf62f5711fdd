"""Sending by real processes that are killed, interrupted, or meet each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest
from builders import add_items, add_members, plan, statuses
from relays import HELD, SILENCE, USUAL, ScriptedRelay

_PROGRAM = "import sys; from newsletter.cli.main import main; sys.exit(main())"
CONNECTIONS = 4


class Sending:
    """An edition that is planned for some members, and processes that send it."""

    def __init__(self, project, running: ExitStack) -> None:
        self.project = project
        self._running = running

    def plan(self, members: int) -> frozenset[str]:
        names = frozenset(f"m{number:03}" for number in range(members))
        add_items(self.project, {"roof": "governors"})
        add_members(self.project, names)
        self.edition = plan(self.project)
        return names

    def start(self, relay) -> subprocess.Popen:
        """Start `newsletter edition send weekly --go` through a relay."""
        at = {"NEWSLETTER_SMTP__HOST": relay.host, "NEWSLETTER_SMTP__PORT": str(relay.port)}
        folder = self.project.config.folder
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, "-C", folder, "--json", "edition", "send", "weekly", "--go"],
            env=os.environ | at,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.enter_context(process)
        self._running.callback(process.kill)
        return process

    def by_status(self) -> dict[str, set[str]]:
        """Return the members by status of their delivery."""
        found = {}
        for name, status in statuses(self.project, self.edition).items():
            found.setdefault(status, set()).add(name)
        return found


@pytest.fixture
def sending(open_project):
    with ExitStack() as running:  # what still runs in the end is killed
        smtp = {"host": "127.0.0.1", "security": "none", "connections": CONNECTIONS}
        yield Sending(open_project(smtp=smtp), running)


def finish(process, *codes):
    """Wait for a process to end with one of these codes; return the counts that it printed."""
    told, noted = process.communicate(timeout=60)
    assert process.returncode in codes, noted
    assert "Traceback" not in noted
    return json.loads(told)["counts"]


def test_killed_process_leaves_one_doubt_for_each_connection(sending):
    members = sending.plan(60)
    with ScriptedRelay({".": [USUAL] * 30 + [SILENCE]}) as relay:
        killed = sending.start(relay)
        relay.wait_for(30 + CONNECTIONS)
        killed.kill()
        killed.wait()
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
        killed.wait()
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
