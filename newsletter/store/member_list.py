"""A whole list of members in temporary tables, and what of it differs from what we have.

The database finds what differs: half a million rows of which few have changed cost a few joins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    union,
)

from newsletter.address import Address
from newsletter.audiences.types import audience_key, audience_set
from newsletter.members.types import Basis, Frequency, MemberRow, Terms
from newsletter.store.bulk import given, insert_missing
from newsletter.store.schema import members, subscriptions

#: Rows of the list that are looked at, or written, together.
_PAGE = 5_000
#: How many columns of the list say something of a bad row.
_STATED = 3
#: Where a list says nothing of newsletters, so that all count.
_ALL = "*"

_temporary = MetaData()
_listed = Table(
    "sync_listed",
    _temporary,
    Column("email_key", String, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("usable", Boolean, nullable=False),  # a bad row keeps its member from being ended
    Column("email", String),
    Column("first_name", String),
    Column("last_name", String),
    Column("audiences", String),
    Column("newsletters", String),
    Column("frequency", String),
    Column("attributes", JSON),
    prefixes=["TEMPORARY"],
)
# What the terms make of each combination in the list: a row for each newsletter that it asks for.
_wanted = Table(
    "sync_wanted",
    _temporary,
    Column("audiences", String, primary_key=True),
    Column("newsletters", String, primary_key=True),
    Column("newsletter", String, primary_key=True),
    Column("serving", String, nullable=False),
    prefixes=["TEMPORARY"],
)
_differing = Table(
    "sync_differing", _temporary, Column("line", Integer, primary_key=True), prefixes=["TEMPORARY"]
)
_TABLES = (_listed, _wanted, _differing)

_AUDIENCES = func.coalesce(_listed.c.audiences, members.c.audiences)
_IS_THEIRS = and_(members.c.email_key == _listed.c.email_key, _listed.c.usable)


class MemberList:
    """A list as `sync_members` compares it, in one transaction. A context: its tables are gone afterwards."""

    def __init__(self, connection: Connection, terms: Terms) -> None:
        self._connection = connection
        self._terms = terms
        self._names = [it.newsletter for it in terms.served]

    def __enter__(self) -> Self:
        for table in _TABLES:
            table.create(self._connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:  # otherwise the transaction goes, and they with it
            for table in _TABLES:
                table.drop(self._connection)

    def add(self, rows: Iterable[MemberRow]) -> None:
        """Take usable rows, one for each address."""
        self._add([_cells(row) for row in rows])

    def __len__(self) -> int:
        """Return how many rows are usable."""
        return self._connection.scalar(select(func.count()).where(_listed.c.usable)) or 0

    @property
    def has_member(self) -> ColumnElement[bool]:
        """Whether a member is on the list, be it with a row that cannot be used."""
        return exists().where(_listed.c.email_key == members.c.email_key)

    def differing(self) -> Iterator[list[MemberRow]]:
        """Yield the rows that say otherwise than what we have, a page at a time."""
        self._write_wanted()
        lines = union(self._new(), self._changed(), self._lacking(), self._superfluous())
        self._connection.execute(insert(_differing).from_select(["line"], lines))
        last = -1
        query = select(_listed).join(_differing, _differing.c.line == _listed.c.line).where(_listed.c.usable)
        query = query.order_by(_differing.c.line).limit(_PAGE)
        while page := self._connection.execute(query.where(_differing.c.line > last)).all():
            last = page[-1].line
            yield [_row(row) for row in page]

    def _add(self, rows: Sequence[Sequence[object]]) -> None:
        table = given(self._connection, [*_listed.c], rows)
        listing = insert_missing(self._connection, _listed)
        self._connection.execute(listing.from_select([*_listed.c.keys()], select(table).where(true())))

    def protect(self, bad: Iterable[str]) -> None:
        """Take those too whose row is bad, unless another row of theirs is not: a slip ends nobody."""
        nothing = [None] * (len(_listed.c) - _STATED)
        self._add([(key, 0, False, *nothing) for key in {*bad}])
        if self._connection.dialect.name == "postgresql":  # it knows nothing yet of how much is in there
            self._connection.exec_driver_sql(f"ANALYZE {_listed.name}")

    def _write_wanted(self) -> None:
        pairs = select(func.coalesce(_AUDIENCES, ""), _listed.c.newsletters).distinct()
        found = self._connection.execute(
            pairs.select_from(_listed.outerjoin(members, members.c.email_key == _listed.c.email_key)).where(
                _listed.c.usable
            )
        ).all()
        rows = [row for audiences, listed in found for row in self._wants(audiences, listed)]
        if rows:
            self._connection.execute(insert(_wanted), rows)

    def _wants(self, audiences: str, listed: str) -> Iterator[dict[str, str]]:
        for served in self._terms.served:
            both = served.audiences & audience_set(audiences)
            if both and (listed == _ALL or served.newsletter in listed.split("\n")):
                yield {
                    "audiences": audiences,
                    "newsletters": listed,
                    "newsletter": served.newsletter,
                    "serving": audience_key(both),
                }

    def _new(self) -> Select[Any]:
        known = exists().where(members.c.email_key == _listed.c.email_key)
        return select(_listed.c.line).where(_listed.c.usable, ~known)

    def _changed(self) -> Select[Any]:
        names = [
            and_(theirs != "", theirs != ours)
            for theirs, ours in (
                (_listed.c.first_name, members.c.first_name),
                (_listed.c.last_name, members.c.last_name),
            )
        ]
        others = and_(_listed.c.audiences.is_not(None), _listed.c.audiences != members.c.audiences)
        another = or_(_listed.c.email != members.c.email, *names, others, self._says_more())
        return select(_listed.c.line).join(members, _IS_THEIRS).where(another)

    def _says_more(self) -> ColumnElement[bool]:
        """Whether the list has attributes that ours has not, or has otherwise."""
        if self._connection.dialect.name == "sqlite":
            return func.json_patch(members.c.attributes, _listed.c.attributes) != func.json(
                members.c.attributes
            )
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - takes 30 ms, and most have SQLite

        return ~cast(members.c.attributes, JSONB).contains(cast(_listed.c.attributes, JSONB))

    def _asked(self) -> Select[Any]:
        """Select rows of known members with each newsletter that they ask for."""
        asks = and_(_wanted.c.audiences == _AUDIENCES, _wanted.c.newsletters == _listed.c.newsletters)
        return select(_listed.c.line).join(members, _IS_THEIRS).join(_wanted, asks)

    def _lacking(self) -> Select[Any]:
        running = and_(
            subscriptions.c.member_id == members.c.id,
            subscriptions.c.newsletter == _wanted.c.newsletter,
            subscriptions.c.ended_at.is_(None),
        )
        otherwise = [
            subscriptions.c.id.is_(None),
            subscriptions.c.audiences != _wanted.c.serving,
            and_(_listed.c.frequency.is_not(None), _listed.c.frequency != subscriptions.c.frequency),
        ]
        if self._terms.basis is Basis.CONSENT:
            otherwise.append(subscriptions.c.basis != Basis.CONSENT)
        return self._asked().outerjoin(subscriptions, running).where(or_(*otherwise))

    def _superfluous(self) -> Select[Any]:
        asks = exists().where(
            _wanted.c.audiences == _AUDIENCES,
            _wanted.c.newsletters == _listed.c.newsletters,
            _wanted.c.newsletter == subscriptions.c.newsletter,
        )
        return (
            select(_listed.c.line)
            .join(members, _IS_THEIRS)
            .join(subscriptions, subscriptions.c.member_id == members.c.id)
            .where(
                subscriptions.c.ended_at.is_(None),
                subscriptions.c.newsletter.in_(self._names),
                ~asks,
            )
        )


def _cells(row: MemberRow) -> tuple[object, ...]:
    """Return the cells of a row of the list, in the order of its columns."""
    return (
        row.address.key,
        row.line,
        True,
        row.address.text,
        row.first_name,
        row.last_name,
        None if row.audiences is None else audience_key(row.audiences),
        _ALL if row.newsletters is None else "\n".join(sorted(row.newsletters)),
        row.frequency,
        dict(row.attributes),
    )


def _row(row: Any) -> MemberRow:  # noqa: ANN401 - a row of `_listed`
    return MemberRow(
        row.line,
        Address(row.email, row.email_key),
        row.first_name,
        row.last_name,
        None if row.audiences is None else audience_set(row.audiences),
        None if row.newsletters == _ALL else frozenset(filter(None, row.newsletters.split("\n"))),
        row.attributes,
        Frequency(row.frequency) if row.frequency else None,
    )
