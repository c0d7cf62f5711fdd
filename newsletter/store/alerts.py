"""Alerts that stand, or could not be told in time, and which channels have told each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update

from newsletter.alerts.types import Alert, AlertKind, KnownAlert
from newsletter.store.database import Database
from newsletter.store.schema import alerts

Channel = Literal["mail", "webhook"]
_TOLD_AT = {"mail": alerts.c.mailed_at, "webhook": alerts.c.posted_at}


class AlertStore:
    """The alerts table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[KnownAlert]:
        """Return them, the oldest first."""
        query = select(alerts).order_by(alerts.c.since, alerts.c.kind, alerts.c.subject)
        with self._database.read() as connection:
            return [_known(row) for row in connection.execute(query)]

    def change(
        self,
        now: datetime,
        *,
        new: Iterable[Alert] = (),
        reworded: Iterable[Alert] = (),
        over: Iterable[Alert] = (),
    ) -> None:
        """Note what began, what is in other words now, and what ended. Of new ones nothing is told yet."""
        with self._database.write() as connection:
            for alert in new:
                connection.execute(delete(alerts).where(_is(alert)))
                values = {"kind": alert.kind, "subject": alert.subject, "since": alert.since or now}
                connection.execute(insert(alerts).values(**values, **_words(alert)))
            for alert in reworded:
                connection.execute(update(alerts).where(_is(alert)).values(**_words(alert)))
            for alert in over:
                connection.execute(update(alerts).where(_is(alert)).values(over_at=now))

    def note_told(self, told: Iterable[Alert], channel: Channel, now: datetime) -> None:
        """Note that a channel has told of these."""
        at = {_TOLD_AT[channel].name: now}
        with self._database.write() as connection:
            for alert in told:
                connection.execute(update(alerts).where(_is(alert)).values(at))

    def forget(self, told_by: Collection[Channel]) -> None:
        """Forget what is over and was told by all of these."""
        done = [alerts.c.over_at.is_not(None), *(_TOLD_AT[name].is_not(None) for name in told_by)]
        with self._database.write() as connection:
            connection.execute(delete(alerts).where(*done))


def _is(alert: Alert) -> ColumnElement[bool]:
    return and_(alerts.c.kind == alert.kind, alerts.c.subject == alert.subject)


def _words(alert: Alert) -> dict[str, str]:
    return {"text": alert.text, "cure": alert.cure}


def _known(row: Row[Any]) -> KnownAlert:
    alert = Alert(AlertKind(row.kind), row.subject, row.text, row.cure, row.since, row.over_at)
    at = {"mail": row.mailed_at, "webhook": row.posted_at}
    return KnownAlert(alert, frozenset(name for name, when in at.items() if when))
