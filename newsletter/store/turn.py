"""Turns: work that one process at a time does, on whatever machine it runs.

For SQLite the operating system locks a file beside the database, for PostgreSQL the server keeps an advisory
lock. Both end with the process that holds them, however it ends, so there is nothing to renew and nothing to
clear away after a kill.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from newsletter.errors import StoreError
from newsletter.store.database import Database


@contextmanager
def turn(database: Database, name: str) -> Iterator[bool]:
    """Hold the turn of that name, if nobody else does; yield whether it is ours."""
    if database.file:
        with _file_lock(database.file.with_name(f"{database.file.name}-{name}")) as ours:
            yield ours
    else:
        with _server_lock(database, name) as ours:
            yield ours


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    try:
        file = path.open("w")
    except OSError as fault:
        raise StoreError(
            f"{path} cannot be made: {fault.strerror}", hint="give this user write permission to its folder"
        ) from None
    with file:  # closing it lets go of the lock; the file stays, since another may be about to lock it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _server_lock(database: Database, name: str) -> Iterator[bool]:
    key = zlib.crc32(f"newsletter {name}".encode())
    # A connection of its own for as long as the turn lasts, without a transaction that stays open.
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with database.faults_told(), engine.connect() as session:
        ours = bool(session.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield ours
        finally:
            if ours:
                session.scalar(select(func.pg_advisory_unlock(key)))
