"""What a rendered variant must not be: larger than mail programs show."""

from __future__ import annotations

import re

from newsletter.errors import MessageTooLarge
from newsletter.render.types import Finding, RenderedVariant

#: Gmail cuts a mail at about 102,000 bytes of HTML, and relays that rewrite links make it longer.
LIMIT_BYTES = 90_000
WARNING_BYTES = 60_000
#: Room left for the footer when we say how many items would fit.
_FOOTER_BYTES = 4_000


def check_rendered(rendered: RenderedVariant) -> tuple[Finding, ...]:
    """Return what the editor should know about a variant.

    Raises MessageTooLarge, with the number of items that would fit, when it must not be sent.
    """
    size = rendered.html_bytes
    if size > LIMIT_BYTES:
        fit = _items_that_fit(rendered)
        cure = f"set max_items = {fit} for this newsletter, or hide" if fit else "hide"
        raise MessageTooLarge(
            f"the HTML of this variant has {size:,} bytes, and mail programs cut it at {LIMIT_BYTES:,}; "
            f"the first {fit} of its {len(_items(rendered))} items would fit",
            size_bytes=size,
            limit_bytes=LIMIT_BYTES,
            hint=f"{cure} the longest items: newsletter item hide ID",
        )
    if size > WARNING_BYTES:
        message = f"the HTML of this variant has {size:,} bytes; under {WARNING_BYTES:,} is safe everywhere"
        return (Finding(message, "fewer or shorter items make it smaller"),)
    return ()


def _html(rendered: RenderedVariant) -> bytes:
    return "".join(part for part in rendered.html if isinstance(part, str)).encode()


def _items(rendered: RenderedVariant) -> list[int]:
    """Return where each item begins: an item is what has an h3."""
    return [match.start() for match in re.finditer(rb"<h3[\s>]", _html(rendered))]


def _items_that_fit(rendered: RenderedVariant) -> int:
    """Return how many items from the first on leave the HTML below the limit; never too many."""
    ends = _items(rendered)[1:]
    return sum(end + _FOOTER_BYTES <= LIMIT_BYTES for end in ends)
