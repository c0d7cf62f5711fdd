"""What the program notes for itself, by name."""

from __future__ import annotations

from sqlalchemy import select, update

from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import settings

#: Under this name it is noted that the database's file may still hold traces of what was erased.
TRACES = "traces of the erased"


class SettingStore:
    """The settings table; not to be confused with what the user sets in newsletter.toml."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return what was noted under a name last."""
        with self._database.read() as connection:
            return connection.scalar(select(settings.c.value).where(settings.c.name == name))

    def put(self, name: str, value: str) -> None:
        """Note a value in the place of an earlier one."""
        with self._database.write() as connection:
            connection.execute(insert_missing(connection, settings), [{"name": name, "value": value}])
            connection.execute(update(settings).where(settings.c.name == name).values(value=value))

    def first(self, name: str, value: str) -> str:
        """Note a value unless there is one, and return the one that stands."""
        known = self.get(name)
        if known is not None:
            return known
        with self._database.write() as connection:
            connection.execute(insert_missing(connection, settings), [{"name": name, "value": value}])
            return str(connection.scalar(select(settings.c.value).where(settings.c.name == name)))

    def count(self, name: str, *, least: int = 0) -> int:
        """Count one further under a name, to more than `least`, and return the count.

        Several processes that count at once get a number each.
        """
        with self._database.write() as connection:
            connection.execute(insert_missing(connection, settings), [{"name": name, "value": "0"}])
            row = select(settings.c.value).where(settings.c.name == name).with_for_update()
            number = max(int(connection.scalar(row) or 0), least) + 1
            connection.execute(update(settings).where(settings.c.name == name).values(value=str(number)))
        return number
