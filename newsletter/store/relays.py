"""Relays: what all processes that send through one know of it together, on one machine or several.

Each row is locked while its next turns are worked out, so nobody is given a turn twice. A daily limit is held
against messages counted by the hour, before they leave; the oldest hour counts as a whole, so that no 24
hours ever see more than the limit. Times are the database's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from newsletter.delivery.forecast import RelayOutlook
from newsletter.delivery.pace import (
    Complaint,
    Grant,
    Limits,
    RelayState,
    Unused,
    grant_turns,
    hour_of,
    rate_at,
    slower,
)
from newsletter.editions.standstill import RelayRest
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database, epoch_now
from newsletter.store.schema import relay_usage, relays

#: How long a relay that cannot be reached is left alone: as Postfix does (minimal_ and maximal_backoff_time).
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 300.0, 4000.0
_DAY_HOURS = 24
_HOUR_S = 3600


class RelayStore:
    """The relays table and their usage; a relay that was never used has no row, and nothing against it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused) -> Grant:
        """Note a complaint, take back what was not used, and grant the next turns."""
        with self._database.write() as connection:
            now, state = _noted(connection, relay, limits, complaint, unused)
            left = None if limits.daily is None else limits.daily - _used(connection, relay, now)
            state, grant = grant_turns(state, limits, now, left)
            _keep(connection, relay, state)
            if left is not None and grant.messages:
                _count(connection, relay, grant.hour, grant.messages)
            return grant

    def settle(self, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused) -> None:
        """Note a complaint and take back what was not used."""
        with self._database.write() as connection:
            _, state = _noted(connection, relay, limits, complaint, unused)
            _keep(connection, relay, state)

    def outlook(self, relay: str, limits: Limits) -> RelayOutlook:
        """Return what a relay takes from now on."""
        with self._database.read() as connection:
            now = _now(connection)
            row = connection.execute(select(relays).where(relays.c.name == relay)).one_or_none()
            used = _used(connection, relay, now)
        rate = rate_at(_state(row), limits, now) if row else limits.rate
        left = None if limits.daily is None else max(0, limits.daily - used)
        return RelayOutlook(relay, rate, limits.daily, left)

    def down(self, relay: str, problem: str) -> float:
        """Note that a relay cannot be used, and why; return for how many seconds it is left alone.

        That is longer each time in a row. Connections that fail at the same time count once.
        """
        with self._database.write() as connection:
            row = _locked(connection, relay)
            pause_s = _pause_s(row)
            if not pause_s:
                pause_s = min(_FIRST_PAUSE_S * 2.0 ** min(row.troubles, 9), _LONGEST_PAUSE_S)
                again = {"troubles": row.troubles + 1, "down_until": row.now + pause_s}
                _change(connection, relay, problem=problem, **again)
            return pause_s

    def up(self, relay: str) -> None:
        """Note that a relay was reached: what went before is forgotten."""
        with self._database.read() as connection:
            if not _in_trouble(connection, relay):
                return
        with self._database.write() as connection:
            _change(connection, relay, troubles=0, down_until=None, problem=None)

    def rest(self, relay: str, limits: Limits) -> RelayRest:
        """Return until when a relay takes nothing, and why."""
        query = select(relays, epoch_now().label("now")).where(relays.c.name == relay)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:  # never used
                return RelayRest(relay)
            full = None if limits.daily is None else _full_until(connection, relay, limits.daily, row.now)
        pause_s = _pause_s(row)
        down = row.now + pause_s if pause_s else None
        return RelayRest(relay, _moment(down), row.problem or "", _moment(full))


def _noted(
    connection: Connection, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused
) -> tuple[float, RelayState]:
    """Lock a relay, note what is told of it, and return the time and its state."""
    row = _locked(connection, relay)
    if unused.messages:
        _count(connection, relay, unused.hour, -unused.messages)
    state = _state(row)
    return row.now, slower(state, limits, complaint, row.now) if complaint else state


def _locked(connection: Connection, relay: str) -> Row[Any]:
    """Return a relay's row with the time, which is that after whoever held the row has let go of it."""
    blank = {"name": relay, "next_turn": 0.0, "troubles": 0}
    connection.execute(insert_missing(connection, relays), [blank])
    mine = relays.c.name == relay
    locked = update(relays).where(mine).values(name=relay).returning(relays, epoch_now().label("now"))
    return connection.execute(locked).one()


def _state(row: Row[Any]) -> RelayState:
    return RelayState(row.next_turn, row.rate, row.slowed_at)


def _keep(connection: Connection, relay: str, state: RelayState) -> None:
    _change(connection, relay, next_turn=state.next_turn, rate=state.rate, slowed_at=state.slowed_at)


def _change(connection: Connection, relay: str, **values: float | str | None) -> None:
    connection.execute(update(relays).where(relays.c.name == relay).values(**values))


def _pause_s(row: Row[Any]) -> float:
    """Return the seconds until a relay may be tried; a clock that was set back makes them no more."""
    pause_s: float = (row.down_until or 0.0) - row.now
    return min(max(0.0, pause_s), _LONGEST_PAUSE_S)


def _in_trouble(connection: Connection, relay: str) -> bool:
    query = select(relays.c.troubles).where(relays.c.name == relay)
    return bool(connection.scalar(query))


def _used(connection: Connection, relay: str, now: float) -> int:
    """Count the messages of the last 24 hours, the hour that they began in included."""
    return sum(_usage(connection, relay, now).values())


def _usage(connection: Connection, relay: str, now: float) -> dict[int, int]:
    query = select(relay_usage.c.hour, relay_usage.c.messages).where(
        relay_usage.c.relay == relay, relay_usage.c.hour >= hour_of(now) - _DAY_HOURS
    )
    rows = connection.execute(query.order_by(relay_usage.c.hour))
    return {row.hour: row.messages for row in rows}


def _full_until(connection: Connection, relay: str, daily: int, now: float) -> float | None:
    """Return when the first message leaves the count that fills the limit; None where there is room."""
    usage = _usage(connection, relay, now)
    over = sum(usage.values()) - daily
    if over < 0:
        return None
    for hour, messages in usage.items():
        over -= messages
        if over < 0:
            return float((hour + _DAY_HOURS + 1) * _HOUR_S)
    return None


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _count(connection: Connection, relay: str, hour: int, messages: int) -> None:
    """Add messages to an hour, or take some away, and forget hours that no limit asks for."""
    mine = relay_usage.c.relay == relay
    blank = {"relay": relay, "hour": hour, "messages": 0}
    connection.execute(insert_missing(connection, relay_usage), [blank])
    connection.execute(
        update(relay_usage)
        .where(mine, relay_usage.c.hour == hour)
        .values(messages=relay_usage.c.messages + messages)
    )
    connection.execute(delete(relay_usage).where(mine, relay_usage.c.hour < hour - 2 * _DAY_HOURS))


def _now(connection: Connection) -> float:
    return float(connection.execute(select(epoch_now())).scalar_one())
