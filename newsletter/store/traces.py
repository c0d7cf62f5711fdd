"""Traces: what one member was sent, try by try. Every question here is answered from an index."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from newsletter.audiences.types import audience_set
from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import Edition, EditionId
from newsletter.editions.window import month
from newsletter.store.bulk import among
from newsletter.store.database import Database
from newsletter.store.histories import CARRIED
from newsletter.store.reports import spoken
from newsletter.store.schema import (
    attempts,
    deliveries,
    editions,
    members,
    variant_items,
    variants,
)

#: Addresses that are offered in the place of one that is unknown.
_LIKELY = 3


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt, or what somebody decided about a delivery. reply: what was said, on one line."""

    at: datetime
    status: DeliveryStatus
    relay: str | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """A delivery to one member: of which edition, which variant, and what became of it."""

    edition: int
    status: DeliveryStatus
    audiences: frozenset[str]
    number: int
    items: tuple[int, ...]
    tries: tuple[Try, ...]
    resent: bool
    retry_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """An item that a delivery to a member holds, or held. planned: when the edition's deliveries were."""

    item: int
    edition: EditionId
    edition_key: int
    planned: datetime | None
    status: DeliveryStatus
    finished_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether the item is carried by it: it arrived, or may have, or may yet."""
        return self.status in CARRIED


class TraceStore:
    """The ledger as seen by one member."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deliveries(self, member_id: int, edition_keys: Collection[int]) -> dict[int, Trace]:
        """Return the member's deliveries of these editions, by the edition's key."""
        query = (
            select(deliveries, variants.c.audiences, variants.c.number)
            .join(variants, variants.c.id == deliveries.c.variant_id)
            .where(deliveries.c.member_id == member_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(
                query.where(among(connection, deliveries.c.edition_id, edition_keys))
            ).all()
            tries = _tries(connection, [row.id for row in rows])
            held = _held(connection, {row.variant_id for row in rows})
            return {
                row.edition_id: _trace(row, held.get(row.variant_id, ()), tries.get(row.id, ()))
                for row in rows
            }

    def carried(self, member_id: int, items: Collection[int]) -> list[Carried]:
        """Return in which deliveries to a member these items were, oldest edition first."""
        query = (
            select(
                variant_items.c.item_id,
                editions.c.newsletter,
                editions.c.date,
                deliveries.c.edition_id,
                editions.c.started_at,
                deliveries.c.status,
                deliveries.c.finished_at,
            )
            .join(variant_items, variant_items.c.variant_id == deliveries.c.variant_id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.member_id == member_id)
            .order_by(editions.c.started_at, deliveries.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.where(among(connection, variant_items.c.item_id, items))).all()
        return [
            Carried(
                row.item_id,
                EditionId(row.newsletter, row.date),
                row.edition_id,
                row.started_at,
                DeliveryStatus(row.status),
                row.finished_at,
            )
            for row in rows
        ]

    def of_the_month(self, member_id: int, edition: Edition) -> EditionId | None:
        """Return another edition of the newsletter and month that reached a member before, or may yet."""
        name, day = edition.id.newsletter, edition.id.date
        query = (
            select(editions.c.newsletter, editions.c.date)
            .join(deliveries, deliveries.c.edition_id == editions.c.id)
            .where(deliveries.c.member_id == member_id, deliveries.c.status.in_(CARRIED))
            .where(editions.c.newsletter == name, editions.c.date.between(*month(day)))
            .where(editions.c.date != day)
            .order_by(editions.c.started_at)
        )
        if edition.started_at:
            query = query.where(editions.c.started_at <= edition.started_at)
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        return EditionId(*row) if row else None

    def items(self, edition_keys: Collection[int]) -> dict[int, frozenset[int]]:
        """Return the items of these editions, over all variants, by the edition's key."""
        query = select(variants.c.edition_id, variant_items.c.item_id).join(variant_items).distinct()
        found: dict[int, set[int]] = {}
        with self._database.read() as connection:
            for edition, item in connection.execute(
                query.where(among(connection, variants.c.edition_id, edition_keys))
            ):
                found.setdefault(edition, set()).add(item)
        return {edition: frozenset(items) for edition, items in found.items()}

    def likely(self, email_key: str, spellings: Iterable[str]) -> list[str]:
        """Return members' addresses that somebody may have meant, a few at most.

        spellings: how it may have been meant; beside these the same name at any other domain counts.
        """
        name = email_key.rpartition("@")[0]
        elsewhere = and_(members.c.email_key >= f"{name}@", members.c.email_key < f"{name}@zzzz")
        with self._database.read() as connection:
            slips = select(members.c.email).where(among(connection, members.c.email_key, {*spellings}))
            others = select(members.c.email).where(elsewhere, members.c.email.is_not(None))
            found = [
                *connection.scalars(slips.limit(_LIKELY)),
                *connection.scalars(others.order_by(members.c.email_key).limit(_LIKELY)),
            ]
        return [*dict.fromkeys(found)][:_LIKELY]


def _tries(connection: Connection, keys: Collection[int]) -> dict[int, tuple[Try, ...]]:
    query = select(attempts).where(among(connection, attempts.c.delivery_id, keys)).order_by(attempts.c.id)
    found: dict[int, tuple[Try, ...]] = {}
    for row in connection.execute(query):
        made = Try(row.ended_at, DeliveryStatus(row.status), row.relay or None, spoken(row))
        found[row.delivery_id] = (*found.get(row.delivery_id, ()), made)
    return found


def _held(connection: Connection, variant_keys: Collection[int]) -> dict[int, tuple[int, ...]]:
    query: Select[Any] = select(variant_items.c.variant_id, variant_items.c.item_id)
    ordered = query.order_by(variant_items.c.variant_id, variant_items.c.position)
    found: dict[int, tuple[int, ...]] = {}
    for variant, item in connection.execute(
        ordered.where(among(connection, variant_items.c.variant_id, variant_keys))
    ):
        found[variant] = (*found.get(variant, ()), item)
    return found


def _trace(row: Row[Any], items: tuple[int, ...], tries: tuple[Try, ...]) -> Trace:
    return Trace(
        edition=row.edition_id,
        status=DeliveryStatus(row.status),
        audiences=audience_set(row.audiences),
        number=row.number,
        items=items,
        tries=tries,
        resent=row.resent,
        retry_at=row.retry_at,
        finished_at=row.finished_at,
    )
