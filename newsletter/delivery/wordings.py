"""Reading a reply by its code, its status and its words; and which replies ask for a slower pace."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.delivery.replies import (
    C421_CLOSING,
    C432_TRANSITION_NEEDED,
    C450_MAILBOX_BUSY,
    C451_LOCAL_ERROR,
    C454_NOT_NOW,
)
from newsletter.delivery.types import Reply, Stage

# An address in brackets or without, and a link: the words of a name are not the relay's.
_ADDRESS = re.compile(r"<[^<>\s]*>|\bhttps?://\S+|[^\s<>()\[\]:;,]+@[^\s<>()\[\]:;,]+")


def without_addresses(text: str) -> str:
    """Return a relay's words with an ellipsis for each address and link."""
    return _ADDRESS.sub("…", text)


@dataclass(frozen=True, slots=True)
class When:
    """What a row asks of a reply; None fits everything.

    codes: whole codes, or the first digit of a class. status: of all of it, "" where the relay gave none.
    words and but_not: somewhere in the text, addresses taken out.
    """

    stages: frozenset[Stage] | None = None
    codes: frozenset[int] | None = None
    status: re.Pattern[str] | None = None
    words: re.Pattern[str] | None = None
    but_not: re.Pattern[str] | None = None

    def fits(self, reply: Reply, stage: Stage | None) -> bool:
        """Tell whether a reply, at this stage, is one of those that the row means."""
        if self.stages is not None and stage not in self.stages:
            return False
        if self.codes is not None and self.codes.isdisjoint((reply.code, reply.code // 100)):
            return False
        if self.status is not None and not self.status.fullmatch(reply.status or ""):
            return False
        if self.words is None and self.but_not is None:
            return True
        text = without_addresses(reply.text)
        wanted = self.words is None or self.words.search(text) is not None
        return wanted and (self.but_not is None or self.but_not.search(text) is None)


def codes(*wanted: int) -> frozenset[int]:
    """Return codes for `When`."""
    return frozenset(wanted)


def words(pattern: str) -> re.Pattern[str]:
    """Return a pattern for `When.words`: letter case does not matter."""
    return re.compile(pattern, re.IGNORECASE)


GREYLISTED = words(r"\bgr[ea]y[- ]?list")

_TIMED_OUT = words(r"\btime[d ]?[- ]?out\b")
# "450 4.2.1 The user you are trying to contact is receiving mail too quickly": theirs, not ours.
_THEIR_RATE = words(r"\b(?:user|recipient|mailbox|account)\b.*\breceiv")
_TOO_FAST = words(
    r"\b(?:rate[- ]?limit\w*|throttl\w+|too (?:many|much|fast|quickly|rapidly)|slow(?:er| down)"
    r"|(?:rate|limit|quota) (?:exceeded|reached)|concurrent|server (?:is )?(?:too )?busy"
    r"|un(?:usual|expected) (?:rate|volume))\b"
)
_MAILBOX_FULL = re.compile(r"4\.2\.2")
_SECURITY = re.compile(r"4\.7\.\d+")

#: Which of the 4xx ask for a slower pace, at whatever step; read from the top.
_PACE = (
    # A greylist wants us later, not slower.
    (False, When(codes=codes(4), words=GREYLISTED)),
    # An idle connection that the relay closes was too slow already.
    (False, When(codes=codes(C421_CLOSING), status=re.compile(r"4\.4\.2"))),
    (False, When(codes=codes(C421_CLOSING), words=_TIMED_OUT)),
    (True, When(codes=codes(C421_CLOSING, C454_NOT_NOW))),
    (True, When(codes=codes(C450_MAILBOX_BUSY, C451_LOCAL_ERROR), status=_SECURITY)),
    # "432 4.3.2 … concurrent connections limit exceeded" (Exchange Online); RFC 4954 §6: a password is old.
    (True, When(codes=codes(C432_TRANSITION_NEEDED), status=re.compile(r"4\.3\.2"))),
    (False, When(codes=codes(4), status=_MAILBOX_FULL)),
    (True, When(codes=codes(4), words=_TOO_FAST, but_not=_THEIR_RATE)),
)


def asks_slower(reply: Reply) -> bool:
    """Tell whether a relay asks for a slower pace: in answer to anything, its greeting included."""
    return next((slower for slower, when in _PACE if when.fits(reply, None)), False)
