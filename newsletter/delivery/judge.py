"""What a reply means for a delivery: one table, read from the top, the first row that fits decides.

Codes are those of RFC 5321 §4.2, enhanced ones of RFC 3463, wordings those of Postfix, Exim, Gmail, Exchange
Online and Amazon SES (2025). A wrong "refused" loses one mail of one member, a wrong suppression all of
theirs, and a wrong "link" tries again for nothing: so suppression is the narrowest row, and what speaks of us
rather than of the recipient marks nobody.
"""

from __future__ import annotations

import re
from dataclasses import replace
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
from newsletter.delivery.wordings import GREYLISTED, When, asks_slower, codes, words

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


_AT_MAIL = frozenset({Stage.MAIL})
_AT_RCPT = frozenset({Stage.RCPT})
_AT_CONTENT = frozenset({Stage.CONTENT})

#: About our login or our dialogue, whatever the step; some servers say 503 for a missing login.
_OUR_LOGIN = codes(
    C503_BAD_SEQUENCE,
    C530_AUTHENTICATION_REQUIRED,
    C534_MECHANISM_TOO_WEAK,
    C535_LOGIN_INVALID,
    C538_ENCRYPTION_REQUIRED,
)

# Postfix keeps what it has against client, HELO name and sender until RCPT (smtpd_delay_reject), Exim does
# as a rule: it says it for each recipient and means none of them.
_ABOUT_US = words(
    r"\b(?:sender address rejected|helo command rejected|client host rejected"
    r"|sender verif(?:y|ication) failed|not owned by user)\b"
)
#: What the relay was told elsewhere when it asked about this recipient (Postfix's address verification), and
#: what we say ourselves.
_HEARSAY = words(r"\b(?:said|unverified|undeliverable)\b|^not sent:")
#: The sender's address, RFC 3463 §3.2 (X.1.7, X.1.8).
_OUR_ADDRESS = re.compile(r"[45]\.1\.[78]")
# "550 5.4.5 Daily SMTP relay limit exceeded" (Gmail), "550 5.1.90 … reached your daily limit" and
# "SubmissionQuotaExceeded" (Exchange Online), "550 … has exceeded the max emails per hour" (cPanel).
_OUR_QUOTA = words(
    r"\b(?:daily|hourly|sending|submission|relay)\b[^.;]{0,40}\b(?:limit|quota)\b[^.;]{0,30}"
    r"\b(?:exceeded|reached)\b"
    r"|\b(?:exceeded|reached)\b[^.;]{0,30}\b(?:daily|hourly|sending|max)\b[^.;]{0,30}"
    r"\b(?:limit|quota|per (?:hour|day))\b"
    r"|SubmissionQuotaExceeded"
)
#: A quota of the recipient's: "550 5.2.121 … receive limit exceeded".
_RECEIVING = words(r"\b(?:receiv\w+|mailbox|inbox)\b")

# RFC 3463 §3.2, §3.3 and RFC 7505 §4: no such mailbox, moved and left no address, the domain takes no mail,
# mailbox disabled. Not among them: 5.1.2, no such domain, which a relay with a broken resolver says of
# everybody; 5.1.3, a syntax that this relay does not know; 5.2.2, mailbox full.
_NOBODY_THERE = re.compile(r"5\.1\.1|5\.1\.6|5\.1\.10|5\.2\.1")
# Those codes are also seen on policy and content: "550 5.2.1 … receiving mail at a rate that …" (Gmail).
_NOT_THE_MAILBOX = words(
    r"\b(?:sender|spam|virus|block\w*|black\w*|polic\w+|reputation|rate|quickly|quota|full|listed"
    r"|denied|authenti\w+|spf|dkim|dmarc)\b"
)

#: Codes that say nothing beside the 550 itself (RFC 3463 §3.1, §3.2); then the text may.
_NO_STATUS = re.compile(r"|5\.0\.0|5\.1\.0")
# "Sender verify failed: user unknown" (Exim's callout) speaks of our address, not of the member's.
_NOBODY_WORDS = words(
    r"\b(?:(?:unknown|no such) (?:local )?(?:user|recipient|mailbox|account|address|person)"
    r"|(?:user|recipient|mailbox|account)(?: is)? (?:unknown|not found|does(?: not|n't) exist)"
    r"|mailbox (?:is |has been )?(?:disabled|inactive)"
    r"|no mailbox here by that name)\b"
)
_BUT_OF_THE_SENDER = words(r"\b(?:from|verif\w+)\b|" + _NOT_THE_MAILBOX.pattern)

