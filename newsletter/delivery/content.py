"""Content: a message as bytes, in the form in which it goes on the wire."""

from __future__ import annotations

from typing import NewType

#: RFC 5322 §2.1.1, without the CRLF.
MAX_LINE_OCTETS = 998
#: A message as it goes on the wire, but for the dot that ends it: lines that end in CRLF, none over 998
#: octets and none with a bare CR or LF in it, with dots stuffed (RFC 5321 §4.5.2). Made by a compiled
#: message, which knows all this of its pieces, or by `checked_content`, which looks.
Content = NewType("Content", bytes)


def checked_content(raw: bytes) -> Content:
    """Return a message as content.

    Raises ValueError where its lines do not allow that: servers that disagree about what ends a line can be
    made to see a second message in it.
    """
    lines = raw.split(b"\r\n")
    if (
        lines.pop()
        or not lines
        or any(len(line) > MAX_LINE_OCTETS or b"\r" in line or b"\n" in line for line in lines)
    ):
        raise ValueError("content must consist of lines that end in CRLF, without a bare CR or LF")
    return stuff_dots(raw)


def stuff_dots(raw: bytes) -> Content:
    """Return a message whose lines are in order as content."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    return Content(b"." + stuffed if raw.startswith(b".") else stuffed)


def plain(content: Content) -> bytes:
    """Return the message that a reader sees."""
    return content.replace(b"\r\n..", b"\r\n.").removeprefix(b".")
