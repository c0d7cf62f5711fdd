"""What a person does to an edition that is being sent: pause it, let it go on, call it off, settle doubts.

Each is one transaction that changes the edition only when it is still in a state that allows it, so two
people may say the same at once. A sender needs no message: it may claim, and mark a delivery `sending`, only
while the edition is `sending`, so it stops at the boundary of a message.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, or_, select, update

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import UNDECIDED, Edition, EditionId, EditionStatus
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import attempts, deliveries, editions

#: What a person says about deliveries of which nobody knows: send them once more, or take them as sent.
Settling = Literal["resend", "sent"]

#: Stages from which an edition can be called off.
_CANCELLABLE = (*UNDECIDED, EditionStatus.SENDING, EditionStatus.PAUSED)
#: Deliveries that are in nobody's hands and not at their end.
_WAITING = (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED)
_OPEN = (*_WAITING, DeliveryStatus.SENDING)
_GOING = {"paused_by": None, "pause_reason": None, "finished_at": None}
_FREE = {"worker": None, "lease_until": None, "retry_at": None}


class EditionControl:
    """What stops and starts the sending of editions. The return value says whether something changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pause(self, edition: Edition, by: str | None, reason: str, now: datetime) -> bool:
        """Stop sending for a while. by: who wants it; None is the program itself.

        A person takes over a pause of the program's, so that it does not go on by itself.
        """
        may = editions.c.status == EditionStatus.SENDING
        if by is not None:
            may = or_(may, _PAUSED_BY_ITSELF)
        halted = {"paused_by": by, "pause_reason": reason or None, "finished_at": now}
        with self._database.write() as connection:
            return _move(connection, edition, may, EditionStatus.PAUSED, **halted)

    def go_on(self, edition: Edition) -> bool:
        """End a pause that the program made by itself; one that a person made stays."""
        with self._database.write() as connection:
            return _move(connection, edition, _PAUSED_BY_ITSELF, EditionStatus.SENDING, **_GOING)

    def cancel(self, edition: Edition, by: str, reason: str, now: datetime) -> bool:
        """Call an edition off for good, and with it every delivery that is in nobody's hands.

        Those that are `sending` come to their own end, and `unknown` ones stay so.
        """
        may = editions.c.status.in_(_CANCELLABLE)
        halted = {"paused_by": by, "pause_reason": reason or None, "finished_at": now}
        with self._database.write() as connection:
            changed = _move(connection, edition, may, EditionStatus.CANCELLED, **halted)
            _call_off(connection, edition, now)
        return changed

    def hold(self, edition: Edition, reason: str, now: datetime) -> bool:
        """Keep an edition back until a person approves it."""
        may = editions.c.status.in_(UNDECIDED)
        with self._database.write() as connection:
            return _move(connection, edition, may, EditionStatus.HELD, **_by_itself(reason, now))

    def skip(self, edition_id: EditionId, reason: str, now: datetime) -> bool:
        """Leave an edition out for good, drafted or not; a later one brings what it would have brought."""
        skipped = {"status": EditionStatus.SKIPPED, **_by_itself(reason, now)}
        key = {"newsletter": edition_id.newsletter, "date": edition_id.date}
        row = {**key, "message_id_key": secrets.token_hex(16), **skipped}
        with self._database.write() as connection:
            if connection.execute(insert_missing(connection, editions).values(row)).rowcount == 1:
                return True
            left_out = update(editions).filter_by(**key).where(editions.c.status.in_(UNDECIDED))
            return connection.execute(left_out.values(**skipped)).rowcount == 1

    def call_off_rest(self, edition: Edition, now: datetime) -> int:
        """Call off what came back to a cancelled edition after it was cancelled; of others nothing."""
        with self._database.write() as connection:
            return _call_off(connection, edition, now)

    def resume(self, edition: Edition, by: str, now: datetime, unknown: Settling | None = None) -> int | None:
        """Let a paused edition go on, and settle its unknown deliveries where a person says how.

        A sent one begins again when something of it is sent once more. One without open deliveries is sent.
        Returns how many deliveries were settled; None when there was nothing to resume or settle.
        """
        with self._database.write() as connection:
            now_is = select(editions.c.status).where(editions.c.id == edition.key).with_for_update()
            status = EditionStatus(connection.execute(now_is).scalar_one())
            settled = 0
            if unknown and _may_settle(status, unknown):
                settled = _settle(connection, edition, unknown, by, now)
            begins = status is EditionStatus.PAUSED or (
                status is EditionStatus.SENT and unknown == "resend" and settled > 0
            )
            if begins:
                _begin_again(connection, edition, now)
            return settled if begins or settled else None


_PAUSED_BY_ITSELF = and_(editions.c.status == EditionStatus.PAUSED, editions.c.paused_by.is_(None))


def _move(
    connection: Connection, edition: Edition, may: ColumnElement[bool], to: EditionStatus, **values: object
) -> bool:
    moved = update(editions).where(editions.c.id == edition.key, may).values(status=to, **values)
    return connection.execute(moved).rowcount == 1


def _by_itself(reason: str, now: datetime) -> dict[str, object]:
    return {"paused_by": None, "pause_reason": reason, "finished_at": now}


def _call_off(connection: Connection, edition: Edition, now: datetime) -> int:
    cancelled = exists().where(editions.c.id == edition.key, editions.c.status == EditionStatus.CANCELLED)
    # In one order, as senders take them: nobody waits in a circle.
    waiting = (
        select(deliveries.c.id)
        .where(deliveries.c.edition_id == edition.key, deliveries.c.status.in_(_WAITING), cancelled)
        .order_by(deliveries.c.id)
        .with_for_update()
    )
    ended = {"status": DeliveryStatus.CANCELLED, "finished_at": now, **_FREE}
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(waiting), deliveries.c.status.in_(_WAITING))
        .values(**ended)
    ).rowcount


def _begin_again(connection: Connection, edition: Edition, now: datetime) -> None:
    """Set an edition to `sending`, or to `sent` when all its deliveries have come to their end."""
    left = exists().where(deliveries.c.edition_id == edition.key, deliveries.c.status.in_(_OPEN))
    goes_on = connection.execute(select(left)).scalar_one()
    to = EditionStatus.SENDING if goes_on else EditionStatus.SENT
    values = {**_GOING, "finished_at": None if goes_on else now}
    connection.execute(update(editions).where(editions.c.id == edition.key).values(status=to, **values))


def _may_settle(status: EditionStatus, unknown: Settling) -> bool:
    """Whether a person's word counts now: nothing is sent again of an edition that was called off."""
    return status is not EditionStatus.CANCELLED or unknown == "sent"


def _settle(connection: Connection, edition: Edition, unknown: Settling, by: str, now: datetime) -> int:
    """Do what a person said about unknown deliveries, and put down who it was; return how many there were."""
    if unknown == "resend":
        # Their word counts from now: what the relay says next is the first try again.
        status, words = DeliveryStatus.PENDING, f"to be sent once more: {by} decided"
        free = {"resent": True, "first_try": None, "finished_at": None, **_FREE}
    else:
        status, words, free = DeliveryStatus.SENT, f"taken as sent: {by} decided", {}
    changed = connection.execute(
        update(deliveries)
        .where(deliveries.c.edition_id == edition.key, deliveries.c.status == DeliveryStatus.UNKNOWN)
        .values(status=status, **free)
        .returning(deliveries.c.id)
    )
    at = {"started_at": now, "ended_at": now, "status": status, "relay": "", "text": words}
    decisions = [{"delivery_id": key, **at} for key in changed.scalars()]
    if decisions:
        connection.execute(insert(attempts), decisions)
    return len(decisions)