_TABLE = (
    (_Meaning.SENT, When(_AT_CONTENT, codes(2))),
    (_Meaning.LINK, When(codes=codes(C421_CLOSING))),
    (_Meaning.RUN, When(codes=_OUR_LOGIN)),
    # Said of the client's address too, at any step, and passes for those who come again (S9).
    (_Meaning.LATER, When(codes=codes(4), words=GREYLISTED)),
    (_Meaning.LINK, When(_AT_MAIL, codes(4))),
    (_Meaning.RUN, When(_AT_MAIL, codes(5))),
    (_Meaning.LINK, When(_AT_RCPT, codes(4), _OUR_ADDRESS)),
    (_Meaning.LINK, When(_AT_RCPT, codes(4), words=_ABOUT_US, but_not=_HEARSAY)),
    (_Meaning.RUN, When(_AT_RCPT, codes(5), _OUR_ADDRESS)),
    (_Meaning.RUN, When(_AT_RCPT, codes(5), words=_ABOUT_US, but_not=_HEARSAY)),
    (_Meaning.RUN, When(codes=codes(5), words=_OUR_QUOTA, but_not=_RECEIVING)),
    (_Meaning.LATER, When(codes=codes(4))),
    (_Meaning.NO_MAILBOX, When(_AT_RCPT, codes(5), _NOBODY_THERE, but_not=_NOT_THE_MAILBOX)),
    (
        _Meaning.NO_MAILBOX,
        When(
            _AT_RCPT, codes(C550_MAILBOX_UNAVAILABLE), _NO_STATUS, _NOBODY_WORDS, but_not=_BUT_OF_THE_SENDER
        ),
    ),
    (_Meaning.REFUSED, When(codes=codes(5))),
    # What remains makes no sense where it stands. Only the content can have been taken.
    (_Meaning.UNKNOWN, When(_AT_CONTENT)),
    (_Meaning.LINK, When()),
)


def judge(
    reply: Reply | None,
    stage: Stage,
    attempts: int,
    first_try: datetime,
    now: datetime,
    *,
    retry_age: timedelta = RETRY_AGE,
    jitter: float = 0.5,
) -> Verdict:
    """Say what becomes of a delivery.

    reply: None where the link was lost instead: after the content nobody knows, before it nothing happened.
    attempts: counted tries before this one. first_try: when the first of them, or this one, began.
    jitter: 0 to 1, see `backoff`. A deferral ends no later than retry_age after the first try, but for the
    five minutes that always lie between two tries.
    """
    if stage is Stage.CONTENT and reply and reply.code // 100 == 2:  # noqa: PLR2004 - accepted, RFC 5321 §4.2.1
        return _SENT  # as the table says too; it is what nearly all replies mean
    meaning = _meaning(reply, stage)
    if meaning is _Meaning.LATER:
        left = first_try + retry_age - now
        if left > timedelta(0):
            retry_at = now + min(backoff(attempts, jitter), max(left, _DELAYS[0]))
            verdict = Verdict(Scope.RECIPIENT, DeliveryStatus.DEFERRED, retry_at=retry_at)
        else:
            verdict = _VERDICTS[_Meaning.REFUSED]
    else:
        verdict = _VERDICTS[meaning]
    return replace(verdict, slow_down=True) if reply and asks_slower(reply) else verdict


def backoff(attempts: int, jitter: float = 0.5) -> timedelta:
    """Return how long to wait after so many tries before the last one: from 5 minutes up to 6 hours.

    jitter: a random number from 0 to 1. It adds up to half, so that those who were put off together do not
    come back together; the next step is always longer.
    """
    return _DELAYS[min(attempts, len(_DELAYS) - 1)] * (1 + jitter / 2)


def _meaning(reply: Reply | None, stage: Stage) -> _Meaning:
    if reply is None:
        return _Meaning.UNKNOWN if stage is Stage.CONTENT else _Meaning.LINK
    return next(meaning for meaning, when in _TABLE if when.fits(reply, stage))


_SENT = Verdict(Scope.RECIPIENT, DeliveryStatus.SENT)
_VERDICTS = {
    _Meaning.REFUSED: Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED),
    _Meaning.NO_MAILBOX: Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED, suppress=True),
    _Meaning.UNKNOWN: Verdict(Scope.RECIPIENT, DeliveryStatus.UNKNOWN),
    _Meaning.LINK: Verdict(Scope.LINK, DeliveryStatus.PENDING),
    _Meaning.RUN: Verdict(Scope.RUN, DeliveryStatus.PENDING),
}
