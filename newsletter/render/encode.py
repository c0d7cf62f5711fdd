"""Text as a message's body can hold it: quoted-printable, or as UTF-8 for relays that offer 8BITMIME.

What members have is encoded by functions that remember the last few hundred values: first names repeat, and
an address may be the same for everybody.
"""

from __future__ import annotations

import html
import re
from binascii import b2a_qp
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from newsletter.delivery.content import MAX_LINE_OCTETS
from newsletter.render.merge import one_line
from newsletter.render.types import MergeField, Segments

#: How the delimiters of our parts begin; in quoted-printable no content can hold it.
BOUNDARY_MARK = "=_"

#: A line break that is no part of the text (RFC 2045 §6.7 rule 5).
_SOFT_BREAK = b"=\r\n"
_LINE_LENGTH = 76
_COLUMNS = re.compile(rb".{1,75}")
#: Text in which nothing is to be escaped or encoded, whatever the part: most names and addresses.
_PLAIN = re.compile(r"(?! )[ !#-%(-;?-~]+(?<! )")
_REMEMBERED = 512


class LineBreakInValue(ValueError):
    """A member's value holds CR or LF."""


class Part(IntEnum):
    """The two parts of a message, in their order."""

    TEXT = 0
    HTML = 1

    def escape(self, text: str) -> str:
        """Return plain text as this part writes it."""
        return text if self is Part.TEXT else html.escape(text)


class Slot(NamedTuple):
    """A place for a member's value. fallback: what stands there, encoded, where the member has none."""

    name: str
    part: Part
    fallback: bytes


#: A part's content in order of reading, each value in a place of its own.
Pieces = Iterable[bytes | Slot]


def quoted_pieces(segments: Segments, part: Part) -> Iterator[bytes | Slot]:
    """Yield a part in quoted-printable; every slot has lines of its own."""
    for place, segment in enumerate(segments):
        if place:  # so that whatever a value's length, no line grows
            yield _SOFT_BREAK
        if isinstance(segment, MergeField):
            yield Slot(segment.name, part, _quote(_fallback(segment, part)))
        else:
            yield _quote(segment)


def utf8_pieces(segments: Segments, part: Part) -> Iterator[bytes | Slot]:
    """Yield a part as it is."""
    for segment in segments:
        if isinstance(segment, MergeField):
            yield Slot(segment.name, part, _fallback(segment, part).encode())
        else:
            yield _unix_lines(segment).replace("\n", "\r\n").encode()


def room_for_values(pieces: Pieces) -> int:
    """Return how many octets each value may have before a line grows too long to be sent as it is.

    Below 0 for what cannot be sent as it is whatever the values.
    """
    pieces = list(pieces)
    if any(b"\0" in piece for piece in pieces if isinstance(piece, bytes)):  # RFC 2045 §2.8: no NUL in 8bit
        return -1
    marked = b"".join(piece if isinstance(piece, bytes) else b"\0" for piece in pieces)
    lines = [(len(line), line.count(b"\0")) for line in marked.split(b"\r\n")]
    room = min((MAX_LINE_OCTETS - octets + slots) // max(1, slots) for octets, slots in lines)
    longest = max((len(piece.fallback) for piece in pieces if isinstance(piece, Slot)), default=0)
    return room if longest <= room else -1


@lru_cache(_REMEMBERED)
def quoted_values(value: str) -> tuple[bytes, bytes]:
    """Return a member's value for either part, in quoted-printable; raises LineBreakInValue."""
    if _PLAIN.fullmatch(value):
        both = _SOFT_BREAK.join(_COLUMNS.findall(value.encode()))  # as `_quote`, in a fifth of the time
        return both, both
    line = _line(value)
    return _quote(line), _quote(html.escape(line))


@lru_cache(_REMEMBERED)
def utf8_values(value: str) -> tuple[bytes, bytes]:
    """Return a member's value for either part, as it is; raises LineBreakInValue."""
    if _PLAIN.fullmatch(value):
        both = value.encode()
        return both, both
    line = _line(value)
    return line.encode(), html.escape(line).encode()


def _line(value: str) -> str:
    """Return a value on one line, without the white space around it."""
    if "\r" in value or "\n" in value:
        raise LineBreakInValue
    return one_line(value).strip()


def _fallback(field: MergeField, part: Part) -> str:
    return part.escape(one_line(field.fallback or ""))


def _quote(text: str) -> bytes:
    """Return text quoted-printable, in lines of at most 76 octets, the last of at most 75."""
    encoded = b2a_qp(_unix_lines(text).encode(), istext=True).replace(b"\n", b"\r\n")
    if len(encoded) - encoded.rfind(b"\n") <= _LINE_LENGTH:
        return encoded
    # No room for the `=` of a soft break: give the last character a line of its own.
    last = 3 if encoded[-3:-2] == b"=" else 1
    return encoded[:-last] + _SOFT_BREAK + encoded[-last:]


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
