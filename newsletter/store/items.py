"""Items: entries that are kept, their revisions, audiences and reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, or_, select, update

from newsletter.audiences.types import EditorWord, Hand, Reason, merged
from newsletter.errors import NewsletterError
from newsletter.feeds.filing import Filing
from newsletter.feeds.types import Item, ItemStatus
from newsletter.store.bulk import among
from newsletter.store.corrections import correct_item, refuse_unchanged
from newsletter.store.database import Database
from newsletter.store.item_rows import EDITOR, RULES, assemble
from newsletter.store.schema import editor_words, feeds, item_audiences, item_reasons, items

_PAGE = 500


class ItemStore:
    """The items. A changed entry becomes a revision; an editor's word is never overwritten by rules.

    filing: what items are filed under by the configuration.
    """

    def __init__(self, database: Database, filing: Filing) -> None:
        self._database = database
        self._filing = filing

    def all(self) -> Iterator[tuple[Item, tuple[Reason, ...]]]:
        """Yield every item with its reasons, newest first, in pages."""
        after: tuple[datetime, int] | None = None
        while True:
            query = _newest_first(select(items, feeds.c.name.label("feed")).join(feeds)).limit(_PAGE)
            if after:
                day, key = after
                query = query.where(or_(items.c.date < day, (items.c.date == day) & (items.c.id < key)))
            with self._database.read() as connection:
                rows = connection.execute(query).all()
                yield from self._assemble(connection, rows)
            if len(rows) < _PAGE:
                return
            after = (rows[-1].date, rows[-1].id)

    def get(self, item_id: int) -> tuple[Item, tuple[Reason, ...]]:
        """Return one item with its reasons; raises NewsletterError for an unknown id."""
        query = select(items, feeds.c.name.label("feed")).join(feeds).where(items.c.id == item_id)
        with self._database.read() as connection:
            for found in self._assemble(connection, connection.execute(query).all()):
                return found
        raise NewsletterError(f"there is no item {item_id}", hint="newsletter item list")

    def by_ids(self, ids: Collection[int]) -> dict[int, Item]:
        """Return the items of these ids."""
        query = select(items, feeds.c.name.label("feed")).join(feeds)
        with self._database.read() as connection:
            query = query.where(among(connection, items.c.id, ids))
            return {item.id: item for item, _ in self._assemble(connection, connection.execute(query).all())}

    def candidates(self, audiences: Collection[str], since: datetime) -> list[Item]:
        """Return the items that may go into an edition, newest first.

        audiences: those of the newsletter; since: the oldest date that counts. Hidden and withdrawn items
        are not among them, nor are items that nobody is meant to get.
        """
        query = _newest_first(
            select(items, feeds.c.name.label("feed"))
            .join(feeds)
            .where(items.c.date >= since, items.c.status.in_([ItemStatus.NEW, ItemStatus.PINNED]))
        )
        with self._database.read() as connection:
            found = [item for item, _ in self._assemble(connection, connection.execute(query).all())]
        return [item for item in found if item.audiences & set(audiences)]

    def _assemble(
        self, connection: Connection, rows: Sequence[Row[Any]]
    ) -> Iterator[tuple[Item, tuple[Reason, ...]]]:
        for item, reasons in assemble(connection, rows):
            categories = self._filing.categories(item.categories, item.sources)
            yield (item if categories == item.categories else replace(item, categories=categories)), reasons

    def set_status(
        self, item_id: int, status: ItemStatus, hand: Hand | None = None, *, reason: str | None = None
    ) -> None:
        """Hide, pin or withdraw an item, or make it an ordinary one again.

        hand: whose word it is; None where the program decides. reason: why, in a clause.
        """
        self._set(item_id, "status", str(status), hand, status=status, status_reason=reason)

    def correct(self, item_id: int, now: datetime) -> int:
        """Let an item take the place of one that was sent and has changed since; return its id.

        It reads as the other does now, is for the same audiences, and is news to everybody. The other is
        withdrawn, and what its feeds change from now on changes the new one.
        """
        with self._database.write() as connection:
            return correct_item(connection, item_id, now)

    def settle(self, item_id: int) -> None:
        """Note that an editor has seen how an item changed since it was sent, and leaves it at that."""
        self.get(item_id)
        with self._database.write() as connection:
            row = connection.execute(select(items).where(items.c.id == item_id).with_for_update()).one()
            refuse_unchanged(connection, row)
            this = update(items).where(items.c.id == item_id)
            connection.execute(this.values(settled_revision=row.revision))

    def set_position(self, item_id: int, position: int | None, hand: Hand | None = None) -> None:
        """Say where an item stands, 1 first; None leaves it to its date again."""
        self._set(item_id, "order", "" if position is None else str(position), hand, position=position)

    def set_note(self, item_id: int, note: str, hand: Hand | None = None) -> None:
        """Keep what an editor wants to remember of an item; "" forgets it."""
        self._set(item_id, "note", note, hand, note=note or None)

    def _set(self, item_id: int, what: str, value: str, hand: Hand | None, **values: Any) -> None:  # noqa: ANN401 - of any column
        self.get(item_id)
        with self._database.write() as connection:
            connection.execute(update(items).where(items.c.id == item_id).values(**values))
            _note_word(connection, item_id, hand, what=what, value=value)

    def set_audiences(
        self, item_id: int, decisions: Mapping[str, bool | None], hand: Hand | None = None
    ) -> None:
        """Note an editor's word: for these audiences the item is, or is not, whatever the rules say.

        None takes the word back: the rules decide again.
        """
        self.get(item_id)
        with self._database.write() as connection:
            lock_items(connection, [item_id])
            for audience, included in decisions.items():
                key = {"item_id": item_id, "audience": audience, "decided_by": EDITOR}
                connection.execute(delete(item_audiences).filter_by(**key))
                if included is not None:
                    connection.execute(insert(item_audiences).values(included=included, **key))
                value = "" if included is None else "+" if included else "-"
                _note_word(connection, item_id, hand, what="audience", audience=audience, value=value)

    def words_of_editors(self, item_id: int) -> tuple[EditorWord, ...]:
        """Return all that editors said of an item, oldest first."""
        query = select(editor_words).where(editor_words.c.item_id == item_id).order_by(editor_words.c.id)
        with self._database.read() as connection:
            return tuple(
                EditorWord(Hand(row.said_by, row.said_at), row.what, row.audience, row.value)
                for row in connection.execute(query)
            )

    def editor_word(self, item_id: int) -> dict[str, bool]:
        """Return what an editor decided about an item, by audience."""
        query = select(item_audiences.c.audience, item_audiences.c.included).where(
            item_audiences.c.item_id == item_id, item_audiences.c.decided_by == EDITOR
        )
        with self._database.read() as connection:
            return dict(connection.execute(query).all())

    def replace_rules(self, reasons: Mapping[int, Sequence[Reason]]) -> None:
        """Put what the rules say now, by item, in the place of what they said before."""
        with self._database.write() as connection:
            lock_items(connection, reasons)
            put_reasons(connection, reasons)


def _note_word(
    connection: Connection, item_id: int, hand: Hand | None, *, what: str, value: str, audience: str = ""
) -> None:
    if hand:
        row = {"item_id": item_id, "said_at": hand.at, "said_by": hand.by}
        connection.execute(insert(editor_words).values(what=what, audience=audience, value=value, **row))


def lock_items(connection: Connection, ids: Collection[int]) -> None:
    """Let nobody else sort these items until we have; always in one order, so nobody waits in a circle."""
    if connection.dialect.name == "sqlite":  # whoever writes is alone there
        return
    chosen = select(items.c.id).where(among(connection, items.c.id, ids))
    connection.execute(chosen.order_by(items.c.id).with_for_update())


def _newest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(items.c.date.desc(), items.c.id.desc())


def add_reasons(connection: Connection, reasons: Mapping[int, Sequence[Reason]]) -> None:
    """Add what the rules say, by item, to what they said before; a default only stands by itself."""
    said: dict[int, list[Reason]] = {item_id: [] for item_id in reasons}
    query = select(item_reasons).where(among(connection, item_reasons.c.item_id, reasons))
    for row in connection.execute(query.order_by(item_reasons.c.position)):
        said[row.item_id].append(Reason(row.audience, row.rule, row.place, row.text))
    put_reasons(connection, {key: merged(said[key], reasons[key]) for key in reasons})


def put_reasons(connection: Connection, reasons: Mapping[int, Sequence[Reason]]) -> None:
    """Put what the rules say, by item, in the place of what they said before; the editor's word stays."""
    said_before = among(connection, item_audiences.c.item_id, reasons)
    connection.execute(delete(item_audiences).where(said_before, item_audiences.c.decided_by == RULES))
    connection.execute(delete(item_reasons).where(among(connection, item_reasons.c.item_id, reasons)))
    audiences = [
        {"item_id": item_id, "audience": audience, "decided_by": RULES, "included": True}
        for item_id, said in reasons.items()
        for audience in dict.fromkeys(reason.audience for reason in said)
    ]
    if not audiences:
        return
    connection.execute(insert(item_audiences), audiences)
    rows = [
        {
            "item_id": item_id,
            "position": position,
            "audience": reason.audience,
            "rule": reason.rule,
            "place": reason.where,
            "text": reason.text,
        }
        for item_id, said in reasons.items()
        for position, reason in enumerate(said)
    ]
    connection.execute(insert(item_reasons), rows)
