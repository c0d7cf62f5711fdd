"""Histories: which of the candidate items members were carried, as a number for each member.

A member's history among the candidate items follows from the variants that were carried to them, so each such
variant gets a bit, and the sum of a member's bits is their signature.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, FromClause, case, exists, func, select

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import Edition
from newsletter.store.bulk import among
from newsletter.store.schema import deliveries, variant_items, variants

#: A delivery in one of these states has carried its items, or may yet, or may have.
CARRIED = (
    DeliveryStatus.PENDING,
    DeliveryStatus.DEFERRED,
    DeliveryStatus.SENDING,
    DeliveryStatus.SENT,
    DeliveryStatus.UNKNOWN,
)
#: Bits of a signed 64-bit sum that stay clear of its sign.
_BITS = 62


class History:
    """Which variants carried a candidate item, and the signature that each member has from them."""

    def __init__(self, connection: Connection, candidates: Collection[int], edition: Edition | None) -> None:
        self._items: dict[int, set[int]] = {}
        query = select(variant_items.c.variant_id, variant_items.c.item_id).where(
            among(connection, variant_items.c.item_id, candidates),
            exists().where(deliveries.c.variant_id == variant_items.c.variant_id),
        )
        if edition:
            query = query.join(variants).where(variants.c.edition_id != edition.key)
        for variant, item in connection.execute(query.order_by(variant_items.c.variant_id)):
            self._items.setdefault(variant, set()).add(item)
        self._variants = list(self._items)
        self.table = self._signatures() if self._variants else None
        self.columns = [func.coalesce(total, 0).label(total.name) for total in self._sums]

    @property
    def _sums(self) -> list[Any]:
        if self.table is None:
            return []
        return [column for column in self.table.c if column.name != "member_id"]

    def _signatures(self) -> FromClause:
        blocks = [self._variants[at : at + _BITS] for at in range(0, len(self._variants), _BITS)]
        sums = [
            func.sum(
                case(
                    {variant: 1 << bit for bit, variant in enumerate(block)},
                    value=deliveries.c.variant_id,
                    else_=0,
                )
            ).label(f"signature_{number}")
            for number, block in enumerate(blocks)
        ]
        return (
            select(deliveries.c.member_id, *sums)
            .where(deliveries.c.variant_id.in_(self._variants), deliveries.c.status.in_(CARRIED))
            .group_by(deliveries.c.member_id)
            .cte("histories")
        )

    def items(self, signature: Iterable[int]) -> frozenset[int]:
        """Return the candidate items that a member with this signature was carried."""
        carried: set[int] = set()
        for number, bits in enumerate(signature):
            block = self._variants[number * _BITS : (number + 1) * _BITS]
            for bit, variant in enumerate(block):
                if int(bits) >> bit & 1:
                    carried |= self._items[variant]
        return frozenset(carried)
