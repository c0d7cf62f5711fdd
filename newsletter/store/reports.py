"""Reports: what became of deliveries, in the relays' words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, select, union_all

from newsletter.audiences.types import audience_set
from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import Edition
from newsletter.store.database import Database
from newsletter.store.schema import attempts, deliveries, members, variants

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery with its last attempt; reply is the relay's own, or what we say where it said nothing."""

    email: str | None
    status: DeliveryStatus
    attempts: int
    audiences: frozenset[str]
    number: int
    at: datetime | None
    relay: str | None
    reply: str | None
    #: When a deferred one is tried again at the earliest.
    retry_at: datetime | None = None


class ReportStore:
    """Deliveries and attempts, to be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deliveries(
        self, edition: Edition, *, unfinished_only: bool = True, tried_only: bool = False
    ) -> Iterator[DeliveryReport]:
        """Yield deliveries with their last attempt, in order, a page at a time.

        unfinished_only: those that are not `sent`. tried_only: of the pending ones those that were tried.
        """
        statuses = [it for it in DeliveryStatus if not (unfinished_only and it is DeliveryStatus.SENT)]
        last = 0
        while True:
            with self._database.read() as connection:
                keys = _keys_after(edition, last, statuses, tried_only=tried_only)
                rows = connection.execute(_report_query(keys)).all()
            yield from map(_report, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].id

    def next_retry(self, edition: Edition) -> datetime | None:
        """Return when the first of the deferred deliveries is tried again; None without any."""
        deferred = and_(
            deliveries.c.edition_id == edition.key, deliveries.c.status == DeliveryStatus.DEFERRED
        )
        with self._database.read() as connection:
            earliest: datetime | None = connection.scalar(
                select(func.min(deliveries.c.retry_at)).where(deferred)
            )
        return earliest


def spoken(row: Row[Any]) -> str | None:
    """Return what was said at an attempt on one line, from a row with its columns; None for nothing."""
    return " ".join(str(part) for part in (row.code, row.enhanced, row.text) if part) or None


def _keys_after(
    edition: Edition, last: int, statuses: Sequence[DeliveryStatus], *, tried_only: bool
) -> Select[Any]:
    """Select the next deliveries that have one of these statuses.

    Each status is a stretch of the index, read from `last` on: however many are sent, those that are not are
    found at once.
    """
    stretches = []
    for number, status in enumerate(statuses):
        stretch = select(deliveries.c.id).where(
            deliveries.c.edition_id == edition.key, deliveries.c.status == status, deliveries.c.id > last
        )
        if tried_only and status is DeliveryStatus.PENDING:
            stretch = stretch.where(deliveries.c.attempts > 0)
        page = stretch.order_by(deliveries.c.id).limit(_PAGE).subquery(f"stretch_{number}")
        stretches.append(select(page.c.id))
    every = union_all(*stretches).subquery("stretches")
    return select(every.c.id).order_by(every.c.id).limit(_PAGE)


def _report_query(keys: Select[Any]) -> Select[Any]:
    every = attempts.alias()
    newest = select(func.max(every.c.id)).where(every.c.delivery_id == deliveries.c.id).scalar_subquery()
    return (
        select(
            deliveries.c.id,
            deliveries.c.status,
            deliveries.c.attempts,
            deliveries.c.retry_at,
            members.c.email,
            variants.c.audiences,
            variants.c.number,
            attempts.c.ended_at,
            attempts.c.relay,
            attempts.c.code,
            attempts.c.enhanced,
            attempts.c.text,
        )
        .join(members, members.c.id == deliveries.c.member_id)
        .join(variants, variants.c.id == deliveries.c.variant_id)
        .outerjoin(attempts, attempts.c.id == newest)
        .where(deliveries.c.id.in_(keys))
        .order_by(deliveries.c.id)
    )


def _report(row: Row[Any]) -> DeliveryReport:
    return DeliveryReport(
        email=row.email,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        audiences=audience_set(row.audiences),
        number=row.number,
        at=row.ended_at,
        relay=row.relay or None,
        reply=spoken(row),
        retry_at=row.retry_at,
    )
