"""Text as header lines can hold it: one line each whatever the text, ASCII, and read back the same."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from newsletter.address import Address
from newsletter.delivery.content import MAX_LINE_OCTETS
from newsletter.errors import RenderError
from newsletter.render.merge import one_line

#: Words that need no quoting, single spaces between them (RFC 5322 §3.2.3).
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(rf"{_ATOM}(?: {_ATOM})*")
#: The longest text written as it is; longer text is encoded, which folds anywhere.
_PLAIN_LENGTH = 64
#: Bytes in one encoded word: with `Subject: ` before it, it stays within 76 columns (RFC 2047 §2).
_WORD_BYTES = 39
_FOLD_AT = 78
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))

#: The header lines that differ between members, in their order.
MEMBER_HEADERS = ("To", "Date", "Message-ID", "List-Unsubscribe")
#: Names as most members have them; no `=?` of an encoded word can stand in one.
_USUAL_NAME = re.compile(r"[A-Za-z0-9'-]+(?: [A-Za-z0-9'-]+)*")
#: The length of such a name and an address together up to which `To: NAME <ADDRESS>` is not folded.
_USUAL_LENGTH = _FOLD_AT - len("To:  <>")


def member_lines(to_name: str, to: Address, message_id: str, second: int, list_unsubscribe: str) -> bytes:
    """Return the header lines that differ between members, each with its CRLF.

    message_id: with its angle brackets. second: of the message's date, since 1970. list_unsubscribe:
    addresses in angle brackets. Only an address that needs SMTPUTF8 puts anything but ASCII into them.
    Raises RenderError for a line break in any of them, and for what no line has room for.
    """
    address = to.text
    if not f"{to_name}{address}{message_id}{list_unsubscribe}".isprintable():
        _refuse_line_breaks(
            {
                "first_name or last_name": to_name + address,
                "Message-ID": message_id,
                "List-Unsubscribe": list_unsubscribe,
            }
        )
    if len(to_name) + len(address) <= _USUAL_LENGTH and _USUAL_NAME.fullmatch(to_name):
        mailbox = f"{to_name} <{address}>"
    else:
        mailbox = encode_mailbox(to_name, address, header="To")
    lines = (
        f"To: {mailbox}\r\nDate: {_date(second)}\r\nMessage-ID: {_ascii(message_id)}\r\n"
        f"List-Unsubscribe: {encode_urls(list_unsubscribe)}\r\n"
    ).encode()
    if len(lines) > MAX_LINE_OCTETS and any(len(line) > MAX_LINE_OCTETS for line in lines.split(b"\r\n")):
        raise RenderError("a member's Message-ID or address to leave is longer than a line of a mail can be")
    return lines


def _refuse_line_breaks(values: Mapping[str, str]) -> None:
    for what, value in values.items():
        if "\r" in value or "\n" in value:
            raise RenderError(
                f"{what} holds a line break", hint="mend it in the member file and import that again"
            )


@lru_cache(16)  # thousands of messages leave in one second
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def encode_text(text: str) -> str:
    """Return free text, of a subject say, as the value of a header."""
    text = one_line(text).strip()
    return text if _is_plain(text) else encoded_words(text)


def encode_mailbox(name: str, address: Address | str, *, header: str) -> str:
    """Return a display name and one address; the name can never add another.

    header: the name of the header line, which counts when it is folded.
    """
    name = one_line(name).strip()
    if not name:
        return str(address)
    if not _is_plain(name):
        return f"{encoded_words(name)}\r\n <{address}>"
    phrase = name if _PLAIN.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    fold = "\r\n" if len(f"{header}: {phrase} <{address}>") > _FOLD_AT else ""
    return f"{phrase}{fold} <{address}>"


def encode_urls(value: str) -> str:
    """Return the value of a header of addresses in angle brackets, folded between them."""
    return _ascii(value).strip().replace(">, <", ">,\r\n <")


def _ascii(value: str) -> str:
    """Return an address or id on one line; what is not ASCII is percent-encoded."""
    return value if value.isascii() and value.isprintable() else quote(one_line(value), safe=_PRINTABLE)


def encoded_words(text: str) -> str:
    """Return text as RFC 2047 encoded words, one to a line, none of which splits a character."""
    raw = text.encode()
    words, start = [], 0
    while start < len(raw):
        end = min(start + _WORD_BYTES, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # inside a character  # noqa: PLR2004 - UTF-8
            end -= 1
        words.append(f"=?utf-8?b?{b64encode(raw[start:end]).decode()}?=")
        start = end
    return "\r\n ".join(words)


def _is_plain(text: str) -> bool:
    # Text that looks like an encoded word would be decoded by its reader.
    return len(text) <= _PLAIN_LENGTH and text.isascii() and "=?" not in text
