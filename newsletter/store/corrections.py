"""What became of items after an edition was frozen: their changes, and the items that correct them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, literal, select, update

from newsletter.editions.types import EditionId, EditionStatus
from newsletter.errors import NewsletterError
from newsletter.feeds.types import ItemStatus
from newsletter.store.bulk import among
from newsletter.store.schema import (
    corrections,
    editions,
    entries,
    feeds,
    item_audiences,
    item_reasons,
    item_revisions,
    items,
    variant_items,
    variants,
)

#: The content of an edition in one of these states is fixed, and was sent or will be.
_FROZEN = (EditionStatus.APPROVED, EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)


@dataclass(frozen=True, slots=True)
class ItemHistory:
    """What other tables know of an item; see `feeds.types.Item`."""

    feeds: tuple[str, ...] = ()
    corrects: int | None = None
    changed_since: str | None = None


def read_histories(connection: Connection, rows: Sequence[Row[Any]]) -> Mapping[int, ItemHistory]:
    """Return the history of each of these items, by id. rows: of the items table."""
    ids = [row.id for row in rows]
    found = {key: ItemHistory() for key in ids}
    named = select(entries.c.item_id, feeds.c.name).join(feeds, feeds.c.id == entries.c.feed_id)
    named = named.where(among(connection, entries.c.item_id, ids)).distinct().order_by(feeds.c.name)
    for row in connection.execute(named):
        found[row.item_id] = replace(found[row.item_id], feeds=(*found[row.item_id].feeds, row.name))
    made = select(corrections).where(among(connection, corrections.c.item_id, ids))
    for row in connection.execute(made):
        found[row.item_id] = replace(found[row.item_id], corrects=row.corrects)
    changed = {row.id: row for row in rows if row.material_revision > max(1, row.settled_revision)}
    for row in connection.execute(_frozen_in(connection, list(changed))) if changed else ():
        if row.revision < changed[row.item_id].material_revision:
            name = str(EditionId(row.newsletter, row.date))
            found[row.item_id] = replace(found[row.item_id], changed_since=name)
    return found


def _frozen_in(connection: Connection, ids: Sequence[int]) -> Select[Any]:
    return (
        select(variant_items.c.item_id, variant_items.c.revision, editions.c.newsletter, editions.c.date)
        .join(variants, variants.c.id == variant_items.c.variant_id)
        .join(editions, editions.c.id == variants.c.edition_id)
        .where(among(connection, variant_items.c.item_id, ids), editions.c.status.in_(_FROZEN))
        .distinct()
        .order_by(editions.c.date)
    )


def correct_item(connection: Connection, item_id: int, now: datetime) -> int:
    """Make the item that takes the place of another, see `ItemStore.correct`; raises NewsletterError."""
    old = connection.execute(select(items).where(items.c.id == item_id).with_for_update()).one_or_none()
    if old is None:
        raise NewsletterError(f"there is no item {item_id}", hint="newsletter item list")
    refuse_unchanged(connection, old)
    fresh = {
        "first_seen": now,
        "date": now,
        "status": ItemStatus.NEW,
        "status_reason": None,
        "revision": 1,
        "material_revision": 1,
        "settled_revision": 0,
    }
    copied = {column.name: getattr(old, column.name) for column in items.c if column.name != "id"}
    made = connection.execute(insert(items).values({**copied, **fresh}).returning(items.c.id))
    new_id = int(made.scalar_one())
    _copy_rest(connection, old, new_id)
    values = {
        "status": ItemStatus.WITHDRAWN,
        "status_reason": f"item {new_id} corrects it",
        "settled_revision": old.revision,
    }
    connection.execute(update(items).where(items.c.id == item_id).values(values))
    connection.execute(update(entries).where(entries.c.item_id == item_id).values(item_id=new_id))
    connection.execute(insert(corrections).values(item_id=new_id, corrects=item_id, made_at=now))
    return new_id


def refuse_unchanged(connection: Connection, row: Row[Any]) -> None:
    """Raise NewsletterError for an item that has not changed since it was sent. row: of the items table."""
    if read_histories(connection, [row])[row.id].changed_since is None:
        raise NewsletterError(
            f"item {row.id} has not changed since it was sent, if it was: there is nothing to correct",
            hint=f"look at it: newsletter item show {row.id}",
        )


def _copy_rest(connection: Connection, old: Row[Any], new_id: int) -> None:
    """Copy for whom an item is and why, and its newest revision, which becomes the new item's first."""
    for table in (item_audiences, item_reasons):
        columns = [column for column in table.c if column.name != "item_id"]
        chosen = select(literal(new_id), *columns).where(table.c.item_id == old.id)
        connection.execute(insert(table).from_select(["item_id", *(it.name for it in columns)], chosen))
    newest = select(func.max(item_revisions.c.revision)).where(item_revisions.c.item_id == old.id)
    kept = (item_revisions.c.content_hash, item_revisions.c.content, item_revisions.c.seen_at)
    chosen = select(literal(new_id), literal(1), *kept)
    chosen = chosen.where(
        item_revisions.c.item_id == old.id, item_revisions.c.revision == newest.scalar_subquery()
    )
    names = ["item_id", "revision", "content_hash", "content", "seen_at"]
    connection.execute(insert(item_revisions).from_select(names, chosen))
