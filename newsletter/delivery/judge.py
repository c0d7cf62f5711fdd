"""What a reply means for a delivery: one table, read from the top, the first row that fits decides.

Codes are those of RFC 5321 §4.2, enhanced ones of RFC 3463. A wrong "refused" loses one mail of one member,
a wrong suppression all of theirs, and a wrong "link" tries again for nothing: so suppression is the
narrowest row, and what speaks of us rather than of the recipient marks nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from newsletter.delivery.replies import (
    C421_CLOSING,
    C503_BAD_SEQUENCE,
    C530_AUTHENTICATION_REQUIRED,
    C534_MECHANISM_TOO_WEAK,
    C535_LOGIN_INVALID,
    C538_ENCRYPTION_REQUIRED,
    C550_MAILBOX_UNAVAILABLE,
)
from newsletter.delivery.types import DeliveryStatus, Reply, Scope, Stage, Verdict

#: What is still put off after so long is refused. It spans a weekend: greylists open, mailboxes are cleared.
#: A newsletter older than that is no news.
RETRY_AGE = timedelta(days=3)

_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))


class _Meaning(Enum):
    SENT = "accepted"
    LATER = "this recipient, later"
    REFUSED = "not this message to this recipient"
    NO_MAILBOX = "nobody is there"
    LINK = "this connection, or the relay just now"
    RUN = "all that we send"
    UNKNOWN = "perhaps taken, perhaps not"


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table; None fits everything. codes: as text, a prefix of the reply's is enough."""

    meaning: _Meaning
    stages: frozenset[Stage] | None = None
    codes: tuple[int, ...] | None = None
    statuses: frozenset[str | None] | None = None
    words: re.Pattern[str] | None = None

    def fits(self, reply: Reply, stage: Stage) -> bool:
        return (
            (self.stages is None or stage in self.stages)
            and (self.codes is None or str(reply.code).startswith(tuple(map(str, self.codes))))
            and (self.statuses is None or reply.status in self.statuses)
            and (self.words is None or self.words.search(reply.text) is not None)
        )


_AT_MAIL = frozenset({Stage.MAIL})
_AT_RCPT = frozenset({Stage.RCPT})
_AT_CONTENT = frozenset({Stage.CONTENT})

#: About our login or our dialogue, whatever the step; some servers say 503 for a missing login.
_OURS = (
    C503_BAD_SEQUENCE,
    C530_AUTHENTICATION_REQUIRED,
    C534_MECHANISM_TOO_WEAK,
    C535_LOGIN_INVALID,
    C538_ENCRYPTION_REQUIRED,
)

# RFC 3463 §3.2, §3.3 and RFC 7505 §4: no such mailbox, moved and left no address, the domain takes no mail,
# mailbox disabled. Not among them: 5.1.2, no such domain, which a relay with a broken resolver says of
# everybody; 5.1.3, a syntax that this relay does not know; 5.2.2, mailbox full.
_NOBODY_THERE = frozenset({"5.1.1", "5.1.6", "5.1.10", "5.2.1"})

#: Codes that say nothing beside the 550 itself (RFC 3463 §3.1, §3.2); then the text may.
_NO_STATUS = frozenset({None, "5.0.0", "5.1.0"})
# "Sender verify failed: user unknown" (Exim's callout) speaks of our address, not of the member's.
_NOBODY_WORDS = re.compile(
    r"^(?!.*\b(?:sender|from|verif\w+)\b).*"
    r"\b(?:(?:unknown|no such) (?:local )?(?:user|recipient|mailbox|account|address|person)"
    r"|(?:user|recipient|mailbox|account)(?: is)? (?:unknown|not found|does(?: not|n't) exist)"
    r"|no mailbox here by that name)\b",
    re.IGNORECASE,
)

_TABLE = (
    _Row(_Meaning.LINK, codes=(C421_CLOSING,)),
    _Row(_Meaning.RUN, codes=_OURS),
    _Row(_Meaning.LINK, stages=_AT_MAIL, codes=(4,)),
    _Row(_Meaning.RUN, stages=_AT_MAIL, codes=(5,)),
    _Row(_Meaning.SENT, stages=_AT_CONTENT, codes=(2,)),
    _Row(_Meaning.LATER, codes=(4,)),
    _Row(_Meaning.NO_MAILBOX, stages=_AT_RCPT, codes=(5,), statuses=_NOBODY_THERE),
    _Row(
        _Meaning.NO_MAILBOX,
        stages=_AT_RCPT,
        codes=(C550_MAILBOX_UNAVAILABLE,),
        statuses=_NO_STATUS,
        words=_NOBODY_WORDS,
    ),
    _Row(_Meaning.REFUSED, codes=(5,)),
    # What remains makes no sense where it stands. Only the content can have been taken.
    _Row(_Meaning.UNKNOWN, stages=_AT_CONTENT),
    _Row(_Meaning.LINK),
)


def judge(reply: Reply | None, stage: Stage, attempts: int, first_try: datetime, now: datetime) -> Verdict:
    """Say what becomes of a delivery.

    reply: None where the link was lost instead: after the content nobody knows, before it nothing happened.
    attempts: counted tries before this one. first_try: when the first of them, or this one, began.
    """
    meaning = _meaning(reply, stage)
    if meaning is _Meaning.LATER:
        if now - first_try < RETRY_AGE:
            return Verdict(Scope.RECIPIENT, DeliveryStatus.DEFERRED, retry_at=now + backoff(attempts))
        meaning = _Meaning.REFUSED
    return _VERDICTS[meaning]


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many tries before the last one: from 5 minutes up to 4 hours."""
    return _DELAYS[min(attempts, len(_DELAYS) - 1)]


def _meaning(reply: Reply | None, stage: Stage) -> _Meaning:
    if reply is None:
        return _Meaning.UNKNOWN if stage is Stage.CONTENT else _Meaning.LINK
    return next(row.meaning for row in _TABLE if row.fits(reply, stage))


_VERDICTS = {
    _Meaning.SENT: Verdict(Scope.RECIPIENT, DeliveryStatus.SENT),
    _Meaning.REFUSED: Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED),
    _Meaning.NO_MAILBOX: Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED, suppress=True),
    _Meaning.UNKNOWN: Verdict(Scope.RECIPIENT, DeliveryStatus.UNKNOWN),
    _Meaning.LINK: Verdict(Scope.LINK, DeliveryStatus.PENDING),
    _Meaning.RUN: Verdict(Scope.RUN, DeliveryStatus.PENDING),
}
