"""A whole list of members is compared with what we have, and ours is brought up to date.

`MemberList` finds what differs; only that is looked at row by row, by `MemberImport`, so that a sync and an
import mean the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, update

from newsletter.members.subscriptions import merge_rows
from newsletter.members.types import EndReason, ListDifference, MemberRow, Terms
from newsletter.store.member_import import Intent, MemberImport
from newsletter.store.member_list import MemberList
from newsletter.store.schema import members, subscriptions

#: How many of each kind are named.
_EXAMPLES = 5


def sync_members(
    connection: Connection,
    pages: Iterable[Sequence[Sequence[MemberRow]]],
    bad: Iterable[str],
    terms: Terms,
    *,
    write: bool,
) -> ListDifference:
    """Compare with all rows of a list, gathered by address, and bring ours up to date where asked to.

    bad: addresses whose row cannot be used; they are not ended. Ends are those of the terms' basis: who gave
    consent gets it whatever the membership system says.
    """
    sync = _MemberSync(connection, terms, write=write)
    sync.take(pages, bad)
    return sync.difference


class _MemberSync:
    """One comparison within one transaction; `difference` says what is, or would be, done."""

    def __init__(self, connection: Connection, terms: Terms, *, write: bool) -> None:
        self.difference = ListDifference()
        self._connection = connection
        self._terms = terms
        self._write = write

    def take(self, pages: Iterable[Sequence[Sequence[MemberRow]]], bad: Iterable[str]) -> None:
        self.difference.known = self._count(self._served())
        with MemberList(self._connection, self._terms) as listed:
            for page in pages:
                listed.add(merge_rows(same) for same in page)
            listed.protect(bad)
            self._follow(listed)
            self._end_unlisted(listed)

    def _follow(self, listed: MemberList) -> None:
        """Look at what differs."""
        importing = MemberImport(self._connection, self._terms)
        looked_at = 0
        for page in listed.differing():
            looked_at += len(page)
            intents = importing.judge([[row] for row in page])
            self._note(intents)
            if self._write:
                importing.write(intents)
        self.difference.unchanged = len(listed) - looked_at + importing.summary.unchanged
        self.difference.left_out = importing.summary.left_out

    def _note(self, intents: Sequence[Intent]) -> None:
        for it in intents:
            if it.id is None:
                self._count_in("added", 1, [it.email])
            elif it.changes.ends and not it.changes.begins:
                self._count_in("ended", 1, [it.email])
            elif it.is_changed or it.changes.begins:
                self._count_in("changed", 1, [it.email])

    def _count_in(self, what: str, number: int, emails: Iterable[str]) -> None:
        setattr(self.difference, what, getattr(self.difference, what) + number)
        named = self.difference.examples.setdefault(what, [])
        named.extend(itertools.islice(emails, max(0, _EXAMPLES - len(named))))

    def _served(self) -> Select[Any]:
        """Select the members who have something on the ground of these terms."""
        return select(subscriptions.c.member_id).where(self._is_running()).distinct()

    def _is_running(self) -> ColumnElement[bool]:
        return and_(
            subscriptions.c.ended_at.is_(None),
            subscriptions.c.basis == self._terms.basis.value,
            subscriptions.c.newsletter.in_([it.newsletter for it in self._terms.served]),
        )

    def _count(self, query: Select[Any]) -> int:
        return self._connection.scalar(select(func.count()).select_from(query.subquery())) or 0

    def _end_unlisted(self, listed: MemberList) -> None:
        """End what runs, on the ground of these terms, of members whom the list does not have."""
        unlisted = select(members.c.id).where(members.c.id.in_(self._served()), ~listed.has_member)
        some = unlisted.with_only_columns(members.c.email).order_by(members.c.id).limit(_EXAMPLES)
        emails = self._connection.scalars(some).all()
        self._count_in("ended", self._count(unlisted), filter(None, emails))
        if self._write:
            ended = update(subscriptions).where(self._is_running(), subscriptions.c.member_id.in_(unlisted))
            why = {"end_reason": EndReason.NO_LONGER_MEMBER.value, "end_source": self._terms.source}
            self._connection.execute(ended.values(ended_at=self._terms.now, **why))
