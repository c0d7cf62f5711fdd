"""Lines of HTML, short enough for any relay (998 octets, RFC 5322 §2.1.1) without being encoded."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

#: Octets after which a line is broken between attributes. Values of members come on top.
_LONG = 200
#: Octets after which it is broken between words too: rarely, for whoever searches the source for a phrase.
_TOO_LONG = 600

#: What holds spaces that a browser shows, or that stand between no words; and tags.
_MARKUP = re.compile(
    rb"<!--.*?-->|<(pre|textarea|script|style|listing|xmp)\b.*?</\1\s*>"
    rb"""|(?P<tag><[a-z/!](?:[^<>"']|"[^"]*"|'[^']*')*>)""",
    re.DOTALL | re.IGNORECASE,
)
_SPACE = re.compile(b" ")
_SPACE_OUTSIDE_QUOTES = re.compile(rb""""[^"]*"|'[^']*'|( )""")
#: CSS under which a line break is not the same as a space.
_SPACES_MATTER = re.compile(rb"white-space\s*:\s*(?!normal|nowrap)", re.IGNORECASE)


def break_lines(html: str) -> str:
    """Return HTML with its long lines broken where a space stands between attributes or words.

    It looks the same, and is of the same size. A line without such a space stays as long as it is.
    """
    raw = bytearray(html.encode())
    in_tags: list[int] = []
    in_text: list[int] = []
    for place, in_tag in _spaces(bytes(raw)):
        (in_tags if in_tag else in_text).append(place)
    _break(raw, in_tags, _LONG)
    if not _SPACES_MATTER.search(raw):
        _break(raw, in_text, _TOO_LONG)
    return raw.decode()


def _break(raw: bytearray, spaces: Sequence[int], longest: int) -> None:
    """Put a line break in the place of the last of the spaces that a line has room for, or of the next."""
    start = 0
    for line in bytes(raw).split(b"\n"):
        end = start + len(line)
        while end - start > longest:
            at = bisect_right(spaces, start + longest) - 1
            if at < 0 or spaces[at] < start:
                at += 1
            if at == len(spaces) or spaces[at] >= end:
                break
            raw[spaces[at]] = ord("\n")
            start = spaces[at] + 1
        start = end + 1


def _spaces(html: bytes) -> Iterator[tuple[int, bool]]:
    """Yield the places of spaces that may as well be line breaks, and whether each is inside a tag."""
    text = 0
    for markup in _MARKUP.finditer(html):
        yield from ((found.start(), False) for found in _SPACE.finditer(html, text, markup.start()))
        if tag := markup["tag"]:
            spaces = _SPACE_OUTSIDE_QUOTES.finditer(tag)
            yield from ((markup.start() + space.start(), True) for space in spaces if space[1])
        text = markup.end()
    yield from ((found.start(), False) for found in _SPACE.finditer(html, text))
