"""Member rows become members and subscriptions, a batch to a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    literal,
    select,
    text,
    true,
    update,
)

from newsletter.audiences.types import audience_key, audience_set
from newsletter.members.subscriptions import decide_subscriptions, merge_rows
from newsletter.members.types import (
    EndReason,
    Frequency,
    ImportSummary,
    MemberRow,
    Subscription,
    SubscriptionChanges,
    Terms,
)
from newsletter.store.bulk import among, given, insert_missing
from newsletter.store.schema import UtcDateTime, member_fields, members, subscriptions, suppressions

#: Any number will do for PostgreSQL's advisory lock, so long as it is always the same and nobody else's.
_LOCK = 7_041_996

_WRITTEN = (
    members.c.email,
    members.c.first_name,
    members.c.last_name,
    members.c.audiences,
    members.c.attributes,
)
_Values = tuple[str, str, str, str, Mapping[str, str]]
_AUDIENCES = 3
_NOBODY = (None, None)
_SUPPRESSED = suppressions.c.email_key
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
)


#: Past, audiences and wishes are alike for most members of a list, and so is what follows from them.
_KEPT_DECISIONS = 10_000


@dataclass(frozen=True, slots=True)
class _Intent:
    """One member as the row would have it. id: None for somebody new; values: in the order of `_WRITTEN`."""

    id: int | None
    key: str
    values: _Values
    is_changed: bool
    changes: SubscriptionChanges


class MemberImport:
    """One import within one transaction; `summary` counts what it does.

    Two imports at once take turns, so that each sees what the other did.
    """

    def __init__(self, connection: Connection, terms: Terms) -> None:
        self.summary = ImportSummary()
        self._connection = connection
        self._terms = terms
        self._decide = lru_cache(_KEPT_DECISIONS)(partial(_decide, terms))
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyhow
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        self._fields = set(connection.scalars(select(member_fields.c.name)))

    def take(self, batch: Sequence[Sequence[MemberRow]]) -> None:
        """Apply some addresses, each with all its rows in file order; no address may come in two batches."""
        rows = [merge_rows(same) for same in batch]
        self.summary.merged += sum(map(len, batch)) - len(rows)
        intents = self._intents(rows)
        self._count(intents)
        self._write_fields(rows)
        self._write_members(intents)
        self._write_subscriptions(intents)

    def _intents(self, rows: Sequence[MemberRow]) -> list[_Intent]:
        keys = [row.address.key for row in rows]
        found = self._select((members.c.email_key, members.c.id, *_WRITTEN), members.c.email_key, keys)
        known = {key: (member_id, tuple(values)) for key, member_id, *values in found}
        suppressed = {key for (key,) in self._select((_SUPPRESSED,), _SUPPRESSED, keys)}
        history = self._history([member_id for member_id, _ in known.values()])
        intents = []
        for key, row in zip(keys, rows, strict=True):
            member_id, before = known.get(key, _NOBODY)
            values = _values(row, before)
            past = () if member_id is None else tuple(history.get(member_id, ()))
            changes = self._decide(
                values[_AUDIENCES], row.newsletters, row.frequency, past, suppressed=key in suppressed
            )
            intents.append(_Intent(member_id, key, values, values != before, changes))
        return intents

    def _select(
        self, columns: Sequence[Column[Any]], key: Column[Any], keys: Collection[object]
    ) -> Sequence[tuple[Any, ...]]:
        if not keys:
            return ()
        query = select(*columns).where(among(self._connection, key, keys))
        return [tuple(row) for row in self._connection.execute(query).all()]

    def _history(self, ids: Collection[int]) -> dict[int, list[tuple[Any, ...]]]:
        columns = (subscriptions.c.member_id, *SUBSCRIPTION_COLUMNS)
        history: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for member_id, *past in self._select(columns, subscriptions.c.member_id, ids):
            history[member_id].append(tuple(past))
        return history

    def _count(self, intents: Sequence[_Intent]) -> None:
        for intent in intents:
            if intent.id is None:
                self.summary.added += 1
            elif intent.is_changed or intent.changes.ends or intent.changes.begins:
                self.summary.changed += 1
            else:
                self.summary.unchanged += 1
            self.summary.without_audience += not intent.values[_AUDIENCES]
            self.summary.left_out += intent.changes.left_out

    def _write_fields(self, rows: Sequence[MemberRow]) -> None:
        new = {name for row in rows for name in row.attributes} - self._fields
        if new:
            fields = [{"name": name} for name in sorted(new)]
            self._connection.execute(insert_missing(self._connection, member_fields), fields)
            self._fields |= new

    def _write_members(self, intents: Sequence[_Intent]) -> None:
        new = [(intent.key, *intent.values) for intent in intents if intent.id is None]
        if new:
            rows = given(self._connection, (members.c.email_key, *_WRITTEN), new)
            now = literal(self._terms.now, UtcDateTime())
            names = [*rows.c.keys(), "created_at"]
            chosen = select(*rows.c, now).where(true())
            self._connection.execute(insert_missing(self._connection, members).from_select(names, chosen))
        changed = [(it.id, *it.values) for it in intents if it.id is not None and it.is_changed]
        if changed:
            rows = given(self._connection, (members.c.id, *_WRITTEN), changed)
            values = {it.name: rows.c[it.name] for it in _WRITTEN}
            self._connection.execute(update(members).where(members.c.id == rows.c.id).values(values))

    def _write_subscriptions(self, intents: Sequence[_Intent]) -> None:
        alike: dict[SubscriptionChanges, list[str]] = defaultdict(list)
        for intent in intents:
            if intent.changes.ends or intent.changes.begins:
                alike[intent.changes].append(intent.key)
        for changes, keys in alike.items():
            whose = among(self._connection, members.c.email_key, keys)
            ended = {newsletter: self._end(newsletter, reason, whose) for newsletter, reason in changes.ends}
            for subscription in changes.begins:
                # Somebody may leave between our reading and our writing, and must not be begun anew.
                still = ended.get(subscription.newsletter)
                self._begin(
                    subscription, whose if still is None else among(self._connection, members.c.id, still)
                )

    def _end(self, newsletter: str, reason: EndReason, whose: ColumnElement[bool]) -> list[int]:
        """End running subscriptions and return whose ran until this moment."""
        statement = (
            update(subscriptions)
            .where(
                subscriptions.c.member_id.in_(select(members.c.id).where(whose)),
                subscriptions.c.newsletter == newsletter,
                subscriptions.c.ended_at.is_(None),
            )
            .values(ended_at=self._terms.now, end_reason=reason.value)
            .returning(subscriptions.c.member_id)
        )
        return list(self._connection.scalars(statement))

    def _begin(self, subscription: Subscription, whose: ColumnElement[bool]) -> None:
        values = subscription_values(subscription)
        columns = [literal(value, subscriptions.c[name].type) for name, value in values.items()]
        chosen = select(members.c.id, *columns).where(whose).order_by(members.c.id)
        statement = insert_missing(self._connection, subscriptions)
        self._connection.execute(statement.from_select(["member_id", *values], chosen))


def _decide(
    terms: Terms,
    audiences: str,
    listed: frozenset[str] | None,
    frequency: Frequency | None,
    history: tuple[tuple[Any, ...], ...],
    *,
    suppressed: bool,
) -> SubscriptionChanges:
    past = [make_subscription(row) for row in history]
    return decide_subscriptions(
        audience_set(audiences), listed, past, terms, suppressed=suppressed, frequency=frequency
    )


def _values(row: MemberRow, before: _Values | None) -> _Values:
    if before is None:
        audiences = audience_key(row.audiences or ())
        return row.address.text, row.first_name, row.last_name, audiences, row.attributes
    _, first_name, last_name, known, attributes = before
    return (
        row.address.text,
        row.first_name or first_name,
        row.last_name or last_name,
        known if row.audiences is None else audience_key(row.audiences),
        {**attributes, **row.attributes},
    )


def subscription_values(begun: Subscription) -> dict[str, object]:
    """Return a subscription that begins as a row tells of it, but for whose it is."""
    return {
        "newsletter": begun.newsletter,
        "audiences": audience_key(begun.audiences),
        "frequency": begun.frequency,
        "basis": begun.basis,
        "source": begun.source,
        "started_at": begun.started_at,
        "paused_until": begun.paused_until,
    }


def make_subscription(row: Sequence[Any]) -> Subscription:
    """Return the subscription that a row of `SUBSCRIPTION_COLUMNS` tells of."""
    newsletter, audiences, *others = row
    return Subscription(newsletter, audience_set(audiences), *others)
