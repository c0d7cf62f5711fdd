"""Bytes of a document as text, whatever they claim to be."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: XML and HTML declarations alike, in the first bytes of a document.
_DECLARATION = re.compile(rb"(?:encoding|charset)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_HEAD_BYTES = 1024
#: Python also knows codecs that are no character sets ("unicode_escape"), and UTF-7, which hides markup.
_CHARACTER_SET = re.compile(r"(iso8859|cp|koi8|mac|gb|big5|euc|shift_jis|utf-16|utf-32|tis)")
#: What these names mean on the web (WHATWG Encoding Standard §4.2).
_WEB_NAMES = {"iso8859-1": "cp1252", "ascii": "cp1252"}


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str | None]:
    """Return a document as text, and what was wrong with its encoding (a clause, or None).

    A byte order mark decides; bytes that are valid UTF-8 are UTF-8, whatever they are labelled (other
    texts hardly ever are by chance); then the header's and the document's own word; then UTF-8 with a few
    broken places, or else Windows-1252. Control characters are left in.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), None
    if b"\0" in body[:4]:
        name = "utf-16-be" if body[:1] == b"\0" else "utf-16-le"
        return body.decode(name, "replace"), None
    try:
        return body.decode("utf-8"), None
    except UnicodeDecodeError:
        return _decode_other(body, content_type)


def _decode_other(body: bytes, content_type: str | None) -> tuple[str, str | None]:
    for name in _declared(body, content_type):
        try:
            return body.decode(name), None
        except UnicodeDecodeError:
            continue
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = sum(not char.isascii() for char in text) - broken
    if beyond_ascii > broken:
        return text, f"{broken} characters are not valid UTF-8"
    return body.decode("cp1252", "replace"), "it is not valid UTF-8 and was read as Windows-1252"


def _declared(body: bytes, content_type: str | None) -> Iterator[str]:
    header = _HEADER_CHARSET.search(content_type or "")
    own = _DECLARATION.search(body[:_HEAD_BYTES])
    for name in (header and header[1], own and own[1].decode("ascii")):
        try:
            codec = codecs.lookup(name or "").name
        except LookupError:
            continue
        codec = _WEB_NAMES.get(codec, codec)
        if _CHARACTER_SET.match(codec):
            yield codec
