"""Deliveries: the ledger. One row for each recipient of an edition is the truth; totals are queries over it.

Every step is a conditional update, so two processes may take it at once and one of them does it:

- `claim` leases pending rows to a worker until a time by the database's clock; `renew` puts that time off.
- `note` marks rows `sending`, which is committed before the end of a message's content can leave. It leaves
  out those whose lease has run out meanwhile, and then nothing may be sent. The same transaction records the
  outcomes of earlier ones; one that comes when another worker has taken the row over is only put down as an
  attempt.
- `recover` takes over what dead workers left: claimed rows go back, rows that were `sending` become unknown.
- Only of an edition whose status is `sending` is anything claimed or marked: so a pause takes effect between
  two messages, whoever says it.
- What becomes unknown is sent once more where the newsletter says `on_unknown = "resend"`: the row is pending
  again, and marked as resent, so that the second doubt stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Insert, and_, case, delete, insert, literal, or_, select, update

from newsletter.delivery.types import Attempt, Claim, DeliveryStatus
from newsletter.editions.types import Edition, EditionStatus
from newsletter.store.bulk import among
from newsletter.store.claims import LEASE_S, Claims
from newsletter.store.database import Database, epoch_now
from newsletter.store.notes import REFUSED, Notes, send_again
from newsletter.store.schema import UtcDateTime, attempts, deliveries, editions, members, suppressions

_TIME = UtcDateTime()


@dataclass(frozen=True, slots=True)
class Recovered:
    """What dead workers left behind, in deliveries. resent: how many that were unknown go out once more."""

    released: int = 0
    unknown: int = 0
    resent: int = 0


class DeliveryStore:
    """The ledger as seen by one worker. resend: what is in doubt is sent once more."""

    def __init__(self, database: Database, worker: str, *, resend: bool = False) -> None:
        self._database = database
        self._worker = worker
        self._resend = resend
        self._claims = Claims(database, worker)
        self._notes = Notes(database, worker, resend=resend)
        #: Claimed, and without an outcome so far: to search a million pending rows for them takes a second.
        self._held: set[int] = set()

    def claim(self, edition: Edition, limit: int, now: datetime) -> list[Claim]:
        """Lease up to so many pending deliveries to this worker; none when nobody could have any."""
        claims = self._claims.take(edition, limit, now)
        self._held.update(claim.delivery for claim in claims)
        return claims

    def renew(self) -> None:
        """Put off the end of all leases that this worker holds."""
        with self._database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(
                    among(connection, deliveries.c.id, self._held),
                    deliveries.c.worker == self._worker,
                    deliveries.c.lease_until > epoch_now(),
                )
                .values(lease_until=epoch_now() + LEASE_S)
            )

    def note(self, outcomes: Sequence[Attempt], sending: Sequence[Claim]) -> set[int]:
        """Record outcomes and mark deliveries `sending`, in one transaction.

        Returns the ids that are marked. One that is missing must not be sent: it is no longer this worker's,
        or the edition was paused.
        """
        keys = [claim.delivery for claim in sending]
        whole = self._notes.write(outcomes, keys)
        self._held.difference_update(it.claim.delivery for it in outcomes)
        return set(keys) if whole else self._marked(keys)

    def close(self) -> None:
        """Close the connection of this worker."""
        self._notes.close()

    def edition_status(self, edition: Edition) -> EditionStatus:
        """Return what the edition is at this moment, whoever changed it."""
        with self._database.read() as connection:
            status = connection.execute(select(editions.c.status).filter_by(id=edition.key)).scalar_one()
        return EditionStatus(status)

    def release(self, edition: Edition) -> None:
        """Give back what this worker has claimed and not begun to send."""
        self._held.clear()
        with self._database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.edition_id == edition.key,
                    deliveries.c.status == DeliveryStatus.PENDING,
                    deliveries.c.worker == self._worker,
                )
                .values(worker=None, lease_until=None)
            )

    def wake_deferred(self, edition: Edition, now: datetime) -> None:
        """Make deferred deliveries pending again whose time has come."""
        with self._database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.edition_id == edition.key,
                    deliveries.c.status == DeliveryStatus.DEFERRED,
                    deliveries.c.retry_at <= now,
                )
                .values(status=DeliveryStatus.PENDING, retry_at=None)
            )

    def take_back(self, refused: Collection[int], since: datetime) -> int:
        """Make deliveries pending again that this worker noted as refused, for a reason that was not theirs.

        Their attempts do not count, and what was suppressed for it since a time is not. Returns how many.
        """
        with self._database.write() as connection:
            mine = and_(
                among(connection, deliveries.c.id, refused),
                deliveries.c.status == DeliveryStatus.REFUSED,
                deliveries.c.worker == self._worker,
            )
            theirs = select(members.c.email_key).join(deliveries).where(mine)
            connection.execute(
                delete(suppressions).where(
                    suppressions.c.email_key.in_(theirs),
                    suppressions.c.reason == REFUSED,
                    suppressions.c.created_at >= since,
                )
            )
            again = {"status": DeliveryStatus.PENDING, "worker": None, "finished_at": None}
            uncounted = {
                "attempts": deliveries.c.attempts - 1,
                "first_try": case((deliveries.c.attempts > 1, deliveries.c.first_try)),
            }
            return connection.execute(update(deliveries).where(mine).values(**again, **uncounted)).rowcount

    def recover(
        self, edition: Edition, dead: Collection[str], now: datetime, *, alive: Collection[str] = ()
    ) -> Recovered:
        """Take over what dead workers, and those whose lease has ended, have left behind.

        dead: workers known to be gone, whose leases count for nothing. alive: workers known to run. They lose
        what they have not begun to send when a clock that was set forward ends their leases, but nothing is
        in doubt that they have in hand.
        """
        left = and_(
            deliveries.c.edition_id == edition.key,
            or_(deliveries.c.worker.in_(dead), deliveries.c.lease_until <= epoch_now()),
        )
        lost = and_(left, deliveries.c.status == DeliveryStatus.SENDING, deliveries.c.worker.not_in(alive))
        free = {"worker": None, "lease_until": None}
        with self._database.write() as connection:
            released = connection.execute(
                update(deliveries).where(left, deliveries.c.status == DeliveryStatus.PENDING).values(**free)
            ).rowcount
            connection.execute(_died(lost, now))
            unknown = connection.execute(
                update(deliveries)
                .where(lost)
                .values(
                    status=DeliveryStatus.UNKNOWN,
                    attempts=deliveries.c.attempts + 1,
                    finished_at=now,
                    lease_until=None,
                )
            ).rowcount
            again = send_again(deliveries.c.edition_id == edition.key)
            resent = connection.execute(again).rowcount if self._resend else 0
        return Recovered(released, unknown, resent)

    def _marked(self, keys: Sequence[int]) -> set[int]:
        with self._database.read() as connection:
            mine = select(deliveries.c.id).where(
                among(connection, deliveries.c.id, keys),
                deliveries.c.status == DeliveryStatus.SENDING,
                deliveries.c.worker == self._worker,
            )
            return set(connection.execute(mine).scalars())


def _died(lost: ColumnElement[bool], now: datetime) -> Insert:
    told = "the sender stopped before it could note the relay's answer"
    columns = ["delivery_id", "started_at", "ended_at", "status", "relay", "text"]
    fates = select(
        deliveries.c.id,
        literal(now, _TIME),
        literal(now, _TIME),
        literal(DeliveryStatus.UNKNOWN.value),
        literal(""),
        literal(told),
    )
    return insert(attempts).from_select(columns, fates.where(lost))
