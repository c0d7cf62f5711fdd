"""The size of a page: no larger than mail programs show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from newsletter.render.checks.page import Page, snippet
from newsletter.render.types import Finding

#: Gmail cuts a mail at about 102,000 bytes of HTML, and relays that rewrite links make it longer.
LIMIT_BYTES = 90_000
WARNING_BYTES = 60_000
#: Room left for the footer when we say how many items would fit.
_FOOTER_BYTES = 4_000
#: An item is what has an h3.
_ITEM = re.compile(rb"<h3[\s>]")


def check_size(page: Page) -> Iterator[Finding]:
    """Yield that a page is too large, with the number of items that would fit."""
    size = page.rendered.html_bytes
    if size > LIMIT_BYTES:
        starts = _items(page)
        fit = _that_fit(starts)
        cure = f"set max_items = {fit} for this newsletter, or hide" if fit else "hide"
        yield Finding(
            "size",
            "error",
            f"the HTML has {size:,} bytes, and mail programs cut it at {LIMIT_BYTES:,}; "
            f"the first {fit} of its {len(starts)} items would fit",
            f"{cure} the longest items: newsletter item hide ID{_longest(page)}",
        )
    elif size > WARNING_BYTES:
        yield Finding(
            "size",
            "warning",
            f"the HTML has {size:,} bytes; under {WARNING_BYTES:,} is safe everywhere",
            "fewer or shorter items make it smaller",
        )


def _longest(page: Page) -> str:
    """Return which item takes most of it."""
    if not page.items:
        return ""
    item = max(page.items, key=lambda it: len(it.summary if it.link else it.html))
    return f"; the longest is item {item.id}: {snippet(item.title)}"


def _items(page: Page) -> list[int]:
    """Return at which byte each item begins, merge fields not counted."""
    parts = [part.encode() for part in page.rendered.html if isinstance(part, str)]
    begins = accumulate(map(len, parts), initial=0)
    return [at + it.start() for part, at in zip(parts, begins, strict=False) for it in _ITEM.finditer(part)]


def _that_fit(starts: list[int]) -> int:
    """Return how many items from the first on leave the HTML below the limit; never too many."""
    return sum(end + _FOOTER_BYTES <= LIMIT_BYTES for end in starts[1:])
