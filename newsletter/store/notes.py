"""Notes: what is written down for every message, before it leaves and after it was answered.

All of it is one transaction: what happened to some deliveries, and which ones leave next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Update, and_, exists, func, insert, null, update

from newsletter.delivery.types import Attempt, DeliveryStatus, Scope
from newsletter.editions.types import EditionStatus
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database, epoch_now
from newsletter.store.journal import Cells, Journal, Prepared, Row
from newsletter.store.schema import attempts, deliveries, editions, suppressions

#: Why an address is suppressed to which a relay knows nobody.
REFUSED = "refused"

# What the statements are given, in this order.
_KEY = (deliveries.c.id,)
_OUTCOME = tuple(
    deliveries.c[name] for name in ("id", "status", "attempts", "first_try", "retry_at", "finished_at")
)
_ATTEMPT = tuple(column for column in attempts.c if not column.primary_key)


class Notes:
    """Writes for one worker. resend: what is in doubt is sent once more."""

    def __init__(self, database: Database, worker: str, *, resend: bool) -> None:
        self._resend = resend
        self._journal = Journal(database)
        self._mark = Prepared(database, _KEY, partial(_mark, worker))
        self._record_outcome = Prepared(database, _OUTCOME, partial(_record_outcome, worker))
        self._record_attempt = Prepared(database, _ATTEMPT, insert(attempts).inline().values)
        suppress = insert_missing(database.engine, suppressions).inline().values
        self._suppress = Prepared(database, tuple(suppressions.c), suppress)
        self._resend_doubtful = Prepared(database, _KEY, _resend)

    def write(self, outcomes: Sequence[Attempt], sending: Sequence[int]) -> bool:
        """Record outcomes and mark deliveries `sending`; return whether all of these are marked."""
        time = self._journal.time
        tried = [
            it for it in outcomes if it.verdict.scope is Scope.RECIPIENT
        ]  # trouble with a link is nobody's
        work: list[tuple[Prepared, Sequence[Row]]] = [
            (self._record_outcome, [_outcome_row(it, time) for it in outcomes]),
            (self._record_attempt, [_attempt_row(it, time) for it in tried]),
            (self._suppress, [_suppression_row(it, time) for it in tried if it.verdict.suppress]),
        ]
        if self._resend:
            doubtful = (it.claim for it in tried if it.verdict.status is DeliveryStatus.UNKNOWN)
            work.append((self._resend_doubtful, [(claim.delivery,) for claim in doubtful]))
        work.append((self._mark, [(key,) for key in sending]))
        return self._journal.write(work)[-1] == len(sending)

    def close(self) -> None:
        """Close the connection."""
        self._journal.close()


def is_going_out(key: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Return the condition that nobody paused or cancelled an edition, or ended it."""
    return exists().where(editions.c.id == key, editions.c.status == EditionStatus.SENDING.value)


def _mark(worker: str, row: Cells) -> Update:
    return (
        update(deliveries)
        .where(
            deliveries.c.id == row["id"],
            deliveries.c.status == DeliveryStatus.PENDING.value,
            deliveries.c.worker == worker,
            deliveries.c.lease_until > epoch_now(),
            is_going_out(deliveries.c.edition_id),
        )
        .values(status=DeliveryStatus.SENDING.value)
    )


def _record_outcome(worker: str, row: Cells) -> Update:
    return (
        update(deliveries)
        .where(deliveries.c.id == row["id"], deliveries.c.worker == worker)
        .values(
            status=row["status"],
            attempts=deliveries.c.attempts + row["attempts"],
            first_try=func.coalesce(deliveries.c.first_try, row["first_try"]),
            retry_at=row["retry_at"],
            finished_at=row["finished_at"],
            lease_until=null(),
        )
    )


def _resend(row: Cells) -> Update:
    return send_again(deliveries.c.id == row["id"])


def send_again(which: ColumnElement[bool]) -> Update:
    """Make unknown deliveries pending again, each at most once in its life."""
    unknown = and_(deliveries.c.status == DeliveryStatus.UNKNOWN.value, deliveries.c.resent.is_(False))
    free = {"worker": null(), "lease_until": null(), "finished_at": null()}
    again = {"status": DeliveryStatus.PENDING.value, "resent": True, **free}
    return update(deliveries).where(which, unknown).values(again)


def _outcome_row(outcome: Attempt, time: Callable[[datetime], str]) -> Row:
    verdict = outcome.verdict
    counted = verdict.scope is Scope.RECIPIENT
    open_again = verdict.status in (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED)
    return (
        outcome.claim.delivery,
        verdict.status.value,
        int(counted),
        time(outcome.started_at) if counted else None,
        time(verdict.retry_at) if verdict.retry_at else None,
        None if open_again else time(outcome.ended_at),
    )


def _attempt_row(outcome: Attempt, time: Callable[[datetime], str]) -> Row:
    reply = outcome.reply
    return (
        outcome.claim.delivery,
        time(outcome.started_at),
        time(outcome.ended_at),
        outcome.verdict.status.value,
        outcome.relay,
        reply.code if reply else None,
        reply.status if reply else None,
        reply.text if reply else outcome.note,
    )


def _suppression_row(outcome: Attempt, time: Callable[[datetime], str]) -> Row:
    key = outcome.claim.recipient.address.key
    return (key, REFUSED, str(outcome.reply), time(outcome.ended_at))
