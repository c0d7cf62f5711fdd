"""Reports: what became of deliveries, in the relays' words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from newsletter.audiences.types import audience_set
from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import Edition
from newsletter.store.database import Database
from newsletter.store.schema import attempts, deliveries, members, variants

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery with its last attempt; code, status and text are the relay's own."""

    email: str | None
    status: DeliveryStatus
    attempts: int
    audiences: frozenset[str]
    number: int
    at: datetime | None
    relay: str | None
    reply: str | None


class ReportStore:
    """Deliveries and attempts, to be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deliveries(self, edition: Edition, *, unfinished_only: bool = True) -> Iterator[DeliveryReport]:
        """Yield the deliveries that are not `sent` with their last attempt, in order, page by page."""
        last = 0
        while True:
            query = _report_query(edition, last, unfinished_only=unfinished_only)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            yield from map(_report, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].id

    def count_attempts(self, relay: str, since: datetime) -> int:
        """Count the messages that a relay was handed since a time."""
        query = select(func.count()).where(attempts.c.relay == relay, attempts.c.ended_at > since)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()


def _report_query(edition: Edition, after: int, *, unfinished_only: bool) -> Any:  # noqa: ANN401 - a select
    every = attempts.alias()
    newest = select(func.max(every.c.id)).where(every.c.delivery_id == deliveries.c.id).scalar_subquery()
    query = (
        select(
            deliveries.c.id,
            deliveries.c.status,
            deliveries.c.attempts,
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
        .where(deliveries.c.edition_id == edition.key, deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(_PAGE)
    )
    return query.where(deliveries.c.status != DeliveryStatus.SENT) if unfinished_only else query


def _report(row: Row[Any]) -> DeliveryReport:
    words = " ".join(str(part) for part in (row.code, row.enhanced, row.text) if part)
    return DeliveryReport(
        email=row.email,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        audiences=audience_set(row.audiences),
        number=row.number,
        at=row.ended_at,
        relay=row.relay,
        reply=words or None,
    )
