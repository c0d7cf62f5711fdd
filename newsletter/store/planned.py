"""Planned: whom an edition waits to go to, and of these whose values may not fit the message that they get.

A query cannot say what a message can hold, but it can leave out nearly everybody: whoever has a value for all
that their variant needs, and no line break in any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, cast, func, or_, select

from newsletter.address import Address
from newsletter.delivery.types import DeliveryStatus, Recipient
from newsletter.editions.types import Edition
from newsletter.store.bulk import among
from newsletter.store.schema import deliveries, members

#: By key of a variant the names of the merge fields for which it needs a value: "member.school".
Needs = Mapping[int, Collection[str]]

_WAITING = (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED)
#: Fields that are columns; every other one is an attribute.
_COLUMNS = {f"member.{name}": members.c[name] for name in ("email", "first_name", "last_name")}


def doubtful(connection: Connection, edition: Edition, needs: Needs) -> Iterator[tuple[int, Recipient]]:
    """Yield who waits for an edition and may have no value, or one that does not fit, with the variant.

    needs: of every variant of the edition.
    """
    lacking = [
        and_(deliveries.c.variant_id == variant, or_(*map(is_blank, names)))
        for variant, names in needs.items()
        if names
    ]
    query = (
        select(deliveries.c.variant_id, members)
        .join(members, members.c.id == deliveries.c.member_id)
        .where(
            deliveries.c.edition_id == edition.key,
            deliveries.c.status.in_(_WAITING),
            members.c.email.is_not(None),
            # A list of its own, made once and as a rule empty: the join of the others would cost more.
            or_(*lacking, members.c.id.in_(_with_line_breaks())),
        )
    )
    for row in connection.execute(query):
        yield row.variant_id, make_recipient(row)


def make_recipient(row: Row[Any]) -> Recipient:
    """Return the recipient that a row with the columns of a member stands for."""
    return Recipient(Address(row.email, row.email_key), row.first_name, row.last_name, row.attributes)


def recipients_by_id(connection: Connection, keys: Collection[int]) -> dict[int, Recipient]:
    """Return members as recipients, those who were forgotten left out."""
    query = select(members).where(among(connection, members.c.id, keys), members.c.email.is_not(None))
    return {row.id: make_recipient(row) for row in connection.execute(query)}


def is_blank(field: str) -> ColumnElement[bool]:
    """Return the condition that a member has no value for a merge field, "member.school" say."""
    column = _COLUMNS.get(field)
    if column is None:
        column = members.c.attributes[field.removeprefix("member.")].as_string()
    return func.trim(func.coalesce(column, ""), " \t\r\n\xa0") == ""


def _with_line_breaks() -> Select[Any]:
    every = members.alias()
    names, attributes = every.c.first_name + every.c.last_name, cast(every.c.attributes, Text)
    found = [names.contains(line_end) for line_end in "\r\n"]
    # As JSON writes them.
    found += [attributes.contains(escaped, autoescape=True) for escaped in ("\\r", "\\n")]
    return select(every.c.id).where(or_(*found))
