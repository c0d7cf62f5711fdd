"""Values and ports of the delivery room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from newsletter.address import Address
from newsletter.delivery.content import Content


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long we wait for a relay, in seconds; the defaults but connect_s are those of RFC 5321 §4.5.3.2."""

    #: For the connection, for TLS on it, and for the greeting, each.
    connect_s: float = 30
    #: For the reply to EHLO, AUTH, MAIL, RCPT and RSET.
    command_s: float = 300
    data_s: float = 120
    #: For each 64 KiB of content to leave.
    content_s: float = 180
    #: For the answer to the content. Shorter would turn slow acceptance into `unknown`.
    answer_s: float = 600


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """One SMTP relay and how to reach it."""

    #: What reports call it.
    name: str
    host: str
    port: int
    #: starttls: upgraded before anything else, or not used; tls: from the first byte; none: as plain text.
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    #: A callable is asked for each connection, in a thread of its own; it may raise TransportError.
    password: str | Callable[[], str] | None = field(default=None, repr=False)
    #: PEM file of the authorities to trust in place of the system's.
    ca_file: str | None = None
    timeouts: Timeouts = Timeouts()
    #: password: whichever of PLAIN, LOGIN and CRAM-MD5 is offered; else the password is an OAuth 2.0 token.
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"


class DeliveryStatus(StrEnum):
    """Where a delivery stands. The last five are ends."""

    PENDING = "pending"
    DEFERRED = "deferred"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SMTP is told.

    size_bytes: of the content, for SIZE (RFC 1870). eight_bit: the content is more than ASCII (RFC 6152).
    """

    sender: Address
    recipient: Address
    size_bytes: int
    eight_bit: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A relay's answer, in its own words on one line.

    code: RFC 5321 §4.2; status: RFC 3463 ("5.1.1"), None where the relay gave none.
    """

    code: int
    text: str
    status: str | None = None

    def __str__(self) -> str:
        """Return the reply as a person reads it."""
        return " ".join(str(part) for part in (self.code, self.status, self.text) if part)


class Scope(StrEnum):
    """What a reply speaks about: this recipient, the link, or everything that we send."""

    RECIPIENT = "recipient"
    LINK = "link"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply means.

    status: sent, refused, deferred or unknown for scope `recipient`; for `link` and `run` the delivery
    itself goes back to pending and its attempt is not counted.
    suppress: the mailbox does not exist, so the address is never mailed again.
    slow_down: the relay asks for a slower pace.
    """

    scope: Scope
    status: DeliveryStatus
    retry_at: datetime | None = None
    suppress: bool = False
    slow_down: bool = False


class Stage(StrEnum):
    """The step of a transaction that a reply answers."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer to an envelope: None when the relay waits for the content, else its refusal and the step."""

    reply: Reply | None
    stage: Stage = Stage.DATA


class Link(Protocol):
    """One open connection to a relay, for one transaction at a time.

    After any exception the link is in doubt: it is closed and never used again.
    """

    @property
    def eight_bit(self) -> bool:
        """Whether content may be more than ASCII."""
        ...

    async def offer(self, envelope: Envelope) -> Offer:
        """Name sender and recipient and ask to hand over. Nothing is accepted by the relay yet.

        Raises TransportError when the link broke or the reply made no sense.
        """
        ...

    async def hand_over(self, content: Content, following: Envelope | None = None) -> Reply:
        """Write the content with its end, and return the relay's answer.

        following: the envelope that is offered next on this link, and no other; where the relay can do it,
        it is asked for in the same breath, which saves a round trip for each step.
        Raises TransportError when the link broke before the end of the content had left, and AnswerLost when
        it broke afterwards: nobody may send the message again then without being told to.
        """
        ...

    async def keep_alive(self) -> None:
        """Let the relay hear of us while there is nothing to send; raises TransportError."""
        ...

    async def close(self) -> None:
        """Say goodbye if the link is sound, and close; never raises."""
        ...


class Transport(Protocol):
    """A way out: an SMTP relay, a folder."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    async def connect(self) -> Link:
        """Open a link, with TLS and login where they are asked for; raises TransportError."""
        ...


@dataclass(frozen=True, slots=True)
class Recipient:
    """A member chosen for an edition: where it goes, and what merge fields can say."""

    address: Address
    first_name: str = ""
    last_name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name, "" where neither is known."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker may send until its lease ends."""

    delivery: int
    variant: int
    member: int
    recipient: Recipient
    attempts: int
    first_try: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one try, to be recorded with its verdict."""

    claim: Claim
    verdict: Verdict
    reply: Reply | None
    relay: str
    started_at: datetime
    ended_at: datetime
    #: What we say where the relay said nothing: "connection lost after the content".
    note: str = ""


@dataclass(frozen=True, slots=True)
class SendProgress:
    """How far a sender has come with an edition.

    done: outcomes of this run by status; left: deliveries that have not had their turn in it.
    rate_s: messages a second just now, None while too few went out to tell.
    slowed: a phrase for each relay that asked for less or cannot be used: "slowed to 12/minute by
    relay.example.org". stopping: a person stopped it, and what is in hand is finished.
    """

    done: Mapping[DeliveryStatus, int]
    left: int
    rate_s: float | None = None
    slowed: tuple[str, ...] = ()
    stopping: bool = False
