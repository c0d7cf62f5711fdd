"""How much of a document the XML reader gets: a tag takes it up to a sixth of a millisecond."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.feeds.dates import read_written

MAX_ENTRIES = 500
#: A tag costs the reader as much as eight references such as `&lt;`; so much takes some eight seconds.
_TAG_COST = 8
_MAX_COST = 400_000
#: Plain text costs little, but not nothing.
_MAX_CHARS = 8_000_000
_ENTRY_TAG = re.compile(r"<(/?)(?:\w+:)?(?:item|entry)(?=[\s>/])[^<>]*>", re.IGNORECASE)
_DATE = re.compile(
    r"<(?:\w+:)?(?:pubdate|published|issued|updated|modified|date)\b[^<>]*>\s*([^<>]{6,60})<", re.IGNORECASE
)
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


@dataclass(frozen=True, slots=True)
class Bounded:
    """A document that can be read in bounded time. total: its entries, of which `kept` are in the text."""

    text: str
    total: int
    kept: int
    #: The last ones were kept, because they are the newer.
    from_end: bool = False


def bound(text: str) -> Bounded | None:
    """Return a document, without the entries that are too many; None where one alone is too much to read.

    At most 500 entries are kept, the newer end of the list.
    """
    spans = list(_entry_spans(text))
    if len(spans) <= MAX_ENTRIES and _cost(text) <= _MAX_COST and len(text) <= _MAX_CHARS:
        return Bounded(text, len(spans), len(spans))
    if not spans:
        return None
    head, tail = text[: spans[0][0]], text[spans[-1][1] :]
    from_end = _oldest_first(text, spans)
    left, room = _MAX_COST - _cost(head) - _cost(tail), _MAX_CHARS - len(head) - len(tail)
    kept: list[str] = []
    for start, end in list(reversed(spans) if from_end else spans)[:MAX_ENTRIES]:
        left, room = left - _cost(text[start:end]), room - (end - start)
        if left < 0 or room < 0:
            break
        kept.append(text[start:end])
    if not kept:
        return None
    body = "".join(reversed(kept) if from_end else kept)
    return Bounded(f"{head}{body}{tail}", len(spans), len(kept), from_end)


def _entry_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where entries begin and end; one that is not closed ends where the next begins."""
    begun: int | None = None
    for tag in _ENTRY_TAG.finditer(text):
        if tag[1]:
            if begun is not None:
                yield begun, tag.end()
            begun = None
            continue
        if begun is not None:
            yield begun, tag.start()
        begun = tag.start()
        if tag[0].endswith("/>"):
            yield tag.start(), tag.end()
            begun = None


def _cost(text: str) -> int:
    """Return what a text costs; what stands in CDATA sections costs nothing."""
    tags, at = text.count("<"), 0
    references = text.count("&")
    while (start := text.find(_CDATA, at)) >= 0 and (at := text.find(_CDATA_END, start)) >= 0:
        tags -= text.count("<", start + 1, at)
        references -= text.count("&", start, at)
    return _TAG_COST * tags + references


def _oldest_first(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    first, last = (_DATE.search(text, *span) for span in (spans[0], spans[-1]))
    older, newer = (found and read_written(found[1].strip()) for found in (first, last))
    return bool(older and newer and older < newer)
