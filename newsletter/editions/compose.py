"""Items and groups of members -> variants, and frozen variants -> who gets which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.editions.types import Composition, HistoryGroup, VariantPlan
from newsletter.feeds.types import Item, ItemStatus

#: Item ids with the audiences they are for.
ItemAudiences = Mapping[int, frozenset[str]]


def compose(items: ItemAudiences, groups: Iterable[HistoryGroup], max_items: int) -> Composition:
    """Make one variant for each set of audiences, and further ones where histories ask for it.

    items: in the order in which they shall stand. Within a set the content that most members get is number 1.
    Groups that end up with equal content share a variant, so histories that make no difference are not seen.
    """
    by_content: dict[tuple[frozenset[str], tuple[int, ...]], list[HistoryGroup]] = defaultdict(list)
    nothing_new = []
    for group in groups:
        content = tuple(wanted(items, group))[:max_items]
        if content:
            by_content[group.audiences, content].append(group)
        else:
            nothing_new.append(group)
    return Composition(tuple(_numbered(by_content)), tuple(nothing_new))


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return items as editions have them: pinned ones first, then newest first."""
    by_date = sorted(items, key=lambda item: (item.date, item.id), reverse=True)
    return sorted(by_date, key=lambda item: item.status is not ItemStatus.PINNED)


def wanted(items: ItemAudiences, group: HistoryGroup) -> list[int]:
    """Return the items that are for this group and were not carried to it, in order."""
    return [
        item for item, audiences in items.items() if audiences & group.audiences and item not in group.carried
    ]


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
    variants: Collection[FrozenVariant], groups: Iterable[HistoryGroup], items: ItemAudiences
) -> Assignment:
    """Give each group the approved variant that holds most for it and nothing it has had.

    Since approval members have joined, left and changed audiences. A variant fits when none of its items was
    carried to the group and, if it was made for another set of audiences, each item is for the group too.
    items: of the whole edition, in order. What a group misses stays uncarried and comes with the next one.
    """
    served: list[tuple[HistoryGroup, FrozenVariant]] = []
    unserved: list[HistoryGroup] = []
    nothing_new: list[HistoryGroup] = []
    for group in groups:
        new = wanted(items, group)
        fitting = [variant for variant in variants if _fits(variant, group, items)]
        if fitting:
            served.append((group, max(fitting, key=lambda variant: _rank(variant, group, new))))
        else:
            (unserved if new else nothing_new).append(group)
    return Assignment(tuple(served), tuple(unserved), tuple(nothing_new))


def _fits(variant: FrozenVariant, group: HistoryGroup, items: ItemAudiences) -> bool:
    if group.carried.intersection(variant.items):
        return False
    if variant.audiences == group.audiences:
        return True
    return all(items.get(item, frozenset()) & group.audiences for item in variant.items)


def _rank(variant: FrozenVariant, group: HistoryGroup, new: Sequence[int]) -> tuple[bool, bool, int, int]:
    """Prefer the variant that was made for this very group, then the one that holds most."""
    own = list(variant.items) == list(new[: len(variant.items)])
    return (variant.audiences == group.audiences, own, len(variant.items), -variant.key)
