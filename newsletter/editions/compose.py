"""Items and groups of members -> variants, and frozen variants -> who gets which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from newsletter.editions.room import ItemAudiences, Room, fair_share, wanted
from newsletter.editions.types import Composition, HistoryGroup, VariantPlan
from newsletter.feeds.types import Item, ItemStatus


def compose(
    items: ItemAudiences,
    groups: Iterable[HistoryGroup],
    room: Room,
    *,
    standing: Sequence[int] = (),
) -> Composition:
    """Make one variant for each set of audiences, and further ones where histories ask for it.

    items: those that come first go in first where not all have room; standing: all of them in the order in
    which they shall stand, by default the same. Within a set the content that most members get is number 1.
    Groups that end up with equal content share a variant, so histories that make no difference are not seen.
    """
    places = {item: place for place, item in enumerate(standing or items)}
    by_content: dict[tuple[frozenset[str], tuple[int, ...]], list[HistoryGroup]] = defaultdict(list)
    nothing_new = []
    waiting: set[int] = set()
    for group in groups:
        chosen = fair_share(items, group, room)
        waiting.update(wanted(items, group))
        content = tuple(sorted(chosen, key=places.__getitem__))
        if content:
            by_content[group.audiences, content].append(group)
        else:
            nothing_new.append(group)
    waiting.difference_update(*(content for _, content in by_content))
    return Composition(
        tuple(_numbered(by_content)), tuple(nothing_new), tuple(item for item in items if item in waiting)
    )


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return items by their weight: pinned ones first, then in the editor's order, then newest first.

    Pinned ones without a place stand in the order in which they were pinned.
    """
    by_date = sorted(items, key=lambda item: (item.date, item.id), reverse=True)
    return sorted(by_date, key=_weight)


def _weight(item: Item) -> tuple[bool, float, float]:
    is_pinned = item.status is ItemStatus.PINNED
    place = inf if item.position is None else item.position
    since = item.pinned_at.timestamp() if is_pinned and item.pinned_at else inf
    return not is_pinned, place, since


def by_section(items: Sequence[Item], sections: Sequence[str] = ()) -> list[int]:
    """Return the ids of items as they stand in an edition: pinned ones first, the rest section by section.

    items: as `in_order` has them. sections: those that come first, in this order; others follow in the order
    of their first items.
    """
    ranks = {_spelled(name): rank for rank, name in enumerate(sections)}
    pinned = [item.id for item in items if item.status is ItemStatus.PINNED]
    rest = [item for item in items if item.status is not ItemStatus.PINNED]
    for item in rest:
        ranks.setdefault(_section(item), len(ranks))
    return pinned + [item.id for item in sorted(rest, key=lambda item: ranks[_section(item)])]


def _section(item: Item) -> str:
    named = (name for name in (item.section or "", *item.categories) if name.strip())
    return _spelled(next(named, ""))


def _spelled(section: str) -> str:
    return " ".join(section.split()).casefold()


def _numbered(
    by_content: Mapping[tuple[frozenset[str], tuple[int, ...]], Sequence[HistoryGroup]],
) -> Iterable[VariantPlan]:
    by_set: dict[frozenset[str], list[VariantPlan]] = defaultdict(list)
    for (audiences, content), groups in by_content.items():
        members = sum(group.members for group in groups)
        by_set[audiences].append(VariantPlan(audiences, 1, content, members))
    for audiences in sorted(by_set, key=lambda audiences: (len(audiences), sorted(audiences))):
        plans = sorted(by_set[audiences], key=lambda plan: (-plan.members, plan.items))
        for number, plan in enumerate(plans, start=1):
            yield VariantPlan(audiences, number, plan.items, plan.members)


@dataclass(frozen=True, slots=True)
class FrozenVariant:
    """A variant as it was approved: its key in the store, whom it was made for, what it holds, in order."""

    key: int
    audiences: frozenset[str]
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which frozen variant each group gets.

    unserved: no variant fits, though the edition holds something new for them; nothing_new: it holds nothing.
    """

    served: tuple[tuple[HistoryGroup, FrozenVariant], ...]
    unserved: tuple[HistoryGroup, ...]
    nothing_new: tuple[HistoryGroup, ...]


def assign(
    variants: Collection[FrozenVariant],
    groups: Iterable[HistoryGroup],
    items: ItemAudiences,
    room: Room,
) -> Assignment:
    """Give each group the approved variant that holds most for it and nothing it has had.

    Since approval members have joined, left and changed audiences. A variant fits when none of its items was
    carried to the group and, if it was made for another set of audiences, each item is for the group too.
    items: of the whole edition, in order; room: for which they were chosen. What a group misses stays
    uncarried and comes with the next one.
    """
    served: list[tuple[HistoryGroup, FrozenVariant]] = []
    unserved: list[HistoryGroup] = []
    nothing_new: list[HistoryGroup] = []
    for group in groups:
        new = wanted(items, group)
        fitting = [variant for variant in variants if _fits(variant, group, items)]
        if fitting:
            best = max(fitting, key=lambda variant: _rank(variant, group, items, room))
            served.append((group, best))
        else:
            (unserved if new else nothing_new).append(group)
    return Assignment(tuple(served), tuple(unserved), tuple(nothing_new))


def _fits(variant: FrozenVariant, group: HistoryGroup, items: ItemAudiences) -> bool:
    if group.carried.intersection(variant.items):
        return False
    if variant.audiences == group.audiences:
        return True
    return all(items.get(item, frozenset()) & group.audiences for item in variant.items)


def _rank(
    variant: FrozenVariant, group: HistoryGroup, items: ItemAudiences, room: Room
) -> tuple[bool, bool, int, int]:
    """Prefer the variant that was made for this very group, then the one that holds most."""
    theirs = fair_share(items, group, replace(room, max_items=len(variant.items)))
    own = set(variant.items) == set(theirs)
    return (variant.audiences == group.audiences, own, len(variant.items), -variant.key)
