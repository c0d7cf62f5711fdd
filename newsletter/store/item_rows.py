"""Items as they are read: rows of several tables put together to one item and its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from newsletter.audiences.types import Hand, Reason
from newsletter.feeds.types import Item, ItemStatus
from newsletter.store.bulk import among
from newsletter.store.corrections import ItemHistory, read_histories
from newsletter.store.schema import editor_words, item_audiences, item_reasons

#: Who decided on an audience.
EDITOR, RULES = "editor", "rules"


def assemble(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[tuple[Item, tuple[Reason, ...]]]:
    """Yield the items of these rows, in their order, with the reasons of each."""
    ids = [row.id for row in rows]
    decisions: dict[int, dict[str, dict[str, bool]]] = {}
    for row in connection.execute(
        select(item_audiences).where(among(connection, item_audiences.c.item_id, ids))
    ):
        decisions.setdefault(row.item_id, {}).setdefault(row.audience, {})[row.decided_by] = row.included
    reasons: dict[int, list[Reason]] = {}
    query = select(item_reasons).where(among(connection, item_reasons.c.item_id, ids))
    for row in connection.execute(query.order_by(item_reasons.c.position)):
        reasons.setdefault(row.item_id, []).append(Reason(row.audience, row.rule, row.place, row.text))
    histories = read_histories(connection, rows)
    hands = (
        _hands(connection, ids)
        if any(EDITOR in by for it in decisions.values() for by in it.values())
        else {}
    )
    pins = _pinned_at(connection, [row.id for row in rows if row.status == ItemStatus.PINNED])
    for row in rows:
        found, why = _item(row, decisions.get(row.id, {}), reasons.get(row.id, []), hands, histories[row.id])
        yield replace(found, pinned_at=pins[row.id]) if row.id in pins else found, why


def _pinned_at(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """Return when editors pinned items, the last time each."""
    if not ids:
        return {}
    said = (editor_words.c.what == "status", editor_words.c.value == str(ItemStatus.PINNED))
    query = select(editor_words).where(among(connection, editor_words.c.item_id, ids), *said)
    return {row.item_id: row.said_at for row in connection.execute(query.order_by(editor_words.c.id))}


def _hands(connection: Connection, ids: Sequence[int]) -> dict[tuple[int, str], Hand]:
    """Return whose word last decided on an audience, by item and audience."""
    query = select(editor_words).where(
        among(connection, editor_words.c.item_id, ids), editor_words.c.what == "audience"
    )
    return {
        (row.item_id, row.audience): Hand(row.said_by, row.said_at)
        for row in connection.execute(query.order_by(editor_words.c.id))
    }


def _item(
    row: Row[Any],
    decisions: Mapping[str, Mapping[str, bool]],
    reasons: Sequence[Reason],
    hands: Mapping[tuple[int, str], Hand],
    history: ItemHistory,
) -> tuple[Item, tuple[Reason, ...]]:
    # The editor's word wins over the rules', audience by audience.
    included = {audience: by.get(EDITOR, by.get(RULES, False)) for audience, by in decisions.items()}
    audiences = frozenset(audience for audience, yes in included.items() if yes)
    by_editor = [
        Reason(audience, "editor", "editor", _said(hands.get((row.id, audience))))
        for audience in sorted(audiences)
        if decisions[audience].get(EDITOR)
    ]
    item = Item(
        id=row.id,
        feed=row.feed,
        title=row.title,
        link=row.link,
        html=row.html,
        summary=row.summary,
        published=row.published,
        updated=row.updated,
        first_seen=row.first_seen,
        section=row.section,
        categories=tuple(row.categories),
        author=row.author,
        language=row.language,
        status=ItemStatus(row.status),
        revision=row.revision,
        audiences=audiences,
        sources=(row.feed, *(name for name in history.feeds if name != row.feed)),
        status_reason=row.status_reason,
        corrects=history.corrects,
        changed_since=history.changed_since,
        counts_from=row.date,
        position=row.position,
        note=row.note or "",
    )
    return item, (*by_editor, *(reason for reason in reasons if reason.audience in audiences))


def _said(hand: Hand | None) -> str:
    return f"{hand.by}, {hand.at:%Y-%m-%d %H:%M} UTC" if hand else "the editor said so"
