"""Overview: how all editions, deliveries and feeds stand, as alerts and dashboards ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import DeliveryCounts, EditionId, EditionStatus
from newsletter.store.database import Database
from newsletter.store.schema import deliveries, editions, feeds


@dataclass(frozen=True, slots=True)
class StuckEdition:
    """An edition that may wait for a person. since: when it was held or paused; unknown: deliveries."""

    id: EditionId
    status: EditionStatus
    since: datetime | None
    reason: str
    #: None where nobody paused it, or the program did so by itself.
    paused_by: str | None
    unknown: int


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How a feed that was read at least once does. failing_since: None where it is well."""

    name: str
    last_success_at: datetime | None
    failing_since: datetime | None
    retired_at: datetime | None
    problem: str


class OverviewStore:
    """Queries over everything; each is answered from an index, however many deliveries there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stuck(self, newsletters: Collection[str]) -> list[StuckEdition]:
        """Return editions of these newsletters that are held or paused, or have unknown deliveries."""
        unknown = and_(
            deliveries.c.edition_id == editions.c.id, deliveries.c.status == DeliveryStatus.UNKNOWN
        )
        count = select(func.count()).where(unknown).scalar_subquery()
        halted = editions.c.status.in_([EditionStatus.HELD, EditionStatus.PAUSED])
        waits = or_(halted, exists().where(unknown))
        query = select(editions, count.label("unknown")).where(editions.c.newsletter.in_(newsletters), waits)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(editions.c.date, editions.c.newsletter)).all()
        return [
            StuckEdition(
                EditionId(row.newsletter, row.date),
                EditionStatus(row.status),
                row.finished_at,
                row.pause_reason or "",
                row.paused_by,
                row.unknown,
            )
            for row in rows
        ]

    def editions(self) -> Mapping[tuple[str, EditionStatus], int]:
        """Count editions by newsletter and status."""
        query = select(editions.c.newsletter, editions.c.status, func.count()).group_by(
            editions.c.newsletter, editions.c.status
        )
        with self._database.read() as connection:
            return {(name, EditionStatus(status)): n for name, status, n in connection.execute(query)}

    def last_begun(self, newsletter: str) -> DeliveryCounts | None:
        """Count the deliveries of a newsletter's newest edition that began to go out."""
        newest = (
            select(editions.c.id)
            .where(editions.c.newsletter == newsletter, editions.c.started_at.is_not(None))
            .order_by(editions.c.date.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            found = connection.scalar(newest)
            if found is None:
                return None
            by_status = (
                select(deliveries.c.status, func.count())
                .where(deliveries.c.edition_id == found)
                .group_by(deliveries.c.status)
            )
            counts: dict[str, int] = dict(connection.execute(by_status).all())
        return DeliveryCounts(**counts)

    def feeds(self, names: Collection[str]) -> list[FeedHealth]:
        """Return how those of these feeds do that somebody tried to read, in the order of their names."""
        query = select(feeds).where(feeds.c.name.in_(names), feeds.c.last_pulled_at.is_not(None))
        with self._database.read() as connection:
            return [
                FeedHealth(
                    row.name, row.last_success_at, row.failing_since, row.retired_at, row.problem or ""
                )
                for row in connection.execute(query.order_by(feeds.c.name))
            ]
