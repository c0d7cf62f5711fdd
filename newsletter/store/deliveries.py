"""Deliveries: the ledger. One row for each recipient of an edition is the truth; totals are queries over it.

Every step is a conditional update, so two processes may take it at once and one of them does it:

- `claim` leases pending rows to a worker until a time by the database's clock; `renew` puts that time off.
- `note` marks rows `sending`, which is committed before the end of a message's content can leave. It leaves
  out those whose lease has run out meanwhile, and then nothing may be sent. The same transaction records the
  outcomes of earlier ones; one that comes when another worker has taken the row over is only put down as an
  attempt.
- `recover` takes over what dead workers left: claimed rows go back, rows that were `sending` become unknown.
- What becomes unknown is sent once more where the newsletter says `on_unknown = "resend"`: the row is pending
  again, and marked as resent, so that the second doubt stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from newsletter.delivery.types import Attempt, Claim, DeliveryStatus, Scope
from newsletter.editions.types import Edition
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database, epoch_now
from newsletter.store.recipients import make_recipient
from newsletter.store.schema import (
    UtcDateTime,
    attempts,
    deliveries,
    members,
    subscriptions,
    suppressions,
)

LEASE_S = 60.0
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

    def claim(self, edition: Edition, limit: int, now: datetime) -> list[Claim]:
        """Lease up to so many pending deliveries to this worker.

        Members who were suppressed or left since the plan was made are set to `suppressed` instead.
        An empty list means that nothing is pending which nobody else holds.
        """
        while True:
            with self._database.write() as connection:
                keys = connection.execute(_free(edition).limit(limit)).scalars().all()
                if not keys:
                    return []
                _suppress_gone(connection, edition, keys, now)
                taken = connection.execute(
                    update(deliveries)
                    .where(deliveries.c.id.in_(keys), deliveries.c.status == DeliveryStatus.PENDING)
                    .values(worker=self._worker, lease_until=epoch_now() + LEASE_S)
                    .returning(deliveries.c.id)
                )
                if ids := taken.scalars().all():
                    return _claims(connection, ids)

    def renew(self, edition: Edition) -> None:
        """Put off the end of all leases that this worker holds."""
        with self._database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.edition_id == edition.key,
                    deliveries.c.status.in_([DeliveryStatus.PENDING, DeliveryStatus.SENDING]),
                    deliveries.c.worker == self._worker,
                    deliveries.c.lease_until > epoch_now(),
                )
                .values(lease_until=epoch_now() + LEASE_S)
            )

    def note(self, outcomes: Sequence[Attempt], sending: Sequence[Claim]) -> set[int]:
        """Record outcomes and mark deliveries `sending`, in one transaction.

        Returns the ids that are marked. One that is missing is no longer this worker's: it must not be sent.
        """
        with self._database.write() as connection:
            if outcomes:
                self._record(connection, outcomes)
            if not sending:
                return set()
            marked = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.id.in_([claim.delivery for claim in sending]),
                    deliveries.c.status == DeliveryStatus.PENDING,
                    deliveries.c.worker == self._worker,
                    deliveries.c.lease_until > epoch_now(),
                )
                .values(status=DeliveryStatus.SENDING)
                .returning(deliveries.c.id)
            )
            return set(marked.scalars())

    def release(self, edition: Edition) -> None:
        """Give back what this worker has claimed and not begun to send."""
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

    def recover(self, edition: Edition, dead: Collection[str], now: datetime) -> Recovered:
        """Take over what dead workers, and those whose lease has ended, have left behind.

        dead: workers known to be gone, whose leases count for nothing.
        """
        left = and_(
            deliveries.c.edition_id == edition.key,
            or_(deliveries.c.worker.in_(dead), deliveries.c.lease_until <= epoch_now()),
        )
        lost = and_(left, deliveries.c.status == DeliveryStatus.SENDING)
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
            resent = self._resend_once(connection, deliveries.c.edition_id == edition.key)
        return Recovered(released, unknown, resent)

    def _record(self, connection: Connection, outcomes: Sequence[Attempt]) -> None:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == bindparam("key"), deliveries.c.worker == self._worker)
            .values(
                status=bindparam("new_status"),
                attempts=deliveries.c.attempts + bindparam("counted"),
                first_try=func.coalesce(deliveries.c.first_try, bindparam("began", type_=_TIME)),
                retry_at=bindparam("new_retry_at", type_=_TIME),
                finished_at=bindparam("new_finished_at", type_=_TIME),
                lease_until=None,
            ),
            [_delivery_values(outcome) for outcome in outcomes],
        )
        tried = [outcome for outcome in outcomes if outcome.verdict.scope is Scope.RECIPIENT]
        if tried:  # trouble with the link is nobody's attempt
            connection.execute(insert(attempts), [_attempt_values(outcome) for outcome in tried])
        _suppress(connection, [outcome for outcome in outcomes if outcome.verdict.suppress])
        doubtful = [o.claim.delivery for o in outcomes if o.verdict.status is DeliveryStatus.UNKNOWN]
        if doubtful:
            self._resend_once(connection, deliveries.c.id.in_(doubtful))

    def _resend_once(self, connection: Connection, which: ColumnElement[bool]) -> int:
        """Make unknown deliveries pending again where that is wanted, each at most once in its life."""
        if not self._resend:
            return 0
        unknown = and_(deliveries.c.status == DeliveryStatus.UNKNOWN, deliveries.c.resent.is_(False))
        return connection.execute(
            update(deliveries)
            .where(which, unknown)
            .values(
                status=DeliveryStatus.PENDING, resent=True, worker=None, lease_until=None, finished_at=None
            )
        ).rowcount


def _free(edition: Edition) -> Any:  # noqa: ANN401 - a select of ids
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.edition_id == edition.key,
            deliveries.c.status == DeliveryStatus.PENDING,
            or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= epoch_now()),
        )
        .order_by(deliveries.c.id)
        .with_for_update(skip_locked=True)
    )


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


def _suppress_gone(connection: Connection, edition: Edition, keys: Sequence[int], now: datetime) -> None:
    theirs = exists().where(members.c.id == deliveries.c.member_id)
    forgotten = theirs.where(members.c.email.is_(None))
    suppressed = theirs.where(members.c.email_key == suppressions.c.email_key)
    subscribed = exists().where(
        subscriptions.c.member_id == deliveries.c.member_id,
        subscriptions.c.newsletter == edition.id.newsletter,
        subscriptions.c.ended_at.is_(None),
    )
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(keys), or_(forgotten, suppressed, ~subscribed))
        .values(status=DeliveryStatus.SUPPRESSED, finished_at=now)
    )


def _claims(connection: Connection, ids: Sequence[int]) -> list[Claim]:
    query = (
        select(deliveries, members.c.email, members.c.email_key, members.c.first_name, members.c.last_name)
        .add_columns(members.c.attributes)
        .join(members)
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    )
    return [
        Claim(
            delivery=row.id,
            variant=row.variant_id,
            recipient=make_recipient(row),
            attempts=row.attempts,
            first_try=row.first_try,
        )
        for row in connection.execute(query)
    ]


def _delivery_values(outcome: Attempt) -> dict[str, Any]:
    verdict = outcome.verdict
    open_again = verdict.status in (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED)
    return {
        "key": outcome.claim.delivery,
        "new_status": verdict.status,
        "counted": 1 if verdict.scope is Scope.RECIPIENT else 0,
        "began": outcome.started_at if verdict.scope is Scope.RECIPIENT else None,
        "new_retry_at": verdict.retry_at,
        "new_finished_at": None if open_again else outcome.ended_at,
    }


def _attempt_values(outcome: Attempt) -> dict[str, Any]:
    reply = outcome.reply
    return {
        "delivery_id": outcome.claim.delivery,
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
        "status": outcome.verdict.status,
        "relay": outcome.relay,
        "code": reply.code if reply else None,
        "enhanced": reply.status if reply else None,
        "text": reply.text if reply else outcome.note,
    }


def _suppress(connection: Connection, outcomes: Iterable[Attempt]) -> None:
    rows = [
        {
            "email_key": outcome.claim.recipient.address.key,
            "reason": "refused",
            "detail": str(outcome.reply),
            "created_at": outcome.ended_at,
        }
        for outcome in outcomes
    ]
    if not rows:
        return
    connection.execute(insert_missing(connection, suppressions), rows)
