"""Pulls: what a feed brought is stored whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from newsletter.audiences.types import Reason
from newsletter.feeds.types import (
    EntryState,
    FeedForUpdate,
    Fetched,
    ItemIntent,
    ItemStatus,
    KnownEntries,
    ParsedEntry,
    ParsedFeed,
)
from newsletter.store.bulk import among
from newsletter.store.database import Database
from newsletter.store.feeds import arrived, put_memo
from newsletter.store.items import lock_items, put_reasons
from newsletter.store.schema import entries, feeds, item_revisions, items


@dataclass(frozen=True, slots=True)
class SortedItem:
    """An intent together with what the rules said of it."""

    intent: ItemIntent
    reasons: tuple[Reason, ...]


class PullStore:
    """Entries and the items they become. A changed entry becomes a revision of its item."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known_entries(self, feed_id: int) -> KnownEntries:
        """Return what is known of a feed's entries, by key."""
        query = select(entries.c.key, entries.c.item_id, entries.c.content_hash).where(
            entries.c.feed_id == feed_id
        )
        with self._database.read() as connection:
            return {row.key: EntryState(row.item_id, row.content_hash) for row in connection.execute(query)}

    def record_pull(
        self,
        feed: FeedForUpdate,
        fetched: Fetched,
        parsed: ParsedFeed,
        changes: Sequence[SortedItem],
        now: datetime,
        *,
        fingerprint: str | None = None,
        memo: bytes | None = None,
    ) -> list[ItemIntent]:
        """Store what a pull brought, all of it or nothing: new items, revisions, the feed's own state.

        Returns what was stored: nothing of what another process, which pulled at the same time, stored first.
        """
        with self._database.write() as connection:
            open_changes = list(_still_to_store(connection, feed.id, changes))
            ids = _store(connection, feed.id, [change.intent for change in open_changes], now)
            put_reasons(connection, {key: it.reasons for key, it in zip(ids, open_changes, strict=True)})
            seen = among(connection, entries.c.key, [entry.key for entry in parsed.entries])
            connection.execute(
                update(entries).where(entries.c.feed_id == feed.id, seen).values(last_seen=now)
            )
            connection.execute(
                update(feeds)
                .where(feeds.c.id == feed.id)
                .values(
                    title=parsed.title,
                    warnings=list(parsed.warnings),
                    **arrived(feed, fetched, fingerprint, now),
                )
            )
            put_memo(connection, feed.id, memo)
        return [change.intent for change in open_changes]


def _still_to_store(
    connection: Connection, feed_id: int, changes: Sequence[SortedItem]
) -> Iterator[SortedItem]:
    """Yield the changes that nobody has stored since they were decided, and let nobody else do so now."""
    connection.execute(select(feeds.c.id).where(feeds.c.id == feed_id).with_for_update())
    keys = among(connection, entries.c.key, [change.intent.entry.key for change in changes])
    known = {
        row.key: row for row in connection.execute(select(entries).where(entries.c.feed_id == feed_id, keys))
    }
    for change in changes:
        found = known.get(change.intent.entry.key)
        if found is None:
            yield change
        elif found.content_hash != change.intent.content_hash:
            yield replace(change, intent=replace(change.intent, item_id=found.item_id))


def _store(connection: Connection, feed_id: int, intents: Sequence[ItemIntent], now: datetime) -> list[int]:
    """Store items or revisions of them, a handful of statements for all; return the items' ids in order."""
    if not intents:
        return []
    made = iter(_insert_items(connection, feed_id, [it for it in intents if it.item_id is None], now))
    revisions = _revise_items(connection, feed_id, [it for it in intents if it.item_id is not None])
    ids = [next(made) if intent.item_id is None else intent.item_id for intent in intents]
    rows = [
        {
            "item_id": key,
            "revision": revisions.get(key, 1),
            "content_hash": intent.content_hash,
            "content": _as_json(intent.entry),
            "seen_at": now,
        }
        for key, intent in zip(ids, intents, strict=True)
    ]
    connection.execute(insert(item_revisions), rows)
    return ids


def _insert_items(
    connection: Connection, feed_id: int, intents: Sequence[ItemIntent], now: datetime
) -> Sequence[int]:
    if not intents:
        return []
    first = {"feed_id": feed_id, "first_seen": now, "status": ItemStatus.NEW, "revision": 1}
    rows = [{**first, "date": it.entry.published or now, **_item_values(it.entry)} for it in intents]
    made = insert(items).returning(items.c.id, sort_by_parameter_order=True)
    ids = connection.execute(made, rows).scalars().all()
    first = {"feed_id": feed_id, "first_seen": now, "last_seen": now}
    connection.execute(
        insert(entries),
        [
            {**first, "key": it.entry.key, "item_id": key, "content_hash": it.content_hash}
            for key, it in zip(ids, intents, strict=True)
        ],
    )
    return ids


def _revise_items(connection: Connection, feed_id: int, intents: Sequence[ItemIntent]) -> dict[int, int]:
    """Put new content in the place of the old, and return the number of the revision by item."""
    if not intents:
        return {}
    values = _item_values(intents[0].entry)
    ids = [it.item_id for it in intents if it.item_id is not None]
    lock_items(connection, ids)
    connection.execute(
        update(items)
        .where(items.c.id == bindparam("item"))
        .values(
            revision=items.c.revision + 1,
            date=func.coalesce(bindparam("new_published", type_=items.c.date.type), items.c.date),
            **{name: bindparam(f"new_{name}", type_=items.c[name].type) for name in values},
        ),
        [
            {"item": it.item_id, **{f"new_{name}": value for name, value in _item_values(it.entry).items()}}
            for it in intents
        ],
    )
    connection.execute(
        update(entries)
        .where(entries.c.feed_id == feed_id, entries.c.key == bindparam("entry"))
        .values(content_hash=bindparam("new_hash")),
        [{"entry": it.entry.key, "new_hash": it.content_hash} for it in intents],
    )
    query = select(items.c.id, items.c.revision).where(among(connection, items.c.id, ids))
    return dict(connection.execute(query).all())


def _item_values(entry: ParsedEntry) -> dict[str, Any]:
    names = ("title", "link", "html", "summary", "published", "updated", "section", "author", "language")
    return {name: getattr(entry, name) for name in names} | {"categories": list(entry.categories)}


def _as_json(entry: ParsedEntry) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(entry).items()
    }
