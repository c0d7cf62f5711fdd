"""Readers: who gets a newsletter at a time, as a SELECT over members, subscriptions and suppressions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, exists, literal, or_, select

from newsletter.editions.types import Edition
from newsletter.editions.window import month
from newsletter.members.types import Basis, Frequency
from newsletter.store.histories import CARRIED, History
from newsletter.store.schema import deliveries, editions, members, subscriptions, suppressions

#: How long who was monthly may still lack what came since the month's edition: two months at most.
_LATELY = timedelta(days=62)


def readers_of(
    connection: Connection, edition: Edition, now: datetime, history: History, *, consent_only: bool
) -> Select[Any]:
    """Select the readers of an edition; see `readers`."""
    newsletter, day = edition.id.newsletter, edition.id.date
    return readers(connection, newsletter, now, history, day=day, consent_only=consent_only)


def readers(
    connection: Connection,
    newsletter: str,
    now: datetime,
    history: History,
    *,
    day: date | None,
    consent_only: bool,
) -> Select[Any]:
    """Select the audiences, the frequency and the signature of each recipient.

    day: monthly members who had another edition in its month are left out.
    """
    frequency = _frequency(connection, newsletter, now)
    query = (
        select(subscriptions.c.audiences, frequency.label("frequency"), *history.columns)
        .join(members, members.c.id == subscriptions.c.member_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.ended_at.is_(None),
            subscriptions.c.audiences != "",
            or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now),
            members.c.email.is_not(None),
            ~exists().where(suppressions.c.email_key == members.c.email_key),
        )
    )
    if consent_only:
        query = query.where(subscriptions.c.basis == Basis.CONSENT)
    if day:
        query = query.where(_is_their_turn(connection, newsletter, day))
    if history.table is not None:
        query = query.outerjoin(history.table, history.table.c.member_id == subscriptions.c.member_id)
    return query


def has_monthly(connection: Connection, newsletter: str, now: datetime) -> bool:
    """Whether anybody gets a newsletter once a month, or did so lately."""
    theirs = exists().where(subscriptions.c.newsletter == newsletter, _is_monthly(subscriptions, now))
    return bool(connection.scalar(select(theirs)))


def _is_monthly(table: FromClause, now: datetime) -> ColumnElement[bool]:
    lately = or_(table.c.ended_at.is_(None), table.c.ended_at > now - _LATELY)
    return and_(table.c.frequency == Frequency.MONTHLY, lately)


def _frequency(connection: Connection, newsletter: str, now: datetime) -> ColumnElement[str]:
    """Return each subscription's frequency; who was monthly lately counts as monthly."""
    if not has_monthly(connection, newsletter, now):
        return literal(Frequency.EACH.value)
    any_of_theirs = subscriptions.alias()
    is_monthly = exists().where(
        any_of_theirs.c.member_id == subscriptions.c.member_id,
        any_of_theirs.c.newsletter == newsletter,
        _is_monthly(any_of_theirs, now),
    )
    return case((is_monthly, Frequency.MONTHLY.value), else_=Frequency.EACH.value)


def _is_their_turn(connection: Connection, newsletter: str, day: date) -> ColumnElement[bool]:
    """Leave out monthly members whom another edition of the month of that day has reached, or may yet."""
    others = connection.scalars(
        select(editions.c.id).where(
            editions.c.newsletter == newsletter, editions.c.date.between(*month(day)), editions.c.date != day
        )
    ).all()
    had = exists().where(
        deliveries.c.member_id == subscriptions.c.member_id,
        deliveries.c.edition_id.in_(others),
        deliveries.c.status.in_(CARRIED),
    )
    return or_(subscriptions.c.frequency != Frequency.MONTHLY, ~had)
