"""What we write to a relay: commands, and content made ready for the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.address import Address
from newsletter.delivery.types import Envelope
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


def read_extensions(offered: Mapping[str, str]) -> Extensions:
    """Read EHLO keywords, in lower case, with their parameters; what cannot be read was not offered."""
    limit = offered.get("size", "").strip()
    known = limit.isascii() and limit.isdigit() and len(limit) <= 20  # noqa: PLR2004 - digits, RFC 1870 §4
    return Extensions("size" in offered, (int(limit) or None) if known else None, "smtputf8" in offered)


def mail_command(envelope: Envelope, extensions: Extensions) -> bytes:
    """Return the MAIL command with the parameters that the relay knows; raises AddressError."""
    command = b"MAIL FROM:" + _path(envelope.sender)
    if extensions.size:
        command += b" SIZE=%d" % envelope.size_bytes
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


def content_blocks(content: bytes) -> Iterator[bytes]:
    """Yield the content as it goes on the wire: dots stuffed (RFC 5321 §4.5.2), its end in the last block.

    Raises ValueError for content that holds a bare CR or LF or does not end in CRLF, before the first block:
    servers that disagree about what ends a line can be made to see a second message in it.
    """
    # For every message of a run, and a third faster than counting line ends.
    if not content or b"\r\n".join([*content.splitlines(), b""]) != content:
        raise ValueError("content must consist of lines that end in CRLF, without a bare CR or LF")
    stuffed = content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    if content.startswith(b"."):
        stuffed = b"." + stuffed
    return (stuffed[start : start + BLOCK_BYTES] for start in range(0, len(stuffed), BLOCK_BYTES))
