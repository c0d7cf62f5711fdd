"""Which items a variant holds where not all have room: audiences take turns, and no feed drowns others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from newsletter.editions.types import HistoryGroup
from newsletter.feeds.types import BY_HAND, Item, ItemStatus

#: Item ids with the audiences they are for.
ItemAudiences = Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Room:
    """How much a variant holds.

    per_feed: items of one feed; None for half of the room, and for more where other feeds leave some. pinned:
    items that go in whatever their feed. feeds: where items came from, those that editors added left out.
    """

    max_items: int
    per_feed: int | None = None
    pinned: Collection[int] = ()
    feeds: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def among(cls, items: Iterable[Item], max_items: int, per_feed: int | None) -> Self:
        """Return the room that these items compete for."""
        listed = list(items)
        pinned = {item.id for item in listed if item.status is ItemStatus.PINNED}
        feeds = {item.id: item.feed for item in listed if item.feed != BY_HAND.name}
        return cls(max_items, per_feed, pinned, feeds)


def wanted(items: ItemAudiences, group: HistoryGroup) -> list[int]:
    """Return the items that are for this group and were not carried to it, in order."""
    return [
        item for item, audiences in items.items() if audiences & group.audiences and item not in group.carried
    ]


def fair_share(items: ItemAudiences, group: HistoryGroup, room: Room) -> list[int]:
    """Return which items a group gets where not all have room, in their order.

    Pinned ones go in first. Then the group's audiences take turns: the next item is for the one that has
    fewest so far, so nobody who is in two audiences is drowned in the news of one. An item for both counts
    for both. A feed that has its share is passed over. What is cut stays uncarried and comes with the next
    edition.
    """
    new = wanted(items, group)
    if len(new) <= room.max_items and room.per_feed is None:
        return new
    share = _Share(items, group.audiences, room)
    for item in [item for item in new if item in room.pinned][: room.max_items]:
        share.take(item)
    share.take_turns(new, room.per_feed or (room.max_items + 1) // 2)
    if room.per_feed is None:
        share.take_turns(new, room.max_items)
    return [item for item in new if item in share.taken]


class _Share:
    """What one group has been given so far."""

    def __init__(self, items: ItemAudiences, audiences: frozenset[str], room: Room) -> None:
        self.taken: set[int] = set()
        self._items = items
        self._room = room
        self._counts = dict.fromkeys(audiences, 0)
        self._by_feed: Counter[str | None] = Counter()

    def take(self, item: int) -> None:
        """Give the group an item."""
        self.taken.add(item)
        self._by_feed[self._room.feeds.get(item)] += 1
        for audience in self._items[item] & self._counts.keys():
            self._counts[audience] += 1

    def take_turns(self, new: Sequence[int], per_feed: int) -> None:
        """Give the audiences their next items in turn, of feeds that have fewer than so many."""
        places = {item: place for place, item in enumerate(new)}
        left = {
            audience: deque(item for item in new if audience in self._items[item])
            for audience in self._counts
        }
        while len(self.taken) < self._room.max_items:
            for waiting in left.values():
                while waiting and not self._may_come(waiting[0], per_feed):
                    waiting.popleft()
            hungry = [audience for audience, waiting in left.items() if waiting]
            if not hungry:
                return
            self.take(left[min(hungry, key=lambda it: (self._counts[it], places[left[it][0]], it))][0])

    def _may_come(self, item: int, per_feed: int) -> bool:
        feed = self._room.feeds.get(item)
        return item not in self.taken and (feed is None or self._by_feed[feed] < per_feed)
