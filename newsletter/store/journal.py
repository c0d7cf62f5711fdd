"""What is written for every message, on a connection of its own and past SQLAlchemy.

SQLAlchemy takes as long for one statement as SQLite for the rows of eight messages. And SQLite's driver lets
other threads run at every step of a statement: getting the interpreter back from a busy one costs more than
a row does. So these statements are compiled once, all rows of one are a single step, and they go straight to
the driver (sqlite3 and psycopg connections both have `execute`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Insert, Subquery, Text, Update, bindparam

from newsletter.store.bulk import as_table
from newsletter.store.database import Database


class Prepared:
    """A statement for many rows, compiled once.

    make: builds it from the table in which the rows come, a JSON list of lists of texts and numbers.
    """

    def __init__(
        self, database: Database, columns: Sequence[Column[Any]], make: Callable[[Subquery], Insert | Update]
    ) -> None:
        rows = as_table(database.engine.dialect, columns, bindparam("rows", type_=Text))
        compiled = make(rows).compile(database.engine)
        self._text = str(compiled)
        self._parameters = compiled.params
        self._order = tuple(compiled.positiontup or ()) if compiled.positional else None

    def run(self, driver: Any, rows: str) -> int:  # noqa: ANN401 - a connection of either driver
        """Run it for all rows, and return how many rows of the table that changed."""
        values: Any = {**self._parameters, "rows": rows}
        if self._order is not None:
            values = tuple(map(values.__getitem__, self._order))
        return int(driver.execute(self._text, values).rowcount)


class Journal:
    """A connection for prepared statements, opened at the first and kept; for one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        sqlite = database.engine.dialect.name == "sqlite"
        self._begin = "BEGIN IMMEDIATE" if sqlite else "BEGIN ISOLATION LEVEL READ COMMITTED"
        # SQLite keeps times as texts without a zone; PostgreSQL reads this one with it.
        self._time_length = 26 if sqlite else None

    def time(self, moment: datetime | None) -> str | None:
        """Return a datetime in UTC as its column keeps it."""
        return None if moment is None else moment.isoformat(" ", "microseconds")[: self._time_length]

    def write(self, work: Sequence[tuple[Prepared, str]]) -> list[int]:
        """Run statements with their rows in one transaction; return how many rows each changed."""
        with self._database.faults_told():
            try:
                driver: Any = self._open().connection.driver_connection
                driver.execute(self._begin)
                changed = [statement.run(driver, rows) for statement, rows in work]
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

    def _open(self) -> Connection:
        if self._connection is None:
            engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._connection = engine.connect()
        return self._connection
