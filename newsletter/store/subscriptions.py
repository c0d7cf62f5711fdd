"""Subscriptions as members change them themselves, one at a time."""

from __future__ import annotations

from sqlalchemy import insert, update

from newsletter.members.types import EndReason, Subscription
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.member_import import subscription_values
from newsletter.store.schema import subscriptions


class SubscriptionStore:
    """Begins subscriptions, and puts one in the place of another; what was stays as history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, member_id: int, begun: Subscription) -> None:
        """Begin a subscription, unless one of this newsletter runs."""
        row = {"member_id": member_id, **subscription_values(begun)}
        with self._database.write() as connection:
            connection.execute(insert_missing(connection, subscriptions), [row])

    def change(self, member_id: int, changed: Subscription) -> bool:
        """Put a subscription in the place of the one that runs; False where none does."""
        running = update(subscriptions).where(
            subscriptions.c.member_id == member_id,
            subscriptions.c.newsletter == changed.newsletter,
            subscriptions.c.ended_at.is_(None),
        )
        ended = running.values(ended_at=changed.started_at, end_reason=EndReason.CHANGED)
        row = {"member_id": member_id, **subscription_values(changed)}
        with self._database.write() as connection:
            if connection.execute(ended).rowcount == 0:
                return False
            connection.execute(insert(subscriptions), [row])
        return True
