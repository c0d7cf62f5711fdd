"""What we write to a relay: commands, and content made ready for the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.address import Address
from newsletter.delivery.types import Content, Envelope
from newsletter.errors import AddressError

# Controls and spaces would end or extend a command, brackets a path; lone surrogates have no encoding.
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff<>]")

#: Blocks in which content is written; RFC 5321 §4.5.3.2.5 sets the time for each.
BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the relay offered in answer to EHLO, as far as we use it.

    size_limit_bytes: None where it names none (RFC 1870 §3).
    """

    size: bool = False
    size_limit_bytes: int | None = None
    smtputf8: bool = False
    eight_bit: bool = False
    pipelining: bool = False


def read_extensions(offered: Mapping[str, str]) -> Extensions:
    """Read EHLO keywords, in lower case, with their parameters; what cannot be read was not offered."""
    limit = offered.get("size", "").strip()
    known = limit.isascii() and limit.isdigit() and len(limit) <= 20  # noqa: PLR2004 - digits, RFC 1870 §4
    return Extensions(
        size="size" in offered,
        size_limit_bytes=(int(limit) or None) if known else None,
        smtputf8="smtputf8" in offered,
        eight_bit="8bitmime" in offered,
        pipelining="pipelining" in offered,
    )


def mail_command(envelope: Envelope, extensions: Extensions) -> bytes:
    """Return the MAIL command with the parameters that the relay knows; raises AddressError."""
    command = b"MAIL FROM:" + _path(envelope.sender)
    if extensions.size:
        command += b" SIZE=%d" % envelope.size_bytes
    if envelope.eight_bit:
        command += b" BODY=8BITMIME"  # RFC 6152 §3
    if extensions.smtputf8 and (envelope.sender.needs_smtputf8 or envelope.recipient.needs_smtputf8):
        command += b" SMTPUTF8"  # RFC 6531 §3.4
    return command + b"\r\n"


def rcpt_command(envelope: Envelope) -> bytes:
    """Return the RCPT command; raises AddressError."""
    return b"RCPT TO:" + _path(envelope.recipient) + b"\r\n"


def _path(address: Address) -> bytes:
    if unfit := _UNFIT.search(address.text):
        raise AddressError(f"{address.text[:80]!r} holds {unfit[0]!r} and cannot stand in an SMTP command")
    return b"<" + address.text.encode() + b">"


def content_blocks(content: Content, ahead: bytes = b"") -> list[bytes]:
    """Return the content in the blocks in which it is written, its end in the last one and whole.

    ahead: commands that follow it at once.
    """
    blocks = [content[start : start + BLOCK_BYTES] for start in range(0, len(content), BLOCK_BYTES)]
    blocks[-1] = b"".join((blocks[-1], b".\r\n", ahead))
    return blocks
