"""A variant as bytes: encoded once, and cut at its merge fields, so that a member costs a join of bytes.

Lines end in CRLF and have at most 76 octets in the body; header lines fold at 78 where they can.
"""

from __future__ import annotations

import hashlib
import html
from binascii import b2a_qp
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import format_datetime

from newsletter.address import Address
from newsletter.render.headers import encode_mailbox, encode_text, encode_urls
from newsletter.render.merge import field_value, one_line
from newsletter.render.types import (
    MergeField,
    MergeValues,
    MessageHeaders,
    RenderedVariant,
    Segments,
    dump_segments,
)

_Escape = Callable[[str], str]
#: A merge field and how a value is escaped for its part.
_Slot = tuple[MergeField, _Escape]

#: A line break that is no part of the text (RFC 2045 §6.7 rule 5).
_SOFT_BREAK = b"=\r\n"
_LINE_LENGTH = 76


class CompiledMessage:
    """A variant's message but for what differs between members."""

    __slots__ = ("_pieces", "_slots")

    def __init__(self, head: bytes, body: tuple[bytes | _Slot, ...]) -> None:
        # Place 1 is for the header lines of the member.
        self._pieces = [head, b"", *(piece if isinstance(piece, bytes) else b"" for piece in body)]
        self._slots: dict[_Slot, list[int]] = {}
        for place, piece in enumerate(body, 2):
            if not isinstance(piece, bytes):
                self._slots.setdefault(piece, []).append(place)

    def for_member(
        self,
        *,
        to_name: str,
        to: Address,
        message_id: str,
        date: datetime,
        list_unsubscribe: str,
        values: MergeValues,
    ) -> bytes:
        """Return one member's message, headers and body, ready for the wire but for dot-stuffing.

        message_id: with its angle brackets. date: aware. list_unsubscribe: addresses in angle brackets.
        Only an address that needs SMTPUTF8 puts anything but ASCII into it.
        """
        pieces = self._pieces.copy()
        lines = (
            f"To: {encode_mailbox(to_name, to, header='To')}",
            f"Date: {format_datetime(date)}",
            f"Message-ID: {one_line(message_id)}",
            f"List-Unsubscribe: {encode_urls(list_unsubscribe)}",
        )
        pieces[1] = "\r\n".join(lines).encode() + b"\r\n"
        for (field, escape), places in self._slots.items():
            value = _encode(escape(field_value(field, values)))
            for place in places:
                pieces[place] = value
        return b"".join(pieces)


def compile_message(rendered: RenderedVariant, headers: MessageHeaders) -> CompiledMessage:
    """Encode a variant once for all of its members; the same variant always gives the same bytes."""
    content = dump_segments(rendered.text) + dump_segments(rendered.html)
    # "=_" never occurs in quoted-printable, so no content can hold the boundary.
    boundary = f"=_{hashlib.sha256(content.encode()).hexdigest()[:32]}"
    body = (
        _head_end(boundary),
        *_part("plain", boundary, rendered.text, str),
        *_part("html", boundary, rendered.html, html.escape),
        f"\r\n--{boundary}--\r\n".encode(),
    )
    return CompiledMessage(_head(rendered.subject, headers), body)


def _head(subject: str, headers: MessageHeaders) -> bytes:
    """Return the header lines that all members share."""
    sender = headers.sender
    list_title = encode_mailbox(headers.list_title, one_line(headers.list_id), header="List-Id")
    lines = (
        f"From: {encode_mailbox(sender.from_name, one_line(sender.from_address), header='From')}",
        f"Reply-To: {one_line(sender.reply_to)}",
        f"Subject: {encode_text(subject)}",
        f"List-Id: {list_title if headers.list_title.strip() else f'<{list_title}>'}",
        # RFC 3834 §5: nobody wants an out-of-office reply for each member.
        "Auto-Submitted: auto-generated",
        f"Content-Language: {encode_text(headers.language)}",
        "MIME-Version: 1.0",
    )
    return "\r\n".join(lines).encode() + b"\r\n"


def _head_end(boundary: str) -> bytes:
    return f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode()


def _part(subtype: str, boundary: str, segments: Segments, escape: _Escape) -> Iterator[bytes | _Slot]:
    lines = (
        f"\r\n--{boundary}",
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    )
    yield "\r\n".join(lines).encode() + b"\r\n\r\n"
    for place, segment in enumerate(segments):
        if place:
            # Each segment has lines of its own, so that whatever a value's length, no line grows.
            yield _SOFT_BREAK
        yield _encode(segment) if isinstance(segment, str) else (segment, escape)


def _encode(text: str) -> bytes:
    """Return text quoted-printable, in lines of at most 76 octets, the last of at most 75."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
    if len(encoded) - encoded.rfind(b"\n") <= _LINE_LENGTH:
        return encoded
    # No room for the `=` of a soft break: give the last character a line of its own.
    last = 3 if encoded[-3:-2] == b"=" else 1
    return encoded[:-last] + _SOFT_BREAK + encoded[-last:]
