"""Rows of a member file on their way to the members: one entry for each address, held outside the memory.

A list with a row for each role has an address twice, anywhere in the file, and what the two rows mean
together must be known before anything is decided; half a million rows are too many to hold. They go into a
database of their own that SQLite keeps in a temporary file (sqlite.org/inmemorydb.html) and removes: so
nothing is locked in the real one while a file is read, whichever kind that is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from newsletter.address import Address
from newsletter.errors import StoreError
from newsletter.members.types import Frequency, MemberRow

# Two rows of one address become one text, "[…],[…]", which reads as JSON with brackets around it.
_ADD = """
    INSERT INTO staged (line, email_key, rows) VALUES (?, ?, ?)
    ON CONFLICT (email_key) DO UPDATE SET rows = rows || ',' || excluded.rows
"""
# json.dumps makes an encoder for each call that differs from the default.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_PAGE = "SELECT line, email_key, rows FROM staged WHERE line > ? ORDER BY line LIMIT ?"


class StagedRows:
    """Usable rows of one file, gathered by address. A context: what it holds is gone when it ends."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA cache_size = -32768",  # KiB
            "CREATE TABLE staged (line INTEGER PRIMARY KEY, email_key TEXT UNIQUE, rows TEXT)",
        ):
            self._database.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, rows: Iterable[MemberRow]) -> None:
        """Take rows over, in the order of their file. Raises StoreError when the disk is full."""
        try:
            self._database.execute("BEGIN")
            self._database.executemany(_ADD, ((row.line, row.address.key, _dump(row)) for row in rows))
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as fault:
            raise StoreError(
                f"the rows cannot be put down in the folder for temporary files: {fault}",
                hint="make room there, or set TMPDIR to a folder that has some",
            ) from None

    def __len__(self) -> int:
        """Return the number of addresses."""
        count: int = self._database.execute("SELECT count(*) FROM staged").fetchone()[0]
        return count

    def pages(self, size: int) -> Iterator[list[list[MemberRow]]]:
        """Yield so many addresses at a time: the rows of each in file order, addresses by their first row."""
        last = -1
        while page := self._database.execute(_PAGE, (last, size)).fetchall():
            last = page[-1][0]
            yield [_load(key, rows) for _, key, rows in page]


def _dump(row: MemberRow) -> str:
    return _encode(
        (
            row.line,
            row.address.text,
            row.first_name,
            row.last_name,
            None if row.audiences is None else list(row.audiences),
            None if row.newsletters is None else list(row.newsletters),
            row.attributes,
            row.frequency,
        )
    )


def _load(key: str, rows: str) -> list[MemberRow]:
    return [
        MemberRow(
            line,
            Address(text, key),
            first_name,
            last_name,
            None if audiences is None else frozenset(audiences),
            None if newsletters is None else frozenset(newsletters),
            attributes,
            None if frequency is None else Frequency(frequency),
        )
        for line, text, first_name, last_name, audiences, newsletters, attributes, frequency in json.loads(
            f"[{rows}]"
        )
    ]
