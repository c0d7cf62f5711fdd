"""What we write to a relay: commands, and content made ready for the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.delivery.content import Content
from newsletter.delivery.replies import C552_SIZE_EXCEEDED, C553_MAILBOX_NAME_NOT_ALLOWED
from newsletter.delivery.types import Envelope, Offer, Reply, Stage
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


def commands(envelope: Envelope, extensions: Extensions) -> tuple[bytes, bytes, bytes]:
    """Return MAIL, with the parameters that the relay knows, RCPT and DATA; raises AddressError."""
    sender, recipient = envelope.sender.text, envelope.recipient.text
    if unfit := _UNFIT.search(sender + recipient):
        address = recipient if _UNFIT.search(recipient) else sender
        raise AddressError(f"{address[:80]!r} holds {unfit[0]!r} and cannot stand in an SMTP command")
    size = f" SIZE={envelope.size_bytes}" if extensions.size else ""
    body = " BODY=8BITMIME" if envelope.eight_bit else ""  # RFC 6152 §3
    names = " SMTPUTF8" if extensions.smtputf8 and _needs_smtputf8(envelope) else ""  # RFC 6531 §3.4
    return (
        f"MAIL FROM:<{sender}>{size}{body}{names}\r\n".encode(),
        f"RCPT TO:<{recipient}>\r\n".encode(),
        b"DATA\r\n",
    )


def foreseen_refusal(envelope: Envelope, extensions: Extensions) -> Offer | None:
    """Return the refusal that is certain from what the relay did not offer; as a rule None."""
    limit = extensions.size_limit_bytes
    if limit is not None and envelope.size_bytes > limit:
        text = f"not sent: {envelope.size_bytes} octets, and the relay takes {limit}"
        return Offer(Reply(C552_SIZE_EXCEEDED, text, "5.3.4"), Stage.MAIL)
    if not extensions.smtputf8 and _needs_smtputf8(envelope):
        text = "not sent: the address needs SMTPUTF8, which the relay does not offer"
        stage = Stage.MAIL if envelope.sender.needs_smtputf8 else Stage.RCPT
        return Offer(Reply(C553_MAILBOX_NAME_NOT_ALLOWED, text, "5.6.7"), stage)
    return None


def _needs_smtputf8(envelope: Envelope) -> bool:
    return envelope.sender.needs_smtputf8 or envelope.recipient.needs_smtputf8


def content_blocks(content: Content, ahead: bytes = b"") -> list[bytes]:
    """Return the content in the blocks in which it is written, its end in the last one and whole.

    ahead: commands that follow it at once.
    """
    if len(content) <= BLOCK_BYTES:
        return [b"".join((content, b".\r\n", ahead))]
    blocks = [content[start : start + BLOCK_BYTES] for start in range(0, len(content), BLOCK_BYTES)]
    blocks[-1] = b"".join((blocks[-1], b".\r\n", ahead))
    return blocks
