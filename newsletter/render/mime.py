"""A variant as bytes: encoded once, and cut at its merge fields, so that a member costs a join of bytes.

Lines end in CRLF. Those of a quoted-printable body have at most 76 octets, header lines fold at 78 where they
can, and no line has more than 998.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.address import Address
from newsletter.delivery.content import Content, checked_content, stuff_dots
from newsletter.errors import RenderError
from newsletter.render.encode import (
    BOUNDARY_MARK,
    LineBreakInValue,
    Part,
    Pieces,
    Slot,
    quoted_pieces,
    quoted_values,
    room_for_values,
    utf8_pieces,
    utf8_values,
)
from newsletter.render.headers import encode_mailbox, encode_text, member_lines
from newsletter.render.merge import needed_fields, one_line
from newsletter.render.types import (
    MergeValues,
    MessageHeaders,
    RenderedVariant,
    dump_segments,
)

if TYPE_CHECKING:  # cryptography costs 40 ms of a start, and much mail is signed by its relay
    from newsletter.render.dkim import PendingSignature, Signer

_SUBTYPES = {Part.TEXT: "plain", Part.HTML: "html"}
_MARK = BOUNDARY_MARK.encode()
#: A variant with less room than this for values, in octets, is quoted-printable for everybody.
_LEAST_ROOM = 64
_MEND = "mend it in the member file and import that again"


class Draft:
    """One member's message, to be put together.

    signature: what is to be made before; None for unsigned mail.
    """

    __slots__ = ("_dotted", "_pieces", "signature")

    def __init__(self, pieces: Sequence[bytes], dotted: bool, signature: PendingSignature | None) -> None:
        self._pieces = pieces
        self._dotted = dotted
        self.signature = signature

    def signed(self, lines: bytes | None = None) -> Content:
        """Return the message. lines: the signature, made here where it is not given."""
        if lines is None:
            lines = self.signature.sign() if self.signature else b""
        whole = b"".join((lines, *self._pieces))
        return stuff_dots(whole) if self._dotted else Content(whole)


class CompiledMessage:
    """A variant's message but for what differs between members; threads may share it.

    head: header lines that all members share; the member's own follow. needed: fields for which each member
    must have a value. quoted, room: the same message in
    quoted-printable, for members one of whose values has more than so many octets; without it, this one is.
    """

    __slots__ = (
        "_dotted",
        "_encode",
        "_names",
        "_needed",
        "_order",
        "_pieces",
        "_quoted",
        "_room",
        "_signature",
        "_stuffed",
    )

    def __init__(
        self,
        head: bytes,
        body: Pieces,
        *,
        needed: frozenset[str] = frozenset(),
        signer: Signer | None = None,
        quoted: CompiledMessage | None = None,
        room: int = 0,
    ) -> None:
        statics, slots = _cut(body)
        # What differs between members goes to the odd places: their header lines, then their values.
        self._pieces = [head, b"", b"\r\n" + statics[0]]
        for static in statics[1:]:
            self._pieces += b"", static
        # Once here, so that nobody has to look through each message.
        self._stuffed: list[bytes] = [checked_content(piece + b"\r\n")[:-2] for piece in self._pieces]
        #: Whether a line may begin with a dot where a member has no value.
        beginnings = (*statics[1:], *(slot.fallback for slot in slots))
        self._dotted = any(piece.startswith(b".") for piece in beginnings)
        self._names = tuple(dict.fromkeys(slot.name for slot in slots))
        self._order = [(2 * self._names.index(slot.name) + slot.part, slot.fallback) for slot in slots]
        self._needed = [(2 * place, name) for place, name in enumerate(self._names) if name in needed]
        self._encode = utf8_values if quoted else quoted_values
        self._signature = signer.compile(head, statics) if signer else None
        self._quoted = quoted
        self._room = room

    @property
    def eight_bit(self) -> bool:
        """Whether it is for relays that offer 8BITMIME, and are told BODY=8BITMIME (RFC 6152)."""
        return self._quoted is not None

    def draft(
        self,
        *,
        to_name: str,
        to: Address,
        message_id: str,
        date: datetime,
        list_unsubscribe: str,
        values: MergeValues,
    ) -> Draft:
        """Return one member's message, headers and body, but for its signature.

        message_id: with its angle brackets. date: aware. list_unsubscribe: addresses in angle brackets.
        Only an address that needs SMTPUTF8 puts anything but ASCII into the headers.
        Raises RenderError, which names the field, for a value that holds CR or LF, or that is needed and
        not there.
        """
        second = int(date.timestamp())
        return self._draft(member_lines(to_name, to, message_id, second, list_unsubscribe), second, values)

    def _draft(self, lines: bytes, second: int, values: MergeValues) -> Draft:
        found: list[bytes] = []
        try:
            for name in self._names:
                found += self._encode(values.get(name, ""))
        except LineBreakInValue:
            raise RenderError(f"{name} holds a line break", hint=_MEND) from None
        for place, name in self._needed:
            if not found[place]:
                raise RenderError(f"{name} has no value, and the template gives no fallback", hint=_MEND)
        values_as_lines = b"\n".join(found)
        # What grows a line too long, or could end a part, is quoted for this member.
        if self._quoted is not None and (
            max(map(len, found), default=0) > self._room or _MARK in values_as_lines
        ):
            return self._quoted._draft(lines, second, values)  # noqa: SLF001 - of its own kind
        theirs = [found[place] or fallback for place, fallback in self._order]
        dotted = self._dotted or b"\n." in values_as_lines or values_as_lines.startswith(b".")
        pieces = self._pieces.copy() if dotted else self._stuffed.copy()
        pieces[1::2] = lines, *theirs
        signature = self._signature.of_member(lines, theirs, second) if self._signature else None
        return Draft(pieces, dotted, signature)


def compile_message(
    rendered: RenderedVariant,
    headers: MessageHeaders,
    *,
    eight_bit: bool = False,
    signer: Signer | None = None,
) -> CompiledMessage:
    """Encode a variant once for all of its members; the same variant always gives the same bytes.

    eight_bit: as UTF-8, for a relay that offers 8BITMIME; where the variant's lines are too long for that it
    is quoted-printable all the same. So is signed mail (RFC 6376 §5.3): a relay further on that takes no
    8bit would encode it anew, and break the signature.
    """
    content = dump_segments(rendered.text) + dump_segments(rendered.html)
    # No text holds its own hash.
    boundary = BOUNDARY_MARK + hashlib.sha256(content.encode()).hexdigest()[:32]
    head = _head(rendered.subject, headers, boundary)
    parts = {Part.TEXT: rendered.text, Part.HTML: rendered.html}
    quoted = {part: tuple(quoted_pieces(segments, part)) for part, segments in parts.items()}
    needed = needed_fields(rendered.text, rendered.html)
    body = _body(quoted, "quoted-printable", boundary)
    compiled = CompiledMessage(head, body, needed=needed, signer=signer)
    if signer or not eight_bit:
        return compiled
    utf8 = {part: tuple(utf8_pieces(segments, part)) for part, segments in parts.items()}
    room = min(map(room_for_values, utf8.values()))
    if room < _LEAST_ROOM:
        return compiled
    # RFC 2045 §6.4: what holds an 8bit part is 8bit itself.
    head += b"Content-Transfer-Encoding: 8bit\r\n"
    return CompiledMessage(head, _body(utf8, "8bit", boundary), needed=needed, quoted=compiled, room=room)


def _head(subject: str, headers: MessageHeaders, boundary: str) -> bytes:
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
        # RFC 8058 §3.1; the addresses themselves are each member's own.
        *(["List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if headers.one_click else []),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
    )
    return "\r\n".join(lines).encode() + b"\r\n"


def _body(parts: Mapping[Part, Pieces], encoding: str, boundary: str) -> Iterator[bytes | Slot]:
    for part, pieces in parts.items():
        lines = (
            f"--{boundary}",
            f"Content-Type: text/{_SUBTYPES[part]}; charset=utf-8",
            f"Content-Transfer-Encoding: {encoding}",
        )
        yield "\r\n".join(lines).encode() + b"\r\n\r\n"
        yield from pieces
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _cut(body: Pieces) -> tuple[list[bytes], list[Slot]]:
    """Return what stands before, between and after the slots, and the slots."""
    statics, slots = [b""], []
    for piece in body:
        if isinstance(piece, bytes):
            statics[-1] += piece
        else:
            statics.append(b"")
            slots.append(piece)
    return statics, slots
