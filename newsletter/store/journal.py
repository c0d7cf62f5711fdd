"""What is written for every message, on a connection of its own and past SQLAlchemy.

SQLAlchemy takes as long for one statement as SQLite for the rows of eight messages. So these statements are
compiled once, and go straight to the driver, each with all its rows (`executemany`, PEP 249): SQLite does not
look at the text again, and psycopg sends them all in one breath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, Column, Connection, Insert, Update, bindparam

from newsletter.store.database import Database

#: The cells of a row, as they stand in a statement and as they are given.
Cells = Mapping[str, BindParameter[Any]]
Row = tuple[object, ...]
#: How long SQLite waits for another writer. Whoever writes waits longer without holding up everybody else.
_PATIENCE_MS = 5


class Prepared:
    """A statement that is run for many rows, compiled once.

    make: builds it from the parameters that stand for the cells of a row, by the names of the columns.
    """

    def __init__(
        self, database: Database, columns: Sequence[Column[Any]], make: Callable[[Cells], Insert | Update]
    ) -> None:
        # A name of its own for each: SQLAlchemy keeps those of the columns for itself.
        cells = {it.name: bindparam(f"given_{it.name}", type_=it.type) for it in columns}
        compiled = make(cells).compile(database.engine)
        self._text = str(compiled)
        places = {cell.key: place for place, cell in enumerate(cells.values())}
        fixed = {name: value for name, value in compiled.params.items() if name not in places}
        self._fixed = tuple(fixed.values())
        places |= {name: len(cells) + place for place, name in enumerate(fixed)}
        self._names = None if compiled.positional else tuple(compiled.params)
        order = compiled.positiontup if compiled.positional else self._names
        self._in_order = itemgetter(*(places[name] for name in order or ()))

    def run(self, cursor: Any, rows: Sequence[Row]) -> int:  # noqa: ANN401 - of either driver
        """Run it for all rows, and return how many rows of the table that changed."""
        if not rows:
            return 0
        given: list[Any] = [self._in_order(row + self._fixed) for row in rows]
        if self._names is not None:
            given = [dict(zip(self._names, values, strict=True)) for values in given]
        cursor.executemany(self._text, given)
        return int(cursor.rowcount)


class Journal:
    """A connection for prepared statements, opened at the first and kept; for one thread at a time.

    It does not wait for other writers: StoreBusy says that nothing was written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        sqlite = self._engine.dialect.name == "sqlite"
        self._begin = "BEGIN IMMEDIATE" if sqlite else "BEGIN ISOLATION LEVEL READ COMMITTED"
        # SQLite keeps times as texts without a zone; PostgreSQL reads this one with it.
        self._time_length = 26 if sqlite else None

    def time(self, moment: datetime) -> str:
        """Return a datetime in UTC as its column keeps it."""
        return moment.isoformat(" ", "microseconds")[: self._time_length]

    def write(self, work: Iterable[tuple[Prepared, Sequence[Row]]]) -> list[int]:
        """Run statements with their rows in one transaction; return how many rows each changed."""
        with self._database.faults_told():
            try:
                driver = self._driver()
                driver.execute(self._begin)
                cursor = driver.cursor()
                changed = [statement.run(cursor, rows) for statement, rows in work]
                driver.execute("COMMIT")
            except BaseException:
                self.close()  # which rolls back
                raise
        return changed

    def close(self) -> None:
        """Close the connection; the next write opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _driver(self) -> Any:  # noqa: ANN401 - a connection of either driver
        if self._connection is not None:
            return self._connection.connection.driver_connection
        self._connection = self._engine.connect()
        driver: Any = self._connection.connection.driver_connection
        if self._engine.dialect.name == "sqlite":
            driver.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        return driver
