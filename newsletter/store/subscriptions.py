"""Subscriptions: who gets what, since when and on whose word.

A row is never overwritten: what changes ends it and begins another at the same moment, so that it stays known
what somebody got when, and what they had agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from newsletter.audiences.types import audience_key, audience_set
from newsletter.members.subscriptions import is_alike
from newsletter.members.types import EndReason, Subscription
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import subscriptions

#: In the order of the fields of `Subscription`.
SUBSCRIPTION_COLUMNS = (
    subscriptions.c.newsletter,
    subscriptions.c.audiences,
    subscriptions.c.frequency,
    subscriptions.c.basis,
    subscriptions.c.source,
    subscriptions.c.started_at,
    subscriptions.c.paused_until,
    subscriptions.c.ended_at,
    subscriptions.c.end_reason,
    subscriptions.c.wording,
    subscriptions.c.network_address,
    subscriptions.c.end_source,
    subscriptions.c.end_network_address,
)


class SubscriptionStore:
    """Subscriptions of one member at a time; `store.member_import` begins and ends them by the thousand.

    source: where the word came from: "link to leave", "chosen on the page", "members.csv". network_address:
    that of whoever said it, only where the organisation keeps these.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, member_id: int) -> list[Subscription]:
        """Return what a member gets and got, oldest first."""
        query = select(*SUBSCRIPTION_COLUMNS).where(subscriptions.c.member_id == member_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(subscriptions.c.started_at, subscriptions.c.id)).all()
        return [make_subscription(row) for row in rows]

    def begin(self, member_id: int, begun: Subscription) -> bool:
        """Subscribe a member from `begun.started_at` on; False where the same runs already.

        What runs and says otherwise ends as changed.
        """
        with self._database.write() as connection:
            running = _running(connection, member_id, begun.newsletter)
            if any(is_alike(it, begun) for it in running.values()):
                return False
            _end_changed(connection, running, begun)
            row = {"member_id": member_id, **subscription_cells(begun)}
            made = insert_missing(connection, subscriptions).values(row).returning(subscriptions.c.id)
            return connection.scalar(made) is not None

    def end(
        self,
        member_id: int,
        newsletter: str | None,
        source: str,
        now: datetime,
        *,
        reason: EndReason = EndReason.UNSUBSCRIBED,
        network_address: str | None = None,
    ) -> list[str]:
        """End what runs of a member, of one newsletter or of all; return the newsletters that ended."""
        running = update(subscriptions).where(
            subscriptions.c.member_id == member_id, subscriptions.c.ended_at.is_(None)
        )
        if newsletter is not None:
            running = running.where(subscriptions.c.newsletter == newsletter)
        ended = running.values(
            ended_at=now, end_reason=reason, end_source=source, end_network_address=network_address
        )
        told = ended.returning(subscriptions.c.newsletter)
        with self._database.write() as connection:
            first = set(connection.scalars(told))
            # On PostgreSQL the first may have waited for a list that began one anew; only the second sees it.
            return sorted(first | set(connection.scalars(told)))

    def change(
        self,
        member_id: int,
        newsletter: str | None,
        source: str,
        now: datetime,
        how: Callable[[Subscription], Subscription],
        *,
        network_address: str | None = None,
    ) -> list[str]:
        """Change what runs of a member, of one newsletter or of all; return those for which that is new.

        how: returns a subscription as it shall be, `lambda it: replace(it, frequency="monthly")` say.
        """
        changed = []
        with self._database.write() as connection:
            for key, running in _running(connection, member_id, newsletter).items():
                anew = how(running)
                if not is_alike(running, anew):
                    anew = replace(anew, source=source, started_at=now, network_address=network_address)
                    _end_changed(connection, [key], anew)
                    row = {"member_id": member_id, **subscription_cells(anew)}
                    connection.execute(insert(subscriptions), [row])
                    changed.append(running.newsletter)
        return sorted(changed)


def make_subscription(row: Sequence[Any]) -> Subscription:
    """Return the subscription that a row of `SUBSCRIPTION_COLUMNS` tells of."""
    newsletter, audiences, *others = row
    return Subscription(newsletter, audience_set(audiences), *others)


def subscription_cells(begun: Subscription) -> dict[str, object]:
    """Return the columns of a subscription that begins."""
    return {
        "newsletter": begun.newsletter,
        "audiences": audience_key(begun.audiences),
        "frequency": begun.frequency,
        "basis": begun.basis,
        "source": begun.source,
        "started_at": begun.started_at,
        "paused_until": begun.paused_until,
        "wording": begun.wording,
        "network_address": begun.network_address,
    }


def _running(connection: Connection, member_id: int, newsletter: str | None) -> dict[int, Subscription]:
    """Return what runs of a member, by key, so that nobody else changes it meanwhile."""
    query = select(subscriptions.c.id, *SUBSCRIPTION_COLUMNS).where(
        subscriptions.c.member_id == member_id, subscriptions.c.ended_at.is_(None)
    )
    if newsletter is not None:
        query = query.where(subscriptions.c.newsletter == newsletter)
    locked = query.with_for_update()
    connection.execute(locked)  # waits for whoever changes them; what that began is seen by the next
    rows = connection.execute(locked).all()
    return {key: make_subscription(row) for key, *row in rows}


def _end_changed(connection: Connection, keys: Iterable[int], anew: Subscription) -> None:
    """End these because another one begins in their place."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id.in_([*keys]))
        .values(
            ended_at=anew.started_at,
            end_reason=EndReason.CHANGED,
            end_source=anew.source,
            end_network_address=anew.network_address,
        )
    )
