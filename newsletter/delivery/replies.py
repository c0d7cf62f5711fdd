"""What a relay writes, cut into replies (RFC 5321 §4.2, RFC 2034)."""

from __future__ import annotations

import re
from collections.abc import MutableSequence
from functools import lru_cache

from newsletter.delivery.types import Reply

# The codes that we read or say ourselves; RFC 5321 §4.2.3, RFC 4954 §6 for those of AUTH.
C235_LOGGED_IN = 235
C250_OK = 250
C334_CHALLENGE = 334
C354_START_CONTENT = 354
C421_CLOSING = 421
C432_TRANSITION_NEEDED = 432
C450_MAILBOX_BUSY = 450
C451_LOCAL_ERROR = 451
C454_NOT_NOW = 454
C503_BAD_SEQUENCE = 503
C504_PARAMETER_NOT_IMPLEMENTED = 504
C530_AUTHENTICATION_REQUIRED = 530
C534_MECHANISM_TOO_WEAK = 534
C535_LOGIN_INVALID = 535
C538_ENCRYPTION_REQUIRED = 538
C550_MAILBOX_UNAVAILABLE = 550
C552_SIZE_EXCEEDED = 552
C553_MAILBOX_NAME_NOT_ALLOWED = 553

#: RFC 5321 §4.5.3.1.5 allows 512 octets; some servers add a URL and a ticket number.
MAX_LINE_BYTES = 2_000
MAX_REPLY_BYTES = 64 * 1024
#: More is no explanation; it is kept once for each attempt.
MAX_TEXT_CHARS = 1_000

#: Replies of one line, this long at most, are kept: most of what a relay says it says for every message.
_KEPT_LINE_BYTES = 200
_KEPT_REPLIES = 256

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
# RFC 3463 §2.
_STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?= |$)")


class MalformedReply(ValueError):
    """What the relay wrote is no SMTP reply, or longer than any may be; what follows cannot be trusted."""


class ReplyReader:
    """Takes bytes as they come and gives whole replies. After MalformedReply it is of no more use."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = b""
        self._size_bytes = 0

    @property
    def partial(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes, replies: MutableSequence[Reply]) -> None:
        """Append the replies that these bytes complete, in order.

        Lines end in CRLF; a bare LF is taken too. Raises MalformedReply, after the replies that stand before.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply = None if self._lines or len(line) > _KEPT_LINE_BYTES else _whole_reply(line)
            if reply is None:
                reply = self._take_line(line.removesuffix(b"\r"))
            if reply is not None:
                replies.append(reply)
        if len(self._rest) > MAX_LINE_BYTES:
            raise MalformedReply(f"a reply line of more than {MAX_LINE_BYTES} octets")

    def _take_line(self, line: bytes) -> Reply | None:
        if len(line) > MAX_LINE_BYTES:
            raise MalformedReply(f"a reply line of more than {MAX_LINE_BYTES} octets")
        found = _LINE.fullmatch(line)
        # RFC 5321 §4.2.1: every line of a reply has the same code.
        if not found or (self._lines and found[1] != self._code):
            raise MalformedReply(f"{line[:80]!r} is not an SMTP reply")
        self._code = found[1]
        self._lines.append(found[3] or b"")
        self._size_bytes += len(line)
        if self._size_bytes > MAX_REPLY_BYTES:
            raise MalformedReply(f"a reply of more than {MAX_REPLY_BYTES} octets")
        return None if found[2] == b"-" else self._finish()

    def _finish(self) -> Reply:
        lines, self._lines, self._size_bytes = self._lines, [], 0
        return make_reply(int(self._code), [line.decode("utf-8", "replace") for line in lines])


@lru_cache(_KEPT_REPLIES)
def _whole_reply(line: bytes) -> Reply | None:
    """Return the reply that a line is all of; None where it goes on, or is none."""
    found = _LINE.fullmatch(line.removesuffix(b"\r"))
    if not found or found[2] == b"-":
        return None
    return make_reply(int(found[1]), [(found[3] or b"").decode("utf-8", "replace")])


def make_reply(code: int, lines: list[str]) -> Reply:
    """Return the reply that these lines, without their codes, make.

    The enhanced status is taken off each line that repeats it, and believed only where its class is that of
    the code (RFC 2034 §4). Text that a terminal might act upon becomes spaces.
    """
    status = None
    texts = []
    for line in lines:
        found = _STATUS.match(line)
        if found and int(found[1]) == code // 100 and (status is None or status == found[0]):
            status = found[0]
            line = line[found.end() :]  # noqa: PLW2901 - the line without it is all that is left to say
        texts.append(line)
    shown = " ".join(texts)
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else " " for char in shown)
    text = " ".join(shown.split())
    return Reply(code, text if len(text) <= MAX_TEXT_CHARS else text[: MAX_TEXT_CHARS - 1] + "…", status)
