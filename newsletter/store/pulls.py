"""Pulls: what a feed brought is stored whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, bindparam, case, func, insert, select, update

from newsletter.feeds.dates import counts_from
from newsletter.feeds.types import (
    Decision,
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
from newsletter.store.sources import (
    SortedItem,
    also_in,
    entry_row,
    follow,
    join,
    kept_marks,
    part_joined,
    rename,
)

__all__ = ["PullStore", "Recorded", "SortedItem"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was stored of a pull. joined: how many entries were found to tell the story of an item."""

    intents: list[ItemIntent]
    joined: int


class PullStore:
    """Entries and the items they become. A changed entry becomes a revision of its item."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known_entries(self, feed_id: int) -> KnownEntries:
        """Return what is known of a feed's entries, by key."""
        query = (
            select(entries, items.c.feed_id.label("led_by"), items.c.link, items.c.title)
            .join(items)
            .where(entries.c.feed_id == feed_id)
        )
        with self._database.read() as connection:
            others = also_in(connection, feed_id)
            return {
                row.key: EntryState(
                    row.item_id,
                    row.content_hash,
                    kept_marks(row),
                    leads=row.led_by == feed_id,
                    also_in=others.get(row.item_id, ()),
                )
                for row in connection.execute(query)
            }

    def record_pull(
        self,
        feed: FeedForUpdate,
        fetched: Fetched,
        parsed: ParsedFeed,
        changes: Sequence[SortedItem],
        now: datetime,
        *,
        decided: Decision | None = None,
        fingerprint: str | None = None,
        memo: bytes | None = None,
    ) -> Recorded:
        """Store what a pull brought, all of it or nothing: new items, revisions, the feed's own state.

        A new entry whose story another feed has brought joins that item. decided: what the changes are from,
        for the keys of entries that are as they were. Returns nothing of what another process, which pulled
        at the same time, stored first.
        """
        with self._database.write() as connection:
            _lock_feeds(connection, feed.id, every=any(change.intent.item_id is None for change in changes))
            rename(connection, feed.id, decided.renamed if decided else {})
            open_changes = list(_still_to_store(connection, feed.id, changes))
            joined, leading = part_joined(connection, feed.id, open_changes)
            join(connection, feed.id, joined, now)
            follow(connection, feed.id, [it.intent for it in leading if not it.intent.leads])
            leading = [it for it in leading if it.intent.leads]
            ids = _store(connection, feed.id, [change.intent for change in leading], now)
            put_reasons(connection, {key: it.reasons for key, it in zip(ids, leading, strict=True)})
            keys = decided.keys if decided else [entry.key for entry in parsed.entries]
            seen = among(connection, entries.c.key, keys)
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
        return Recorded([change.intent for change in leading], len(joined))


def _lock_feeds(connection: Connection, feed_id: int, *, every: bool) -> None:
    """Let nobody else store this feed's entries until we have; where some are new, no other feed's either.

    Otherwise two feeds that are pulled at once would each make an item of the story that both have.
    """
    if connection.dialect.name == "sqlite":  # whoever writes is alone there
        return
    query = select(feeds.c.id).order_by(feeds.c.id).with_for_update()
    connection.execute(query if every else query.where(feeds.c.id == feed_id))


def _still_to_store(
    connection: Connection, feed_id: int, changes: Sequence[SortedItem]
) -> Iterator[SortedItem]:
    """Yield the changes that nobody has stored since they were decided."""
    keys = among(connection, entries.c.key, [change.intent.key for change in changes])
    known = {
        row.key: row for row in connection.execute(select(entries).where(entries.c.feed_id == feed_id, keys))
    }
    for change in changes:
        found = known.get(change.intent.key)
        if found is None:
            yield change
        elif found.content_hash != change.intent.content_hash:
            yield replace(change, intent=replace(change.intent, item_id=found.item_id))


def _store(connection: Connection, feed_id: int, intents: Sequence[ItemIntent], now: datetime) -> list[int]:
    """Store items or revisions of them, a handful of statements for all; return the items' ids in order."""
    if not intents:
        return []
    made = iter(_insert_items(connection, feed_id, [it for it in intents if it.item_id is None], now))
    revisions = _revise_items(connection, feed_id, [it for it in intents if it.item_id is not None], now)
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
    first = {"feed_id": feed_id, "first_seen": now, "revision": 1}
    rows = [{**first, **_first_values(it, now), **_item_values(it.entry)} for it in intents]
    made = insert(items).returning(items.c.id, sort_by_parameter_order=True)
    ids = connection.execute(made, rows).scalars().all()
    connection.execute(
        insert(entries),
        [entry_row(feed_id, it, key, now) for key, it in zip(ids, intents, strict=True)],
    )
    return ids


def _first_values(intent: ItemIntent, now: datetime) -> dict[str, Any]:
    return {
        "date": counts_from(intent.entry.published, now) or now,
        "status": ItemStatus.HIDDEN if intent.hidden else ItemStatus.NEW,
        "status_reason": "it came with more new entries than anybody reads" if intent.hidden else None,
    }


def _revise_items(
    connection: Connection, feed_id: int, intents: Sequence[ItemIntent], now: datetime
) -> dict[int, int]:
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
            material_revision=case(
                (bindparam("is_material", type_=Boolean), items.c.revision + 1),
                else_=items.c.material_revision,
            ),
            date=func.coalesce(bindparam("new_date", type_=items.c.date.type), items.c.date),
            **{name: bindparam(f"new_{name}", type_=items.c[name].type) for name in values},
        ),
        [
            {
                "item": it.item_id,
                "is_material": it.is_material,
                "new_date": counts_from(it.entry.published, now),
                **{f"new_{name}": value for name, value in _item_values(it.entry).items()},
            }
            for it in intents
        ],
    )
    follow(connection, feed_id, intents)
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
