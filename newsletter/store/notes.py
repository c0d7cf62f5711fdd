"""Notes: what is written down for every message, before it leaves and after it was answered.

All of it is one transaction: what happened to some deliveries, and which ones leave next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import (
    Column,
    ColumnElement,
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
    literal_column,
    null,
    select,
    true,
    update,
)

from newsletter.delivery.types import Attempt, DeliveryStatus, Scope
from newsletter.editions.types import EditionStatus
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database, epoch_now
from newsletter.store.journal import Journal, Prepared
from newsletter.store.schema import Id, UtcDateTime, attempts, deliveries, editions, suppressions

# What the statements are given, in this order.
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


class Notes:
    """Writes for one worker. resend: what is in doubt is sent once more."""

    def __init__(self, database: Database, worker: str, *, resend: bool) -> None:
        self._resend = resend
        self._journal = Journal(database)
        self._mark = Prepared(database, _KEY, partial(_mark, worker))
        self._record_outcome = Prepared(database, _OUTCOME, partial(_record_outcome, worker))
        self._record_attempt = Prepared(database, _OUTCOME, _record_attempt)
        self._suppress = Prepared(database, [*suppressions.c], partial(_suppress, database))
        self._resend_doubtful = Prepared(database, _KEY, _resend)

    def write(self, outcomes: Sequence[Attempt], sending: Sequence[int]) -> bool:
        """Record outcomes and mark deliveries `sending`; return whether all of these are marked."""
        work = []
        if outcomes:
            rows = json.dumps([_outcome_row(outcome, self._journal.time) for outcome in outcomes])
            work += [(self._record_outcome, rows), (self._record_attempt, rows)]
        unreachable = [_suppression_row(it, self._journal.time) for it in outcomes if it.verdict.suppress]
        if unreachable:
            work.append((self._suppress, json.dumps(unreachable)))
        doubtful = [[it.claim.delivery] for it in outcomes if it.verdict.status is DeliveryStatus.UNKNOWN]
        if doubtful and self._resend:
            work.append((self._resend_doubtful, json.dumps(doubtful)))
        if sending:
            work.append((self._mark, json.dumps([[key] for key in sending])))
        changed = self._journal.write(work)
        return not sending or changed[-1] == len(sending)

    def close(self) -> None:
        """Close the connection."""
        self._journal.close()


def is_going_out(key: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Return the condition that nobody paused or cancelled an edition, or ended it."""
    return exists().where(editions.c.id == key, editions.c.status == EditionStatus.SENDING.value)


def _mark(worker: str, rows: Subquery) -> Update:
    return (
        update(deliveries)
        .where(
            deliveries.c.id == rows.c.key,
            deliveries.c.status == DeliveryStatus.PENDING.value,
            deliveries.c.worker == worker,
            deliveries.c.lease_until > epoch_now(),
            is_going_out(deliveries.c.edition_id),
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


def _resend(rows: Subquery) -> Update:
    return send_again(deliveries.c.id == rows.c.key)


def send_again(which: ColumnElement[bool]) -> Update:
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
