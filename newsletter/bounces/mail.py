"""A mail taken apart: its own words, the reports in it, and the mail that it quotes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser

#: What is read of a mail; the recipient stands at its top, and the rest is our own mail come back.
MAX_BYTES = 1_000_000
_MAX_PARTS = 60
_TEXT_CHARS = 40_000

#: Where a mail system begins to quote what it returns.
_QUOTED = re.compile(
    r"""(?imx) ^[ \t>*\#-]{0,60}
    (?: -{2,80}[ \t]{0,9} (?:below|this\ is|the\ (?:body|header|original)|original|returned|unsent|start\ of|
          message\ header|enclosed|your\ (?:message|mail)|headers?\ of) [^\n]*
      | (?:-{3,80}[ \t]{0,9})? (?:below\ (?:this\ line|the\ next\ line|is)\ (?:is\ )?(?:a\ copy|the\ original)
          |original\ (?:message|mail)\ (?:follows|header|attached)|the\ original\ message\ (?:was|follows|headers)
          |(?:returned|unsent|undelivered)\ (?:message|mail)\ (?:follows|below|header)
          |message\ headers?\ follow|message\ contents\ follow|the\ (?:first\ \d+\ lines|header)\ of\ the\ (?:original|message)
          |your\ original\ (?:message|mail)|included\ is\ a\ copy|a\ copy\ of\ (?:the|your)\ (?:original|message)
          |headers?\ of\ the\ original|received:\ |return-path:\ <)[^\n]*
    ) $"""
)  # fmt: skip
_TAGS = re.compile(
    r"(?is)<(?:style|script|head)\b.{0,4000}?</(?:style|script|head)>|<(?:br|/p|/div|/tr|/li|/h\d)[^>]*>"
)
_TAG = re.compile(r"</?[a-zA-Z!][^<>@]*>")
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&*+/=?^_`{|}~'.-]{1,64}(?<![.])@(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
)


def parse_mail(raw: bytes) -> Message:
    """Take a mail apart, at most `MAX_BYTES` of it; never fails."""
    return BytesParser().parsebytes(raw.lstrip(b"\r\n")[:MAX_BYTES])


def parts_of(mail: Message, *, quoted: bool = False) -> Iterator[Message]:
    """Yield the parts of a mail, not those of a mail that it quotes unless asked."""
    stack, seen = [mail], 0
    while stack and seen < _MAX_PARTS:
        part, seen = stack.pop(0), seen + 1
        yield part
        inside = part.get_payload()
        holds_mail = part.get_content_type() in ("message/rfc822", "message/rfc822-headers", "message/global")
        if isinstance(inside, list) and (quoted or not holds_mail):
            stack[:0] = [it for it in inside if isinstance(it, Message)]


def text_of(part: Message) -> str:
    """Return the words of a part, HTML without its tags; at most some ten thousand characters."""
    inside = part.get_payload(decode=True)
    if not isinstance(inside, bytes):
        return ""
    words = decoded(inside, part.get_param("charset"))[:_TEXT_CHARS]
    if part.get_content_type() == "text/html":
        words = html.unescape(_TAG.sub("", _TAGS.sub("\n", words)))
    return words.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\xa0", " ")


def decoded(raw: bytes, charset: object) -> str:
    """Return text in the charset that it names, or in one that fits."""
    for name in (charset, "utf-8"):
        try:
            return raw.decode(str(name or "utf-8"))
        except (LookupError, UnicodeError, ValueError):
            continue
    return raw.decode("latin-1")


def own_words(mail: Message) -> str:
    """Return what the mail itself says, without what it quotes."""
    plain = [it for it in parts_of(mail) if it.get_content_type() in ("text/plain", "text/html", "text")]
    without_html = [it for it in plain if it.get_content_type() != "text/html"]
    return before_quote("\n".join(map(text_of, [it for it in without_html if text_of(it).strip()] or plain)))


def before_quote(words: str) -> str:
    """Return words up to where they begin to quote the mail that is returned."""
    for found in _QUOTED.finditer(words):
        if words[: found.start()].strip():
            return words[: found.start()]
    return words


def after_quote(words: str) -> str:
    """Return what `before_quote` leaves out."""
    return words[len(before_quote(words)) :]


def quoted_mails(mail: Message) -> Iterator[Message]:
    """Yield the mails, or the heads of mails, that a mail returns."""
    for part in parts_of(mail, quoted=True):
        if part is mail:
            continue
        kind, inside = part.get_content_type(), part.get_payload()
        if kind in ("message/rfc822", "message/global") and isinstance(inside, list):
            yield from (it for it in inside if isinstance(it, Message))
        elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            yield parse_mail(text_of(part).encode("utf-8", "replace") or str(part).encode("utf-8", "replace"))
    rest = after_quote(
        "\n".join(text_of(it) for it in parts_of(mail) if it.get_content_type() == "text/plain")
    )
    if found := re.search(r"(?im)^[ >]*(?:received|return-path|from|to|message-id|date|subject): ", rest):
        yield parse_mail(re.sub(r"(?m)^ {0,4}>? ?(?=[A-Za-z-]+: )", "", rest[found.start() :]).encode())


def header(mail: Message, name: str) -> str:
    """Return a header on one line, decoded (RFC 2047); "" where there is none."""
    for key, value in mail.raw_items():
        if key.lower() == name.lower():
            return " ".join(_unfolded(str(value)).split())
    return ""


def _unfolded(value: str) -> str:
    """Return a header's value decoded; bytes beyond ASCII that stand in it bare are read as UTF-8 first."""
    if not value.isascii():
        return decoded(value.encode("utf-8", "surrogateescape"), None)
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, UnicodeError, ValueError):
        return value


def addresses_in(text: str) -> list[str]:
    """Return the addresses in a text, in lower case and in its order."""
    return [*dict.fromkeys(map(bare, ADDRESS.findall(text)))]


def bare(found: str) -> str:
    """Return an address that was found in a text, in lower case, without what clings to it."""
    return re.sub(r"^(?:smtp|dda|rfc-?822|internet|to)=", "", found.lower().lstrip("'`=/"))
