"""Which entries of a pull are to be stored."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.feeds.types import ItemIntent, KnownEntries, ParsedFeed


def decide_items(known: KnownEntries, parsed: ParsedFeed) -> Iterator[ItemIntent]:
    """Yield the entries that are new, or read differently from what is known, in the document's order.

    Entries that the document no longer has are no matter: feeds are windows, and what was kept stays.
    """
    for entry in parsed.entries:
        old = known.get(entry.key)
        content_hash = entry.content_hash
        if old is None:
            yield ItemIntent(entry, content_hash, None)
        elif old.content_hash != content_hash:
            yield ItemIntent(entry, content_hash, old.item_id)
