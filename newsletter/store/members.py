"""Members, their subscriptions and the addresses that are never mailed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, exists, func, literal, or_, select

from newsletter.address import parse_address
from newsletter.audiences.types import AUDIENCE_SEPARATOR, audience_set
from newsletter.errors import MemberError
from newsletter.members.types import (
    Frequency,
    ImportSummary,
    ListDifference,
    Member,
    MemberRow,
    MemberStatus,
    Terms,
)
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.member_import import MemberImport
from newsletter.store.member_sync import sync_members
from newsletter.store.schema import member_fields, members, subscriptions, suppressions
from newsletter.store.tombstones import buried, unbury

#: Members to a page: enough that the way to the database does not count, few enough to hold.
PAGE = 1_000

_LINE_END = "\n"
_NEWSLETTERS = (
    select(func.aggregate_strings(subscriptions.c.newsletter, _LINE_END))
    .where(subscriptions.c.member_id == members.c.id, subscriptions.c.ended_at.is_(None))
    .scalar_subquery()
)
_FREQUENCY = (
    select(func.min(subscriptions.c.frequency))
    .where(subscriptions.c.member_id == members.c.id, subscriptions.c.ended_at.is_(None))
    .having(func.min(subscriptions.c.frequency) == func.max(subscriptions.c.frequency))
    .scalar_subquery()
)


class MemberStore:
    """All that is kept about members. Their statuses are derived when they are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def import_batches(
        self,
        batches: Iterable[Sequence[Sequence[MemberRow]]],
        terms: Terms,
        on_batch: Callable[[], None] = lambda: None,
    ) -> ImportSummary:
        """Bring members up to date with a file, all of it or nothing.

        batches: some thousand addresses each, and of each address all rows of the file (see `StagedRows`).
        on_batch: called after each.
        """
        with self._database.write() as connection:
            importing = MemberImport(connection, terms)
            for batch in batches:
                importing.take(batch)
                on_batch()
            return importing.summary

    def compare(
        self, pages: Iterable[Sequence[Sequence[MemberRow]]], bad: Iterable[str], terms: Terms
    ) -> ListDifference:
        """Return what bringing members up to date with a whole list would change, and change nothing.

        pages: as for `import_batches`; bad: keys of addresses whose row cannot be used.
        """
        with self._database.read() as connection:
            return sync_members(connection, pages, bad, terms, write=False)

    def sync(
        self,
        pages: Iterable[Sequence[Sequence[MemberRow]]],
        bad: Iterable[str],
        terms: Terms,
        check: Callable[[ListDifference], object],
    ) -> ListDifference:
        """Bring members up to date with a whole list; what `check` raises leaves everything as it was."""
        with self._database.write() as connection:
            difference = sync_members(connection, pages, bad, terms, write=True)
            check(difference)
            return difference

    def add(self, row: MemberRow, terms: Terms, *, again: bool = False) -> ImportSummary:
        """Make one member.

        again: also who was forgotten, since they have asked for it. Raises MemberError when there is one with
        this address, and for whoever was forgotten and has not asked.
        """
        with self._database.write() as connection:
            importing = MemberImport(connection, terms)
            if connection.scalar(select(exists().where(members.c.email_key == row.address.key))):
                raise MemberError(
                    f"there is a member with the address {row.address} already",
                    hint=f"newsletter member show {row.address}",
                )
            if again:
                unbury(connection, row.address.key)
            elif when := buried(connection, [row.address.key]).get(row.address.key):
                raise MemberError(
                    f"whoever has the address {row.address} was forgotten on {when:%Y-%m-%d}, for good",
                    hint=f"if they have asked to come back: newsletter member add {row.address} --again",
                )
            importing.take([[row]])
            return importing.summary

    def members(
        self, now: datetime, *, audience: str | None = None, status: MemberStatus | None = None
    ) -> Iterator[Member]:
        """Yield members in the order in which they came, a page at a time; forgotten ones have no email.

        now: against which pauses are judged.
        """
        query = _members(now).order_by(members.c.id).limit(PAGE)
        if audience is not None:
            query = query.where(_is_in(audience))
        if status is not None:
            query = query.where(_status(now) == status.value)
        last = 0
        while page := self._page(query.where(members.c.id > last)):
            yield from map(_member, page)
            last = page[-1].id

    def _page(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with self._database.read() as connection:
            return connection.execute(query).all()

    def find(self, email: str, now: datetime) -> Member | None:
        """Return the member with this address, however it is spelt. Raises AddressError where it is none."""
        found = self._page(_members(now).where(members.c.email_key == parse_address(email).key))
        return _member(found[0]) if found else None

    def is_known(self, key: int) -> bool:
        """Whether there is such a member, who was not forgotten."""
        query = select(members.c.id).where(members.c.id == key, members.c.email.is_not(None))
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def count_by_audience(self) -> Counter[str]:
        """Count the members of each audience, forgotten ones aside."""
        query = select(members.c.audiences, func.count()).where(members.c.email.is_not(None))
        counts: Counter[str] = Counter()
        with self._database.read() as connection:
            for key, count in connection.execute(query.group_by(members.c.audiences)):
                counts.update(dict.fromkeys(audience_set(key), count))
        return counts

    def field_names(self) -> list[str]:
        """Return the names of all attributes that any member has, sorted."""
        with self._database.read() as connection:
            return sorted(connection.scalars(select(member_fields.c.name)))

    def suppress(self, email_key: str, reason: str, detail: str, now: datetime) -> None:
        """Never mail an address again, member or not; what was recorded about it first stays."""
        values = {"email_key": email_key, "reason": reason, "detail": detail, "created_at": now}
        with self._database.write() as connection:
            connection.execute(insert_missing(connection, suppressions), [values])

    def is_suppressed(self, email_key: str) -> bool:
        """Whether an address is never mailed."""
        with self._database.read() as connection:
            return bool(connection.scalar(select(exists().where(suppressions.c.email_key == email_key))))


def _members(now: datetime) -> Select[Any]:
    return select(
        members.c.id,
        members.c.email,
        members.c.first_name,
        members.c.last_name,
        members.c.audiences,
        members.c.attributes,
        _status(now).label("status"),
        _NEWSLETTERS.label("newsletters"),
        _FREQUENCY.label("frequency"),
    )


def _status(now: datetime) -> ColumnElement[str]:
    """Return the status as SQL. Who has no subscription at all did not leave, and counts as active."""
    theirs = exists().where(subscriptions.c.member_id == members.c.id)
    running = theirs.where(subscriptions.c.ended_at.is_(None))
    heard = running.where(or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now))
    is_suppressed = exists().where(suppressions.c.email_key == members.c.email_key)
    return case(
        (members.c.forgotten_at.is_not(None), MemberStatus.FORGOTTEN.value),
        (is_suppressed, MemberStatus.SUPPRESSED.value),
        (heard, MemberStatus.ACTIVE.value),
        (running, MemberStatus.PAUSED.value),
        (theirs, MemberStatus.UNSUBSCRIBED.value),
        else_=MemberStatus.ACTIVE.value,
    )


def _is_in(audience: str) -> ColumnElement[bool]:
    # With the separator at both ends, "leaders" is not found in "career-leaders".
    padded = literal(AUDIENCE_SEPARATOR) + members.c.audiences + AUDIENCE_SEPARATOR
    return padded.contains(f"{AUDIENCE_SEPARATOR}{audience}{AUDIENCE_SEPARATOR}", autoescape=True)


def _member(row: Row[Any]) -> Member:
    return Member(
        row.id,
        row.email or "",
        row.first_name,
        row.last_name,
        audience_set(row.audiences),
        MemberStatus(row.status),
        row.attributes,
        frozenset(row.newsletters.split(_LINE_END)) if row.newsletters else frozenset(),
        Frequency(row.frequency) if row.frequency else None,
    )
