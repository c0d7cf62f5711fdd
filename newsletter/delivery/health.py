"""When most of a batch is refused for one reason, the reason is ours: the edition pauses and keeps the rest.

Those who were refused for it are named, so that they wait again with the others: it was not about them.

Counted are ends: sent and refused. A deferral is none: nobody is lost by it, it passes by itself as a rule
(greylists, quotas), and the pace falls where the relay asks for that. One that was refused for its age counts
like any other refusal. What never left ("not sent: …") speaks of one address and does not count.

Dead addresses are a reason too, of a relay that knows nobody. But lists hold them in clusters, a closed
school's for instance, so it takes more of them to pause.

Keep one `Health` for each relay, for one may be on a blocklist while another is not.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from newsletter.delivery.types import DeliveryStatus, Reply, Stage, Verdict
from newsletter.delivery.wordings import without_addresses, words

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class _Rule:
    """Pause when, of the last `window` ends, at least `share`, and at least `least`, have one reason."""

    window: int
    share: float
    least: int


_THEIRS = _Rule(window=50, share=0.8, least=40)
_OURS = _Rule(window=20, share=0.6, least=10)

_ADDRESSES = "because of the members' addresses"
_CONTENT = "for their content"
_SAME_WORDS = "for the same reason"

#: Reasons that relays give in many words, in the order in which they are looked for. Status: RFC 3463 §3.7,
#: RFC 7372 §3, and what Gmail (5.7.25 to 5.7.32) and Outlook.com (5.7.509, 5.7.515) made of it.
_REASONS = (
    (
        "for want of authentication (SPF, DKIM, DMARC)",
        re.compile(r"[45]\.7\.(?:2\d|3[0-2]|509|515)"),
        words(r"\b(?:spf|dkim|dmarc|(?:un|not )authenticated|sender authentication)\b"),
    ),
    (
        "because of a blocklist or a bad reputation",
        re.compile(r"[45]\.7\.60[67]"),
        words(
            r"\b(?:blocked|(?:black|block|deny)[- ]?list(?:ed)?|dnsbl|rbl|spamhaus|spamcop|barracuda"
            r"|listed (?:at|by|in|on)|reputation)\b"
        ),
    ),
    (
        _CONTENT,
        re.compile(r"[45]\.6\.[0-6]"),
        words(r"\b(?:spam\w*|unsolicited|virus|malware|phish\w*|content)\b"),
    ),
    (
        "for their size",
        re.compile(r"[45]\.3\.4|[45]\.2\.3"),
        words(r"\bmessage\b.{0,30}\bsize\b|\btoo (?:large|big)\b"),
    ),
)
#: Address and mailbox (RFC 3463 §3.2, §3.3), but for those that speak of the sender; and what SMTPUTF8 lacks.
_OF_THE_RECIPIENT = re.compile(r"[45]\.(?:1\.(?!7$|8$|90$)\d+|2\.[124]|6\.[7-9]|6\.10)")
_BARE = frozenset({None, "4.0.0", "5.0.0"})
#: Numbers, ids, host names and quoted names: what differs between two answers that mean the same.
_DIFFERING = re.compile(r"[\w.:+-]*(?:\d|\w\.\w)[\w.:+-]*|\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why an edition should pause.

    text: a sentence with the relay's words, without anybody's address. refused: the deliveries that were.
    """

    text: str
    refused: frozenset[int]


class Health:
    """How the last deliveries through one relay ended, and whether it is time to ask a person."""

    def __init__(self) -> None:
        #: What each end was refused for, None where it was sent, and the delivery.
        self._ends: deque[tuple[str | None, int]] = deque(maxlen=max(_THEIRS.window, _OURS.window))

    def observe(self, delivery: int, reply: Reply | None, verdict: Verdict, stage: Stage) -> Alarm | None:
        """Take in an outcome; return why the edition should pause, as a rule None."""
        if verdict.status is DeliveryStatus.SENT:
            self._ends.append((None, delivery))
            return None
        if (
            verdict.status is not DeliveryStatus.REFUSED
            or reply is None
            or reply.text.startswith("not sent:")
        ):
            return None
        label, reason = _reason(reply, verdict, stage)
        self._ends.append((reason, delivery))
        rule = _THEIRS if label is _ADDRESSES else _OURS
        last = list(self._ends)[-rule.window :]
        refused = frozenset(it for why, it in last if why == reason)
        if len(refused) < rule.least or len(refused) < rule.share * len(last):
            return None
        text = f"{len(refused)} of the last {len(last)} messages were refused {label}: {_shown(reply)}"
        return Alarm(text, refused)


def _reason(reply: Reply, verdict: Verdict, stage: Stage) -> tuple[str, str]:
    """Return how the reason is told, and what it is compared by."""
    if verdict.suppress:
        return _ADDRESSES, _ADDRESSES
    text = without_addresses(reply.text)
    for label, status, wording in _REASONS:
        if status.fullmatch(reply.status or "") or wording.search(text):
            return label, label
    if reply.status and _OF_THE_RECIPIENT.fullmatch(reply.status):
        return _ADDRESSES, _ADDRESSES
    if reply.status in _BARE and stage is Stage.CONTENT:
        return _CONTENT, _CONTENT
    plain = _DIFFERING.sub("#", text[:_SHOWN]).casefold()
    return _SAME_WORDS, f"{reply.code} {reply.status} {plain}"


def _shown(reply: Reply) -> str:
    text = without_addresses(str(reply))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
