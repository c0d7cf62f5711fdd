"""Feeds: where a pull begins, and what it noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from newsletter.feeds.types import FeedForUpdate, FeedSource, FeedStatus
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import entries, feeds


class FeedStore:
    """The feeds table. A feed is known by its name; its URL may move."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def for_update(self, sources: Iterable[FeedSource]) -> list[FeedForUpdate]:
        """Return the feeds with what the last pull left behind, and make rows for those that are new.

        A feed whose URL has changed forgets the validators of the old one.
        """
        return [self._for_update(source) for source in sources]

    def _for_update(self, source: FeedSource) -> FeedForUpdate:
        with self._database.write() as connection:
            new = {"name": source.name, "url": source.url, "warnings": []}
            connection.execute(insert_missing(connection, feeds), [new])
            row = connection.execute(select(feeds).where(feeds.c.name == source.name)).one()
            if row.url == source.url:
                return FeedForUpdate(row.id, source, row.etag, row.last_modified, row.last_pulled_at)
            connection.execute(
                update(feeds)
                .where(feeds.c.id == row.id)
                .values(url=source.url, etag=None, last_modified=None, problem=None)
            )
            return FeedForUpdate(row.id, source, last_pulled_at=row.last_pulled_at)

    def note_failure(self, feed_id: int, problem: str, now: datetime) -> None:
        """Note that a pull failed; the items it brought earlier stay."""
        with self._database.write() as connection:
            connection.execute(
                update(feeds).where(feeds.c.id == feed_id).values(last_pulled_at=now, problem=problem)
            )

    def note_not_modified(self, feed_id: int, now: datetime) -> None:
        """Note that there was nothing new to read."""
        with self._database.write() as connection:
            connection.execute(
                update(feeds)
                .where(feeds.c.id == feed_id)
                .values(last_pulled_at=now, last_success_at=now, problem=None)
            )

    def statuses(self, sources: Iterable[FeedSource]) -> list[FeedStatus]:
        """Return what is known of the configured feeds, in their order."""
        with self._database.read() as connection:
            rows = {row.name: row for row in connection.execute(select(feeds))}
            counts: Mapping[int, int] = dict(
                connection.execute(select(entries.c.feed_id, func.count()).group_by(entries.c.feed_id)).all()
            )
        return [_status(source, rows.get(source.name), counts) for source in sources]


def _status(source: FeedSource, row: Row[Any] | None, counts: Mapping[int, int]) -> FeedStatus:
    if row is None:
        return FeedStatus(source, None, 0, None, None)
    return FeedStatus(
        source,
        row.title,
        counts.get(row.id, 0),
        row.last_pulled_at,
        row.last_success_at,
        tuple(row.warnings),
        row.problem,
    )
