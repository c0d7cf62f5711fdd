"""Opening a database: engine, pragmas, migrations, and driver faults told in a user's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Float

from newsletter.errors import StoreBusy, StoreError
from newsletter.store.disk import refuse_full_disk, refuse_network_disk
from newsletter.store.migrations import bring_up_to_date

_BUSY_TIMEOUT_S = 30.0
#: How long SQLite's write-ahead log becomes meanwhile.
_LOG_BYTES = 8_000_000


class epoch_now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock in seconds since 1970: the one clock that all workers share."""

    type = Float()
    inherit_cache = True


@compiles(epoch_now, "sqlite")
def _epoch_now_sqlite(element: epoch_now, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401, ARG001
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(epoch_now, "postgresql")
def _epoch_now_postgresql(element: epoch_now, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401, ARG001
    return "extract(epoch from clock_timestamp())"


class Database:
    """An open database with its schema up to date.

    url: an SQLAlchemy URL of SQLite or PostgreSQL; a SQLite file is made when it is not there. The schema is
    made or brought up to date on opening. Raises StoreError when it cannot be opened, or was made by a newer
    program.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._reader = self.engine.execution_options(read_only=True)
        try:
            with _faults_told(url):
                bring_up_to_date(self.engine)
        except BaseException:
            self.close()
            raise

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None for a server."""
        name = self.engine.url.database if self.engine.dialect.name == "sqlite" else None
        return Path(name) if name else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run a transaction that may write: committed at the end, rolled back by any exception."""
        with _faults_told(self.url), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run queries that change nothing."""
        with _faults_told(self.url), self._reader.connect() as connection:
            yield connection

    def faults_told(self) -> AbstractContextManager[None]:
        """Turn faults of the driver, where it is used directly, into StoreError."""
        return _faults_told(self.url, self.engine.dialect.loaded_dbapi.Error)

    def scrub(self) -> bool:
        """Let nothing of deleted rows remain in the file, or in the log beside it; return whether it is done.

        SQLite leaves them in free pages, and traces of them even with `secure_delete`, until the file is
        written anew; its log holds older pages until it is cut off, which has to wait for whoever reads at
        this moment. A server overwrites them in its own time.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        file = Path(make_url(self.url).database or "")
        self.require_room(file.stat().st_size)
        with self.faults_told(), closing(self.engine.raw_connection()) as connection:
            connection.execute("VACUUM")
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def require_room(self, size_bytes: int) -> None:
        """Raise StoreError where the disk has less room than twice what is to be written.

        A server looks after its own.
        """
        if self.file:
            refuse_full_disk(self.file, 2 * (size_bytes + _LOG_BYTES))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their texts may hold the password
        raise StoreError(
            "[database] url cannot be read",
            hint="write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(parsed)
    if backend != "postgresql":
        raise StoreError(
            f"[database] url: {backend!r} is not supported",
            hint="use sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
        )
    try:
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            # Whatever the server's defaults: plans that take turns must see each other, and a `sending`
            # that a power cut takes back is a mail sent twice.
            isolation_level="READ COMMITTED",
            connect_args={} if "options" in parsed.query else {"options": "-c synchronous_commit=on"},
        )
    except ModuleNotFoundError as fault:
        raise StoreError(
            "[database] url: the PostgreSQL driver is not installed",
            hint="pip install 'newsletter[postgresql]'",
        ) from fault


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("[database] url names no file", hint='write "sqlite:///newsletter.db"')
    if not Path(url.database).parent.is_dir():
        raise StoreError(
            f"no folder {Path(url.database).parent} to hold the database {url.database}", hint="make it first"
        )
    refuse_network_disk(Path(url.database))
    timeout = {} if "timeout" in url.query else {"timeout": _BUSY_TIMEOUT_S}
    engine = create_engine(url, connect_args=timeout)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is said by _begin_sqlite
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails with "locked" at once, however long the timeout
    # (sqlite.org/lang_transaction.html); one that asks for the write lock first waits its turn.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


#: What SQLite says, and what to tell a user. The first that fits counts.
_SQLITE_FAULTS = (
    ("locked", "is locked by another program", "wait for it to finish, or close it, and try again"),
    ("readonly", "is read-only", "give this user write permission to the file and its folder"),
    ("unable to open", "cannot be opened", "check that the folder exists and that this user may write there"),
    ("disk is full", "cannot grow: the disk is full", "make room and try again; what was recorded is safe"),
    ("not a database", "is not a SQLite database", "move the file away, or name another in [database] url"),
    ("malformed", "is damaged", "restore it from a backup"),
    ("disk i/o", "cannot be read or written", "check the disk; what was recorded is safe"),
)


@contextmanager
def _faults_told(url: str, driver_error: type[Exception] = sqlite3.DatabaseError) -> Iterator[None]:
    """Turn driver faults that a user can cure into StoreError; every other stays as it is."""
    try:
        yield
    except (DatabaseError, driver_error) as fault:
        if told := _told(url, fault):
            raise told from None
        raise


def _told(url: str, fault: Exception) -> StoreError | None:
    words = str(getattr(fault, "orig", None) or fault)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        for sign, problem, cure in _SQLITE_FAULTS:
            if sign in words.lower():
                kind = StoreBusy if sign == "locked" else StoreError
                return kind(f"the database {parsed.database} {problem}", hint=cure)
    elif _lost_a_race(fault):
        return StoreBusy("another process wanted the same rows at the same moment", hint="try again")
    elif _is_operational(fault) or "connection option" in words:
        place = parsed.set(query={}).render_as_string(hide_password=True)  # its query may hold one too
        return StoreError(
            f"the database {place} does not answer: {words.strip().splitlines()[0]}",
            hint="check that the server runs and that [database] url names it rightly",
        )
    return None


def _is_operational(fault: Exception) -> bool:
    """Tell whether a fault is none of the statement, as SQLAlchemy and the driver name it alike (PEP 249)."""
    return any(kind.__name__ == "OperationalError" for kind in type(fault).__mro__)


def _lost_a_race(fault: Exception) -> bool:
    """Tell whether PostgreSQL ended a transaction so that another could go on; it may be tried again."""
    driver = getattr(fault, "orig", None) or fault
    return type(driver).__name__ in {"DeadlockDetected", "SerializationFailure"}
