"""What comes back in the mail: what was read of it, and what it counts for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Form(StrEnum):
    """How a mail that came back is made."""

    #: A delivery status notification (RFC 3464), or fields of one in a mail that is none.
    DSN = "dsn"
    #: A bounce in a mail system's own words.
    PROSE = "prose"
    #: Somebody called our mail spam (RFC 5965, and near-forms).
    COMPLAINT = "complaint"
    #: Out of office, or received with thanks (RFC 3834).
    AUTO_REPLY = "auto-reply"
    #: A filter wants the sender to prove that it is a person.
    CHALLENGE = "challenge"
    #: Somebody asks to leave, by our own words.
    REQUEST = "request"
    #: Anything else: mail that a person wrote, say.
    OTHER = "other"


class Kind(StrEnum):
    """What a mail that came back counts for."""

    #: Nobody is there: never mailed again.
    HARD = "hard"
    #: It did not arrive this time: counted.
    SOFT = "soft"
    #: Unwanted: never mailed again.
    COMPLAINT = "complaint"
    #: Still being tried, or it arrived: counts for nothing.
    NOTICE = "notice"
    #: A machine's answer to mail that arrived: counts for nothing.
    REPLY = "reply"
    #: A member's own word that ends a newsletter.
    LEAVE = "leave"
    #: Not understood: kept for a person to look at.
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """What shows that a mail is about a delivery of ours; without one nobody is suppressed."""

    #: Our signed envelope sender stands in it.
    VERP = "envelope sender"
    #: Our signed Message-ID stands in it, and the address to which that message went is the one that failed.
    MESSAGE_ID = "Message-ID and recipient"
    #: The token that their link to leave put into the subject.
    LINK = "link to leave"
    #: Who asks to leave is the member by the address in From, which could be forged: no more than that ends.
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient in a report.

    address: as we wrote it, where the report says so; in lower case. others: what else it is called there.
    action, status: as RFC 3464 has them, or "". diagnostic: what mail systems said of it.
    """

    address: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    others: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All addresses that it goes by."""
        return frozenset(filter(None, (self.address, *self.others)))


@dataclass(frozen=True, slots=True)
class LeaveRequest:
    """A mail that asks to leave a newsletter. token: of the link that made it, or ""; sender: of From."""

    newsletter: str
    token: str
    sender: str


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """What a mail that came back says. request: for the form REQUEST alone."""

    form: Form
    failures: tuple[Failure, ...] = ()
    subject: str = ""
    request: LeaveRequest | None = None


@dataclass(frozen=True, slots=True)
class BounceRules:
    """When an address is given up. soft_limit: soft bounces of different editions within soft_days."""

    soft_limit: int
    soft_days: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A judged mail of one member, for the sum over time. said: one line of what the mail system said."""

    kind: Kind
    at: datetime
    delivery: int
    said: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a mail says, and about which delivery of ours. proof: None where nothing shows that it is ours."""

    form: Form
    kind: Kind
    subject: str
    recipient: str
    status: str
    said: str
    proof: Proof | None = None
    delivery: int | None = None
    member: int | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """A judged mail as it is kept. edition: of the delivery that it is about, "weekly/2026-11-27"."""

    id: int
    came_at: datetime
    judgement: Judgement
    edition: str | None


@dataclass(frozen=True, slots=True)
class SentTo:
    """A delivery that a mail may be about. message_id_key: the secret of its edition; email: as it is now."""

    delivery: int
    member: int
    email: str
    email_key: str
    message_id_key: str
