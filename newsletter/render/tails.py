"""What a site's software puts at the end of each story of its feed, and no reader of a mail needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.render.story import Block, Paragraph, plain

#: As WordPress and its plug-ins write it.
_SOURCE = re.compile(r"(?:^|\s+)The post\s.{1,300}? appeared first on\s(?:(?!\. ).){1,150}$")
_CUT = re.compile(r"\s*\[(?:…|\.\.\.)\]")


def without_tail(text: str) -> str:
    """Return text on one line without the sentence that names its source; "[…]" becomes "…"."""
    return _CUT.sub("…", _SOURCE.sub("", text))


def without_tail_block(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return a story without the last paragraph, where that only names its source."""
    last = blocks[-1] if blocks else None
    if isinstance(last, Paragraph) and not without_tail(plain(last.runs)):
        return tuple(blocks[:-1])
    return tuple(blocks)
