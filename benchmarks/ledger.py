"""The program's ledger as the database holds it, read past the program."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine, text


class Ledger:
    """The deliveries as they stand in the database, read past the program."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def close(self) -> None:
        """Give the database back."""
        self._engine.dispose()

    def statuses(self) -> dict[str, int]:
        """Return how many deliveries there are of each status."""
        rows = self._rows("SELECT status, count(*) FROM deliveries GROUP BY status")
        return {str(status): int(count) for status, count in rows}

    def in_doubt(self, pid: int) -> int:
        """Return how many deliveries a process had in its hands, their end perhaps on its way."""
        query = (
            "SELECT count(*) FROM deliveries JOIN workers ON workers.name = deliveries.worker"
            " WHERE deliveries.status = 'sending' AND workers.pid = :pid"
        )
        return sum(int(count) for (count,) in self._rows(query, pid=pid))

    def by_member(self) -> dict[str, tuple[str, bool]]:
        """Return status, and whether it was sent again after a doubt, by address."""
        query = (
            "SELECT members.email, deliveries.status, deliveries.resent"
            " FROM deliveries JOIN members ON members.id = deliveries.member_id"
        )
        return {str(email): (str(status), bool(resent)) for email, status, resent in self._rows(query)}

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with its own file; a server looks after its own."""
        if self._engine.dialect.name != "sqlite":
            return []
        checks = ("PRAGMA integrity_check", "PRAGMA foreign_key_check")
        return [str(row) for check in checks for row in self._rows(check) if row != ("ok",)]

    def relay_rate(self) -> float | None:
        """Return the messages a second that a relay is held good for just now, if anything is known."""
        rates = [rate for (rate,) in self._rows("SELECT rate FROM relays") if rate is not None]
        return float(min(rates)) if rates else None

    def _rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]
