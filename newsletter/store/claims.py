"""Claims: the next pending deliveries of an edition, leased to one worker by the database's clock.

The statements are built once for a worker: to put them together takes SQLAlchemy longer than to run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)

from newsletter.address import Address
from newsletter.delivery.types import Claim, DeliveryStatus, Recipient
from newsletter.editions.types import Edition
from newsletter.store.bulk import among_given, as_keys, fetch, in_one_step, moment
from newsletter.store.database import Database, epoch_now
from newsletter.store.notes import is_going_out
from newsletter.store.schema import UtcDateTime, deliveries, members, subscriptions, suppressions

#: How long a delivery stays with a worker that says nothing.
LEASE_S = 60.0


class Claims:
    """Takes deliveries of an edition for one worker."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._dialect = database.engine.dialect
        these = among_given(self._dialect, deliveries.c.id, "keys")
        mine = and_(these, deliveries.c.status == DeliveryStatus.PENDING)
        gone = {"status": DeliveryStatus.SUPPRESSED, "finished_at": bindparam("now", type_=UtcDateTime)}
        lease = {"worker": worker, "lease_until": epoch_now() + LEASE_S}
        self._free = in_one_step(self._dialect, _free())
        self._leave_out = update(deliveries).where(these, _is_gone()).values(gone)
        self._lease = update(deliveries).where(mine).values(lease)
        self._claims = in_one_step(self._dialect, _claims().where(mine))

    def take(self, edition: Edition, limit: int, now: datetime) -> list[Claim]:
        """Lease up to so many pending deliveries.

        Members who were suppressed or left since the plan was made are set to `suppressed` instead.
        An empty list means that nothing is pending which nobody else holds.
        """
        of_edition = {"edition": edition.key, "newsletter": edition.id.newsletter, "most": limit}
        while True:
            with self._database.write() as connection:
                keys = [key for (key,) in fetch(connection, self._free, of_edition)]
                if not keys:
                    return []
                these = {"keys": as_keys(self._dialect, keys)}
                connection.execute(self._leave_out, {**these, **of_edition, "now": now})
                if connection.execute(self._lease, these).rowcount:
                    return _read(connection, self._claims, these)


def _free() -> Select[Any]:
    edition = bindparam("edition", type_=deliveries.c.edition_id.type)
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.edition_id == edition,
            deliveries.c.status == DeliveryStatus.PENDING,
            or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= epoch_now()),
            is_going_out(edition),
        )
        .order_by(deliveries.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )


def _is_gone() -> ColumnElement[bool]:
    theirs = exists().where(members.c.id == deliveries.c.member_id)
    subscribed = exists().where(
        subscriptions.c.member_id == deliveries.c.member_id,
        subscriptions.c.newsletter == bindparam("newsletter"),
        subscriptions.c.ended_at.is_(None),
    )
    return or_(
        theirs.where(members.c.email.is_(None)),
        theirs.where(members.c.email_key == suppressions.c.email_key),
        ~subscribed,
    )


def _claims() -> Select[Any]:
    return (
        select(
            deliveries.c.id,
            deliveries.c.variant_id,
            deliveries.c.member_id,
            deliveries.c.attempts,
            deliveries.c.first_try,
            members.c.email,
            members.c.email_key,
            members.c.first_name,
            members.c.last_name,
            members.c.attributes,
        )
        .join(members)
        .order_by(deliveries.c.id)
    )


def _read(connection: Connection, claims: Select[Any], these: Mapping[str, object]) -> list[Claim]:
    rows = fetch(connection, claims, these)
    return [
        Claim(
            delivery,
            variant,
            member,
            Recipient(Address(email, key), first_name, last_name, attributes),
            tried,
            moment(first_try),
        )
        for delivery, variant, member, tried, first_try, email, key, first_name, last_name, attributes in rows
    ]
