"""Erasure: a member is taken out of every table, and old personal data out of some.

What counts stays: the member's row without anything in it, the deliveries with their outcome, the kinds of
what came back. An address that was forgotten leaves a tombstone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, update

from newsletter.members.types import EndReason
from newsletter.store.bounces import BLANK
from newsletter.store.bulk import among
from newsletter.store.database import Database
from newsletter.store.member_import import wait_for_turn
from newsletter.store.schema import (
    attempts,
    bounces,
    deliveries,
    lifted_suppressions,
    members,
    subscriptions,
    suppressions,
)
from newsletter.store.tombstones import bury


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out, by table; whose: how many members."""

    members: int = 0
    subscriptions: int = 0
    suppressions: int = 0
    attempts: int = 0
    bounces: int = 0


class ErasureStore:
    """Takes personal data out for good; `Database.scrub` then sees to what is left of it on the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(
        self, email_key: str, member_id: int | None, bounce_ids: Collection[int], now: datetime
    ) -> Erased:
        """Take an address, and the member who has it, out of every table, all of it or nothing.

        bounce_ids: mail that came back and speaks of them, beside what is proven to be about the member.
        """
        with self._database.write() as connection:
            wait_for_turn(connection)  # an import at this moment would write the address anew
            bury(connection, email_key, now)
            suppressed = _forget_address(connection, email_key)
            if member_id is None:
                return Erased(suppressions=suppressed, bounces=_blank_bounces(connection, bounce_ids))
            theirs = select(deliveries.c.id).where(deliveries.c.member_id == member_id)
            also = or_(bounces.c.member_id == member_id, bounces.c.delivery_id.in_(theirs))
            found = connection.scalars(select(bounces.c.id).where(also)).all()
            return Erased(
                1 if _empty_member(connection, member_id, now) else 0,
                _empty_subscriptions(connection, member_id, now),
                suppressed,
                _empty_attempts(connection, attempts.c.delivery_id.in_(theirs)),
                _blank_bounces(connection, {*found, *bounce_ids}),
            )

    def who_left(self, before: datetime, limit: int) -> list[tuple[int, str]]:
        """Return members, with the keys of their addresses, who have had no subscription since then."""
        newest = select(func.max(subscriptions.c.ended_at)).where(subscriptions.c.member_id == members.c.id)
        running = exists().where(
            subscriptions.c.member_id == members.c.id, subscriptions.c.ended_at.is_(None)
        )
        query = (
            select(members.c.id, members.c.email_key)
            .where(members.c.email_key.is_not(None), ~running, newest.scalar_subquery() < before)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(row.id, row.email_key) for row in connection.execute(query)]

    def old_bounces(self, before: datetime, limit: int) -> int:
        """Empty mail that came back before a time, so much of it at most; return how much."""
        old = and_(bounces.c.came_at < before, func.length(bounces.c.raw) > 0)
        with self._database.write() as connection:
            ids = connection.scalars(select(bounces.c.id).where(old).limit(limit)).all()
            return _blank_bounces(connection, ids)

    def old_attempts(self, before: datetime, limit: int) -> int:
        """Delete tries that ended before a time, the oldest first; return how many.

        They are written in the order of time, so nothing else has to be looked at.
        """
        first = select(attempts.c.id).order_by(attempts.c.id).limit(limit)
        old = delete(attempts).where(attempts.c.id.in_(first), attempts.c.ended_at < before)
        with self._database.write() as connection:
            return connection.execute(old).rowcount

    def old_network_addresses(self, before: datetime, limit: int) -> int:
        """Take network addresses out of subscriptions that began or ended before a time; return how many."""
        done = 0
        with self._database.write() as connection:
            for at, address in (
                (subscriptions.c.started_at, subscriptions.c.network_address),
                (subscriptions.c.ended_at, subscriptions.c.end_network_address),
            ):
                some = select(subscriptions.c.id).where(address.is_not(None), at < before).limit(limit)
                cleared = update(subscriptions).where(subscriptions.c.id.in_(some)).values({address: None})
                done += connection.execute(cleared).rowcount
        return done


def _forget_address(connection: Connection, email_key: str) -> int:
    gone = [delete(it).where(it.c.email_key == email_key) for it in (suppressions, lifted_suppressions)]
    return sum(connection.execute(it).rowcount for it in gone)


def _empty_member(connection: Connection, member_id: int, now: datetime) -> bool:
    blank: dict[str, object] = {"first_name": "", "last_name": "", "audiences": "", "attributes": {}}
    blank |= {"email": None, "email_key": None, "forgotten_at": now}
    known = and_(members.c.id == member_id, members.c.email_key.is_not(None))
    return connection.execute(update(members).where(known).values(blank)).rowcount == 1


def _empty_subscriptions(connection: Connection, member_id: int, now: datetime) -> int:
    theirs = subscriptions.c.member_id == member_id
    running = update(subscriptions).where(theirs, subscriptions.c.ended_at.is_(None))
    connection.execute(running.values(ended_at=now, end_reason=EndReason.FORGOTTEN.value))
    # A source may be a file named after somebody.
    blank: dict[str, str | None] = {
        "source": "",
        "end_source": None,
        "network_address": None,
        "end_network_address": None,
    }
    return connection.execute(update(subscriptions).where(theirs).values(blank)).rowcount


def _empty_attempts(connection: Connection, which: ColumnElement[bool]) -> int:
    """Take out what relays said, who like to repeat the address; their codes stay."""
    return connection.execute(update(attempts).where(which, attempts.c.text != "").values(text="")).rowcount


def _blank_bounces(connection: Connection, ids: Collection[int]) -> int:
    if not ids:
        return 0
    these = among(connection, bounces.c.id, ids)
    return connection.execute(update(bounces).where(these).values(BLANK)).rowcount
