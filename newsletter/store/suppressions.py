"""Suppressions: why addresses are, or were, never mailed, and the word of whoever lifted one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select

from newsletter.members.types import Lifting, Subscription, Suppression
from newsletter.store.database import Database
from newsletter.store.member_import import subscription_values
from newsletter.store.schema import lifted_suppressions, subscriptions, suppressions


class SuppressionStore:
    """Suppressions by the key of an address, members or not; `MemberStore.suppress` makes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, email_key: str) -> tuple[Suppression, ...]:
        """Return the suppressions of an address, oldest first; only the last one may stand."""
        lifted = select(lifted_suppressions).where(lifted_suppressions.c.email_key == email_key)
        standing = select(suppressions).where(suppressions.c.email_key == email_key)
        with self._database.read() as connection:
            earlier = connection.execute(lifted.order_by(lifted_suppressions.c.id)).all()
            return (*map(_lifted, earlier), *map(_standing, connection.execute(standing)))

    def now(self, email_key: str) -> Suppression | None:
        """Return why an address is never mailed; None when it may be."""
        return next((it for it in self.all(email_key) if it.lifted is None), None)

    def lift(
        self, email_key: str, lifting: Lifting, member_id: int | None, again: Sequence[Subscription]
    ) -> bool:
        """Mail an address again, and begin these subscriptions; False where somebody else was quicker."""
        mine = delete(suppressions).where(suppressions.c.email_key == email_key).returning(suppressions)
        with self._database.write() as connection:
            row = connection.execute(mine).one_or_none()
            if row is None:
                return False
            word = {"lifted_at": lifting.at, "lifted_by": lifting.by, "because": lifting.because}
            connection.execute(insert(lifted_suppressions).values(**row._mapping, **word))  # noqa: SLF001 - its public name
            if again:
                rows = [{"member_id": member_id, **subscription_values(it)} for it in again]
                connection.execute(insert(subscriptions), rows)
        return True


def _standing(row: Row[Any]) -> Suppression:
    return Suppression(row.reason, row.detail, row.created_at)


def _lifted(row: Row[Any]) -> Suppression:
    word = Lifting(row.lifted_at, row.lifted_by, row.because)
    return Suppression(row.reason, row.detail, row.created_at, word)
