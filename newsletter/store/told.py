"""What people were told, so that a state is told once and then not again until it changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update

from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import told


class ToldStore:
    """The told table: the last state that was told of each subject."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_news(self, subject: str, state: str, now: datetime) -> bool:
        """Note that a state is told of a subject; return whether it was another before, or none.

        Of several processes that ask at once, one hears yes.
        """
        row = {"subject": subject, "state": state, "told_at": now}
        with self._database.write() as connection:
            new = insert_missing(connection, told).values(row).returning(told.c.subject)
            if connection.execute(new).one_or_none():
                return True
            changed = update(told).where(told.c.subject == subject, told.c.state != state).values(row)
            return connection.execute(changed).rowcount == 1

    def over(self, subjects: Collection[str]) -> None:
        """Forget what was told of these: if it comes again, it is news."""
        with self._database.read() as connection:
            query = select(told.c.subject).where(told.c.subject.in_(subjects))
            if not connection.execute(query).first():
                return  # as it is nearly always: nobody has to wait for the lock
        with self._database.write() as connection:
            connection.execute(delete(told).where(told.c.subject.in_(subjects)))
