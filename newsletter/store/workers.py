"""Workers: which processes hold leases, so that a dead one is recognised at once on its own machine.

psutil tells whether a process lives, and when it began, which tells a reused process number apart. Of other
machines nothing is known here: their leases run out.
"""

from __future__ import annotations

import secrets
import socket
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import delete, insert, select

from newsletter.store.database import Database
from newsletter.store.schema import workers

#: Long after any lease of a worker that is gone.
_KEEP = timedelta(days=7)
_SAME_START_S = 1.0


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

    def dead(self) -> list[str]:
        """Return the workers of this machine whose process is gone."""
        query = select(workers).where(workers.c.machine == self._machine)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [row.name for row in rows if not _lives(row.pid, row.process_started)]

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


def _lives(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(_start_s(process) - started) < _SAME_START_S and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
