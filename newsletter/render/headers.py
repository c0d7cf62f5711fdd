"""Text as header lines can hold it: one line each whatever the text, ASCII, and read back the same."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote

from newsletter.address import Address
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
    value = one_line(value).strip()
    if not value.isascii():
        value = quote(value, safe=_PRINTABLE)
    return value.replace(">, <", ">,\r\n <")


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
