"""Feeds: where a pull begins, and what it noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, insert, null, or_, select, update

from newsletter import __version__
from newsletter.feeds.patience import CALM, MOVED_AFTER, TELL_AGAIN, next_move
from newsletter.feeds.types import FeedForUpdate, FeedSource, FeedStatus, Fetched, Move, NotModified
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import entries, feed_memos, feeds

#: What a feed whose address has changed forgets.
_OF_THE_ADDRESS = (
    "etag",
    "last_modified",
    "fingerprint",
    "problem",
    "moved_to",
    "moved_seen",
    "ask_after",
    "retired_at",
    "failing_since",
    "told_at",
)


class FeedStore:
    """The feeds table. A feed is known by its name; its URL may move."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def for_update(self, sources: Iterable[FeedSource]) -> list[FeedForUpdate]:
        """Return the feeds with what the last pull left behind, and make rows for those that are new.

        A feed whose URL has changed forgets what belonged to the old one.
        """
        wanted = list(sources)
        rows = self._rows()
        if any(it.name not in rows or rows[it.name].url != it.url for it in wanted):
            self._bring_up_to_date(wanted)
            rows = self._rows()
        return [_for_update(source, rows[source.name]) for source in wanted]

    def _rows(self) -> dict[str, Row[Any]]:
        with self._database.read() as connection:
            return {row.name: row for row in connection.execute(select(feeds))}

    def _bring_up_to_date(self, wanted: Sequence[FeedSource]) -> None:
        with self._database.write() as connection:
            new = [{"name": it.name, "url": it.url, "warnings": []} for it in wanted]
            connection.execute(insert_missing(connection, feeds), new)
            moved = update(feeds).where(feeds.c.name == bindparam("the"), feeds.c.url != bindparam("new_url"))
            connection.execute(
                moved.values(url=bindparam("new_url"), **dict.fromkeys(_OF_THE_ADDRESS)),
                [{"the": it.name, "new_url": it.url} for it in wanted],
            )

    def note_failure(
        self,
        feed: FeedForUpdate,
        problem: str,
        now: datetime,
        *,
        move: Move | None = None,
        ask_after: datetime | None = None,
        retired: bool = False,
    ) -> bool:
        """Note that a pull failed; the items it brought earlier stay.

        Returns whether this is to be told: a trouble that lasts at first and then once a day, by one process
        of several; that a feed has retired, always.
        """
        mine = feeds.c.id == feed.id
        with self._database.write() as connection:
            connection.execute(
                update(feeds)
                .where(mine)
                .values(
                    last_pulled_at=now,
                    problem=problem,
                    failing_since=func.coalesce(feeds.c.failing_since, now),
                    moved_to=move and move.url,
                    moved_seen=move and move.seen,
                    ask_after=ask_after,
                    retired_at=now if retired else None,
                )
            )
            is_due = or_(feeds.c.told_at.is_(None), feeds.c.told_at <= now - TELL_AGAIN)
            told = update(feeds).where(mine, *([] if retired else [is_due])).values(told_at=now)
            return connection.execute(told).rowcount > 0

    def note_unchanged(
        self, found: Iterable[tuple[FeedForUpdate, Fetched | NotModified]], now: datetime
    ) -> None:
        """Note that there was nothing new to read in these feeds."""
        pairs = list(found)
        if not pairs:
            return
        with self._database.write() as connection:
            connection.execute(
                update(feeds).where(feeds.c.id.in_([feed.id for feed, _ in pairs])).values(**well(now))
            )
            for feed, what in pairs:
                known = (feed.etag, feed.last_modified)
                sent = (what.etag, what.last_modified) if isinstance(what, Fetched) else known
                move = next_move(feed, what.moved_to)
                if (sent, move) != (known, feed.move):
                    values = {"etag": sent[0], "last_modified": sent[1], **_move_values(move)}
                    connection.execute(update(feeds).where(feeds.c.id == feed.id).values(**values))

    def memo(self, feed_id: int) -> bytes | None:
        """Return what this version of the program noted of a feed's entries when it last read them."""
        query = select(feed_memos.c.memo).where(
            feed_memos.c.feed_id == feed_id, feed_memos.c.version == __version__
        )
        with self._database.read() as connection:
            return connection.scalar(query)

    def postpone(self, feed: FeedForUpdate, ask_after: datetime) -> None:
        """Note that a feed is not asked before then."""
        with self._database.write() as connection:
            connection.execute(update(feeds).where(feeds.c.id == feed.id).values(ask_after=ask_after))

    def note_warned(self, feed: FeedForUpdate, now: datetime) -> None:
        """Note that a feed's warnings were told."""
        with self._database.write() as connection:
            connection.execute(update(feeds).where(feeds.c.id == feed.id).values(warned_at=now))

    def statuses(self, sources: Iterable[FeedSource]) -> list[FeedStatus]:
        """Return what is known of the configured feeds, in their order."""
        with self._database.read() as connection:
            rows = {row.name: row for row in connection.execute(select(feeds))}
            counts: Mapping[int, int] = dict(
                connection.execute(select(entries.c.feed_id, func.count()).group_by(entries.c.feed_id)).all()
            )
        return [_status(source, rows.get(source.name), counts) for source in sources]


def put_memo(connection: Connection, feed_id: int, memo: bytes | None) -> None:
    """Put a memo in the place of an earlier one."""
    connection.execute(delete(feed_memos).where(feed_memos.c.feed_id == feed_id))
    if memo is not None:
        connection.execute(insert(feed_memos).values(feed_id=feed_id, version=__version__, memo=memo))


def arrived(feed: FeedForUpdate, fetched: Fetched, fingerprint: str | None, now: datetime) -> dict[str, Any]:
    """Return the values of a feed whose document was read: its validators, where it moved, no trouble."""
    return {
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "fingerprint": fingerprint,
        **_move_values(next_move(feed, fetched.moved_to)),
        **well(now),
    }


def well(now: datetime) -> dict[str, Any]:
    """Return the values of a feed that could be read.

    When its trouble was told is kept for an hour, or one that fails every other minute would be told of
    every other minute.
    """
    return {
        "last_pulled_at": now,
        "last_success_at": now,
        "problem": None,
        "failing_since": None,
        "ask_after": None,
        "retired_at": None,
        "told_at": case((feeds.c.told_at > now - CALM, feeds.c.told_at), else_=null()),
    }


def _move_values(move: Move | None) -> dict[str, Any]:
    return {"moved_to": move and move.url, "moved_seen": move and move.seen}


def _for_update(source: FeedSource, row: Row[Any]) -> FeedForUpdate:
    return FeedForUpdate(
        row.id,
        source,
        row.etag,
        row.last_modified,
        row.last_pulled_at,
        row.fingerprint,
        Move(row.moved_to, row.moved_seen) if row.moved_to else None,
        row.ask_after,
        row.retired_at,
        tuple(row.warnings),
        row.warned_at,
    )


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
        row.failing_since,
        row.ask_after,
        row.retired_at,
        row.moved_to if (row.moved_seen or 0) >= MOVED_AFTER else None,
    )
