"""Sources: entries as the store keeps them, and several feeds that tell one story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from newsletter.audiences.types import Reason
from newsletter.feeds.identity import marks_of, same_story, title_mark
from newsletter.feeds.links import canonical_link
from newsletter.feeds.types import BY_HAND, NO_MARKS, ItemIntent, Marks, ParsedEntry
from newsletter.store.bulk import among
from newsletter.store.items import add_reasons, lock_items
from newsletter.store.schema import entries, feeds

_MARKS = ("link_mark", "title_mark", "published", "text_mark")


@dataclass(frozen=True, slots=True)
class SortedItem:
    """An intent together with what the rules said of it."""

    intent: ItemIntent
    reasons: tuple[Reason, ...]


def rename(connection: Connection, feed_id: int, renamed: Mapping[str, str]) -> None:
    """Give known entries their new keys, unless another has one of them by now."""
    if not renamed:
        return
    taken = among(connection, entries.c.key, list(renamed.values()))
    found = set(
        connection.execute(select(entries.c.key).where(entries.c.feed_id == feed_id, taken)).scalars()
    )
    rows = [{"old": old, "new": new} for old, new in renamed.items() if new not in found]
    if rows:
        this = (entries.c.feed_id == feed_id, entries.c.key == bindparam("old"))
        connection.execute(update(entries).where(*this).values(key=bindparam("new")), rows)


def also_in(connection: Connection, feed_id: int) -> dict[int, tuple[str, ...]]:
    """Return the names of other feeds that have an item of this feed, by item."""
    own = select(entries.c.item_id).where(entries.c.feed_id == feed_id)
    query = select(entries.c.item_id, feeds.c.name).join(feeds, feeds.c.id == entries.c.feed_id)
    found: dict[int, tuple[str, ...]] = {}
    others = query.where(entries.c.feed_id != feed_id, entries.c.item_id.in_(own))
    for row in connection.execute(others.distinct().order_by(feeds.c.name)):
        found[row.item_id] = (*found.get(row.item_id, ()), row.name)
    return found


def kept_marks(row: Row[Any]) -> Marks:
    """Return an entry's marks; those of one that is older than marks are read off its item."""
    if row.title_mark is None:
        return Marks(canonical_link(row.link) if row.link else None, title_mark(row.title), row.published)
    return Marks(row.link_mark, row.title_mark, row.published, row.text_mark)


def _mark_values(entry: ParsedEntry) -> dict[str, Any]:
    link, title, published, text = marks_of(entry)
    return {"link_mark": link, "title_mark": title, "published": published, "text_mark": text}


def part_joined(
    connection: Connection, feed_id: int, changes: Sequence[SortedItem]
) -> tuple[list[tuple[int, SortedItem]], list[SortedItem]]:
    """Part the changes into new entries that tell the story of an item, with its id, and all others.

    A link that is that of several items of other feeds, or of several entries here, tells no story.
    """
    marked = {it.intent.key: marks_of(it.intent.entry) for it in changes if it.intent.item_id is None}
    here = Counter(marks.link for marks in marked.values() if marks.link)
    told = _told_elsewhere(connection, feed_id, list(here))
    joined, others = [], []
    for change in changes:
        marks = marked.get(change.intent.key, NO_MARKS) if change.intent.item_id is None else NO_MARKS
        link = marks.link or ""
        found = told.get(link, []) if here[link] == 1 else []
        if any(same_story(marks, known, by_hand=by_hand) for _, known, by_hand in found):
            joined.append((found[0][0], change))
        else:
            others.append(change)
    return joined, others


def _told_elsewhere(
    connection: Connection, feed_id: int, links: Sequence[str]
) -> dict[str, list[tuple[int, Marks, bool]]]:
    """Return by link what other feeds say under it, where it is all of one item.

    That is the item, an entry's marks, and whether an editor named the page, in that feed or in this one.
    """
    query = select(entries, feeds.c.name.label("feed")).join(feeds)
    elsewhere = query.where(entries.c.feed_id != feed_id, among(connection, entries.c.link_mark, links))
    own = connection.scalar(select(feeds.c.name).where(feeds.c.id == feed_id))
    told: dict[str, list[tuple[int, Marks, bool]]] = {}
    for row in connection.execute(elsewhere):
        known = Marks(row.link_mark, row.title_mark, row.published, row.text_mark)
        told.setdefault(row.link_mark, []).append((row.item_id, known, BY_HAND.name in (own, row.feed)))
    return {link: found for link, found in told.items() if len({item for item, *_ in found}) == 1}


def join(
    connection: Connection, feed_id: int, joined: Sequence[tuple[int, SortedItem]], now: datetime
) -> None:
    """Note entries as further sources of items; what the rules say of them is added."""
    if not joined:
        return
    lock_items(connection, [item_id for item_id, _ in joined])
    connection.execute(
        insert(entries),
        [entry_row(feed_id, change.intent, item_id, now) for item_id, change in joined],
    )
    add_reasons(connection, {item_id: change.reasons for item_id, change in joined})


def follow(connection: Connection, feed_id: int, intents: Sequence[ItemIntent]) -> None:
    """Note how entries read now whose items follow other feeds."""
    if intents:
        this = (entries.c.feed_id == feed_id, entries.c.key == bindparam("entry"))
        rows = [{"entry": it.key, "new_hash": it.content_hash, **_new_marks(it.entry)} for it in intents]
        values = {name: bindparam(f"new_{name}", type_=entries.c[name].type) for name in _MARKS}
        changed = update(entries).where(*this).values(content_hash=bindparam("new_hash"), **values)
        connection.execute(changed, rows)


def _new_marks(entry: ParsedEntry) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in _mark_values(entry).items()}


def entry_row(feed_id: int, intent: ItemIntent, item_id: int, now: datetime) -> dict[str, Any]:
    """Return a new row of the entries table."""
    return {
        "feed_id": feed_id,
        "key": intent.key,
        "item_id": item_id,
        "content_hash": intent.content_hash,
        "first_seen": now,
        "last_seen": now,
        **_mark_values(intent.entry),
    }
