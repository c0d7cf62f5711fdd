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

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    String,
    Subquery,
    Text,
    Update,
    and_,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)

from newsletter.address import Address
from newsletter.delivery.types import Attempt, Claim, DeliveryStatus, Recipient, Scope
from newsletter.editions.types import Edition, EditionStatus
from newsletter.store.bulk import among, fetch, insert_missing, moment
from newsletter.store.database import Database, epoch_now
from newsletter.store.journal import Journal, Prepared
from newsletter.store.schema import (
    Id,
    UtcDateTime,
    attempts,
    deliveries,
    editions,
    members,
    subscriptions,
    suppressions,
)

LEASE_S = 60.0
_TIME = UtcDateTime()

# What the statements that are run for every message are given, in this order.
_KEY = (Column("key", Id),)
_OUTCOME = (
    Column("delivery_id", Id),
    Column("status", String),
    Column("counted", Integer),
    Column("first_try", UtcDateTime),
    Column("retry_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("relay", String),
    Column("code", Integer),
    Column("enhanced", String),
    Column("text", Text),
)
_OF_ATTEMPT = ("delivery_id", "started_at", "ended_at", "status", "relay", "code", "enhanced", "text")


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
        self._journal = Journal(database)
        self._mark = Prepared(database, _KEY, partial(_mark, worker))
        self._record_outcome = Prepared(database, _OUTCOME, partial(_record_outcome, worker))
        self._record_attempt = Prepared(database, _OUTCOME, _record_attempt)
        self._suppress = Prepared(database, [*suppressions.c], partial(_suppress, database))
        self._send_again = Prepared(database, _KEY, _send_again)

    def claim(self, edition: Edition, limit: int, now: datetime) -> list[Claim]:
        """Lease up to so many pending deliveries to this worker.

        Members who were suppressed or left since the plan was made are set to `suppressed` instead.
        An empty list means that nothing is pending which nobody else holds.
        """
        while True:
            with self._database.write() as connection:
                keys = [key for (key,) in fetch(connection, _free(edition).limit(limit))]
                if not keys:
                    return []
                these = among(connection, deliveries.c.id, keys)
                _suppress_gone(connection, edition, these, now)
                mine = and_(these, deliveries.c.status == DeliveryStatus.PENDING)
                lease = {"worker": self._worker, "lease_until": epoch_now() + LEASE_S}
                if connection.execute(update(deliveries).where(mine).values(lease)).rowcount:
                    return _claims(connection, mine)

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

        Returns the ids that are marked. One that is missing must not be sent: it is no longer this worker's,
        or the edition was paused.
        """
        work = []
        if outcomes:
            rows = json.dumps([_outcome_row(outcome, self._journal.time) for outcome in outcomes])
            work += [(self._record_outcome, rows), (self._record_attempt, rows)]
        unreachable = [_suppression_row(it, self._journal.time) for it in outcomes if it.verdict.suppress]
        if unreachable:
            work.append((self._suppress, json.dumps(unreachable)))
        doubtful = [[it.claim.delivery] for it in outcomes if it.verdict.status is DeliveryStatus.UNKNOWN]
        if doubtful and self._resend:
            work.append((self._send_again, json.dumps(doubtful)))
        keys = [claim.delivery for claim in sending]
        if keys:
            work.append((self._mark, json.dumps([[key] for key in keys])))
        changed = self._journal.write(work)
        return set(keys) if not keys or changed[-1] == len(keys) else self._marked(keys)

    def close(self) -> None:
        """Close the connection of this worker."""
        self._journal.close()

    def edition_status(self, edition: Edition) -> EditionStatus:
        """Return what the edition is at this moment, whoever changed it."""
        with self._database.read() as connection:
            status = connection.execute(select(editions.c.status).filter_by(id=edition.key)).scalar_one()
        return EditionStatus(status)

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
            again = _again(deliveries.c.edition_id == edition.key)
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


def _is_going_out(key: ColumnElement[int] | int) -> ColumnElement[bool]:
    return exists().where(editions.c.id == key, editions.c.status == EditionStatus.SENDING.value)


def _mark(worker: str, rows: Subquery) -> Update:
    return (
        update(deliveries)
        .where(
            deliveries.c.id == rows.c.key,
            deliveries.c.status == DeliveryStatus.PENDING.value,
            deliveries.c.worker == worker,
            deliveries.c.lease_until > epoch_now(),
            _is_going_out(deliveries.c.edition_id),
        )
        .values(status=DeliveryStatus.SENDING.value)
    )


def _record_outcome(worker: str, rows: Subquery) -> Update:
    return (
        update(deliveries)
        .where(deliveries.c.id == rows.c.delivery_id, deliveries.c.worker == worker)
        .values(
            status=rows.c.status,
            attempts=deliveries.c.attempts + rows.c.counted,
            first_try=func.coalesce(deliveries.c.first_try, rows.c.first_try),
            retry_at=rows.c.retry_at,
            finished_at=rows.c.finished_at,
            lease_until=null(),
        )
    )


def _record_attempt(rows: Subquery) -> Insert:
    counted = select(*(rows.c[name] for name in _OF_ATTEMPT)).where(rows.c.counted == literal_column("1"))
    return insert(attempts).from_select(list(_OF_ATTEMPT), counted).inline()


def _send_again(rows: Subquery) -> Update:
    return _again(deliveries.c.id == rows.c.key)


def _again(which: ColumnElement[bool]) -> Update:
    """Make unknown deliveries pending again, each at most once in its life."""
    unknown = and_(deliveries.c.status == DeliveryStatus.UNKNOWN.value, deliveries.c.resent.is_(False))
    free = {"worker": null(), "lease_until": null(), "finished_at": null()}
    again = {"status": DeliveryStatus.PENDING.value, "resent": True, **free}
    return update(deliveries).where(which, unknown).values(again)


def _suppress(database: Database, rows: Subquery) -> Insert:
    columns = [it.name for it in suppressions.c]
    # WHERE keeps SQLite from taking ON CONFLICT for the ON of a join (sqlite.org/lang_upsert.html).
    given = select(rows).where(true())
    return insert_missing(database.engine, suppressions).from_select(columns, given).inline()


def _free(edition: Edition) -> Any:  # noqa: ANN401 - a select of ids
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.edition_id == edition.key,
            deliveries.c.status == DeliveryStatus.PENDING,
            or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= epoch_now()),
            _is_going_out(edition.key),
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


def _suppress_gone(
    connection: Connection, edition: Edition, these: ColumnElement[bool], now: datetime
) -> None:
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
        .where(these, or_(forgotten, suppressed, ~subscribed))
        .values(status=DeliveryStatus.SUPPRESSED, finished_at=now)
    )


def _claims(connection: Connection, which: ColumnElement[bool]) -> list[Claim]:
    query = (
        select(
            deliveries.c.id,
            deliveries.c.variant_id,
            deliveries.c.attempts,
            deliveries.c.first_try,
            members.c.email,
            members.c.email_key,
            members.c.first_name,
            members.c.last_name,
            members.c.attributes,
        )
        .join(members)
        .where(which)
        .order_by(deliveries.c.id)
    )
    return [
        Claim(
            delivery,
            variant,
            Recipient(Address(email, key), first_name, last_name, attributes),
            tried,
            moment(first_try),
        )
        for delivery, variant, tried, first_try, email, key, first_name, last_name, attributes in fetch(
            connection, query
        )
    ]


def _outcome_row(outcome: Attempt, time: Callable[[datetime | None], str | None]) -> list[object]:
    verdict, reply = outcome.verdict, outcome.reply
    counted = verdict.scope is Scope.RECIPIENT  # trouble with the link is nobody's attempt
    began, ended = time(outcome.started_at), time(outcome.ended_at)
    open_again = verdict.status in (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED)
    return [
        outcome.claim.delivery,
        verdict.status,
        int(counted),
        began if counted else None,
        time(verdict.retry_at),
        None if open_again else ended,
        began,
        ended,
        outcome.relay,
        reply.code if reply else None,
        reply.status if reply else None,
        reply.text if reply else outcome.note,
    ]


def _suppression_row(outcome: Attempt, time: Callable[[datetime | None], str | None]) -> list[object]:
    key = outcome.claim.recipient.address.key
    return [key, "refused", str(outcome.reply), time(outcome.ended_at)]
