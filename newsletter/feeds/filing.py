"""Filing: the categories that a feed's items have by the configuration, beside their own.

They are added wherever an item is read, and never stored with it, so that a change of them holds at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.feeds.types import FeedSource


class Filing:
    """What the items of each feed are filed under."""

    def __init__(self, feeds: Iterable[FeedSource] = ()) -> None:
        self._by_feed = {feed.name: feed.categories for feed in feeds if feed.categories}

    def categories(self, own: Iterable[str], feeds: Iterable[str]) -> tuple[str, ...]:
        """Return the categories of an item, its own first, each once. feeds: names of all that have it."""
        given = [name for feed in feeds for name in self._by_feed.get(feed, ())]
        seen: dict[str, str] = {}
        for name in (*own, *given):
            seen.setdefault(name.casefold(), name)
        return tuple(seen.values())
