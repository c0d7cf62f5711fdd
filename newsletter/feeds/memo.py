"""What the entries of a document read as, kept from one pull to the next.

A feed that changes has a few new entries above many old ones, and reading an entry costs a millisecond. So
the text of each entry is kept as a hash, together with what it read as; only entries whose text is new are
given to the parser, in a document that is otherwise the same. Nothing depends on it: wherever the pieces do
not add up, the whole document is read.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from newsletter.feeds.bounds import MAX_ENTRIES
from newsletter.feeds.charset import decode
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import Fetched, ParsedEntry, ParsedFeed

_ENTRY = re.compile(r"<((?:\w+:)?(?:item|entry))(?=[\s>])[^<>]*(?<!/)>.*?</\1\s*>", re.DOTALL)
#: In the frame of a document these change with every entry, and no entry reads differently for it.
_CLOCKS = re.compile(r"<((?:\w+:)?(?:lastBuildDate|pubDate|updated|modified|date))\b[^<>]*>[^<>]*</\1\s*>")
_XML = "application/xml; charset=utf-8"
#: Beyond this memory counts for more than time.
_LARGE_BYTES = 4 * 1024 * 1024
#: Of all entries unpacked.
_MAX_BYTES = 4 * _LARGE_BYTES

_Known = dict[str, ParsedEntry]


def parse_with_memo(document: Fetched, memo: bytes | None) -> tuple[ParsedFeed, bytes | None]:
    """Read a feed document as `parse_feed` does, and return with it the memo for the next time.

    memo: what an earlier reading of this feed gave, by the same version of the program; None for no memory.
    """
    pieces = _Pieces.of(document)
    if pieces is None:
        return parse_feed(document), None
    known = _unpack(memo)
    parsed = _parse_fresh(pieces, document, known) or parse_feed(document)
    is_plain = not (parsed.warnings or parsed.shares_ids) and len(parsed.entries) == len(pieces.marks)
    return parsed, _pack(dict(zip(pieces.marks, parsed.entries, strict=True))) if is_plain else None


def _parse_fresh(pieces: _Pieces, document: Fetched, known: Mapping[str, ParsedEntry]) -> ParsedFeed | None:
    """Read the entries that are not known, and put all together; None where that does not work out."""
    fresh = [number for number, mark in enumerate(pieces.marks) if mark not in known] or [0]
    if len(fresh) == len(pieces.marks):
        return None
    parsed = parse_feed(replace(document, body=pieces.only(fresh), content_type=_XML))
    if parsed.warnings or parsed.shares_ids or len(parsed.entries) != len(fresh):
        return None
    read = dict(zip(fresh, parsed.entries, strict=True))
    entries = tuple(read.get(number) or known[mark] for number, mark in enumerate(pieces.marks))
    if len({entry.key for entry in entries}) < len(entries):
        return None
    return replace(parsed, entries=entries)


class _Pieces:
    """A document cut into its entries and the frame around them."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]], url: str) -> None:
        self._text = text
        self._spans = spans
        frame = hashlib.sha256(url.encode("utf-8", "surrogatepass"))
        for part in self._frame():
            frame.update(_CLOCKS.sub("", part).encode("utf-8", "surrogatepass"))
        #: One for each entry: equal text in an equal frame, equal mark.
        self.marks = [self._mark(frame.copy(), text[start:end]) for start, end in spans]

    @classmethod
    def of(cls, document: Fetched) -> _Pieces | None:
        """Cut a document; None for one that is large, no XML, in disorder, or has many or equal entries."""
        if len(document.body) > _LARGE_BYTES:
            return None
        text, trouble = decode(document.body, document.content_type)
        if trouble or not text.lstrip("\ufeff \t\r\n").startswith("<"):
            return None
        spans = [found.span() for found in _ENTRY.finditer(text)]
        if not 1 < len(spans) <= MAX_ENTRIES:
            return None
        pieces = cls(text, spans, document.url)
        return pieces if len(set(pieces.marks)) == len(spans) else None

    def only(self, chosen: Sequence[int]) -> bytes:
        """Return the document with some of its entries only."""
        wanted = set(chosen)
        parts = [self._text[: self._spans[0][0]]]
        for number, (start, end) in enumerate(self._spans):
            after = self._spans[number + 1][0] if number + 1 < len(self._spans) else len(self._text)
            parts += [self._text[start:end] if number in wanted else "", self._text[end:after]]
        return "".join(parts).encode("utf-8", "surrogatepass")

    def _frame(self) -> Iterator[str]:
        """Yield what is not in entries."""
        last = 0
        for start, end in self._spans:
            yield self._text[last:start].strip()
            last = end
        yield self._text[last:].strip()

    @staticmethod
    def _mark(frame: hashlib._Hash, text: str) -> str:
        frame.update(text.encode("utf-8", "surrogatepass"))
        return frame.hexdigest()[:32]


@cache
def _adapter() -> TypeAdapter[_Known]:
    return TypeAdapter(_Known)


def _pack(known: _Known) -> bytes | None:
    try:
        return zlib.compress(_adapter().dump_json(known), 1)
    except PydanticSerializationError:  # half a character, say, which JSON cannot hold
        return None


def _unpack(memo: bytes | None) -> _Known:
    if not memo:
        return {}
    try:
        text = zlib.decompressobj().decompress(memo, _MAX_BYTES)
        return _adapter().validate_json(text)
    except (zlib.error, ValidationError):  # of another version; it is made anew
        return {}
