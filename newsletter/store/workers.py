"""Workers: which processes hold leases, so that the dead of this machine are told from the living at once.

psutil tells whether a process lives, and when it began, which tells a reused process number apart. Of other
machines nothing is known here: their leases run out.
"""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import delete, exists, insert, select

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.standstill import Sender
from newsletter.editions.types import Edition
from newsletter.store.database import Database, epoch_now
from newsletter.store.schema import deliveries, workers

#: Long after any lease of a worker that is gone.
_KEEP = timedelta(days=7)
#: The kernel gives the start of the machine in whole seconds, and may round it otherwise the next time.
_SAME_START_S = 2.0
_IDLE = {None, psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Workers of this machine. dead: their process is gone; alive: it runs, is not stopped, and is not ours.

    What a dispatch of our own left behind when it failed is nobody's.
    """

    dead: frozenset[str]
    alive: frozenset[str]


class WorkerStore:
    """The workers table, as seen from this machine."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._machine = this_machine()

    def begin(self, now: datetime) -> str:
        """Enter this process as a worker and return the name under which it claims."""
        process = psutil.Process()
        name = f"{socket.gethostname()}:{process.pid}:{secrets.token_hex(4)}"
        with self._database.write() as connection:
            connection.execute(delete(workers).where(workers.c.started_at < now - _KEEP))
            connection.execute(
                insert(workers).values(
                    name=name,
                    machine=self._machine,
                    pid=process.pid,
                    process_started=_start_s(process),
                    started_at=now,
                )
            )
        return name

    def neighbours(self) -> Neighbours:
        """Look how the workers of this machine are."""
        query = select(workers).where(workers.c.machine == self._machine)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        states = {row.name: _state(row.pid, row.process_started) for row in rows}
        ours = {row.name for row in rows if row.pid == os.getpid()}
        return Neighbours(
            frozenset(name for name, state in states.items() if state is None),
            frozenset(name for name, state in states.items() if state not in _IDLE) - ours,
        )

    def senders(self, edition: Edition) -> list[Sender]:
        """Return who holds deliveries of an edition and is not known to be dead, the first one first."""
        held = exists().where(
            deliveries.c.edition_id == edition.key,
            deliveries.c.status.in_([DeliveryStatus.PENDING, DeliveryStatus.SENDING]),
            deliveries.c.worker == workers.c.name,
            deliveries.c.lease_until > epoch_now(),
        )
        with self._database.read() as connection:
            rows = connection.execute(select(workers).where(held).order_by(workers.c.started_at)).all()
        dead = self.neighbours().dead if rows else frozenset()
        return [
            Sender(row.machine.partition("/")[0], row.pid, row.started_at)
            for row in rows
            if row.name not in dead
        ]

    def end(self, name: str) -> None:
        """Take a worker that has given everything back out of the table."""
        with self._database.write() as connection:
            connection.execute(delete(workers).where(workers.c.name == name))


def this_machine() -> str:
    """Name this machine so that processes of the same name are the same: containers count as machines."""
    name = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{name}/{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:  # not Linux
        return name


def _start_s(process: psutil.Process) -> float:
    """Return how long after the machine a process started, which setting the clock does not change."""
    return process.create_time() - psutil.boot_time()


def _state(pid: int, started: float) -> str | None:
    """Return how the process is that was started then, None when it is gone."""
    try:
        process = psutil.Process(pid)
        same = abs(_start_s(process) - started) < _SAME_START_S
        state = process.status()
    except psutil.NoSuchProcess:
        return None
    return state if same and state not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD} else None
