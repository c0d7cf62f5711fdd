"""Issues: what members have of the editions, told without looking at each delivery."""

from __future__ import annotations

from sqlalchemy import exists, select

from newsletter.audiences.types import audience_set
from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import EditionId, SentVariant
from newsletter.store.database import Database
from newsletter.store.schema import deliveries, editions, variants


class IssueStore:
    """Variants that went out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SentVariant]:
        """Return every variant that some member has: newest edition first, smaller sets first."""
        has_it = exists().where(
            deliveries.c.variant_id == variants.c.id, deliveries.c.status == DeliveryStatus.SENT
        )
        query = (
            select(
                variants.c.id,
                variants.c.audiences,
                variants.c.number,
                variants.c.subject,
                variants.c.preheader,
                variants.c.recipients,
                variants.c.hash,
                editions.c.newsletter,
                editions.c.date,
                editions.c.started_at,
            )
            .join(editions)
            .where(has_it)
            .order_by(editions.c.date.desc(), editions.c.newsletter, variants.c.id)
        )
        with self._database.read() as connection:
            return [
                SentVariant(
                    key=row.id,
                    edition=EditionId(row.newsletter, row.date),
                    sent=row.started_at,
                    audiences=audience_set(row.audiences),
                    number=row.number,
                    subject=row.subject,
                    preheader=row.preheader,
                    recipients=row.recipients,
                    hash=row.hash,
                )
                for row in connection.execute(query)
            ]
