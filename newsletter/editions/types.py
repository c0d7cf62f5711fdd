"""Values of the editions room."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from newsletter.errors import EditionError


class EditionStatus(StrEnum):
    """The stages of an edition."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    PAUSED = "paused"
    HELD = "held"
    SENT = "sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


#: By whom an edition is paused that may have gone out after the copy from which the database was put back.
RESTORE_GUARD = "the restore guard"
#: Those of which nothing was sent, and that nobody has called off or left out.
UNDECIDED = (EditionStatus.DRAFT, EditionStatus.APPROVED, EditionStatus.HELD)


@dataclass(frozen=True, slots=True)
class EditionId:
    """One newsletter on one date; str() is "weekly/2026-11-27"."""

    newsletter: str
    date: date

    def __str__(self) -> str:
        """Return the name by which users call it."""
        return f"{self.newsletter}/{self.date.isoformat()}"


def parse_edition_id(text: str) -> EditionId | str:
    """Read "weekly/2026-11-27"; a bare newsletter name comes back as it is."""
    name, slash, day = text.partition("/")
    if not slash:
        return name
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise EditionError(f"edition {text!r}: {day!r} is not a date", hint="write it as weekly/2026-11-27")
    try:
        return EditionId(name, date.fromisoformat(day))
    except ValueError as fault:
        raise EditionError(f"edition {text!r}: {fault}", hint="write it as weekly/2026-11-27") from None


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's name on an edition as it stands."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition as the store knows it."""

    key: int
    id: EditionId
    status: EditionStatus
    #: Secret from which the Message-IDs of its deliveries are made.
    message_id_key: str
    #: Over all variants; what approval is bound to. None before the first draft is complete.
    hash: str | None
    drafted_at: datetime | None
    #: What came in after it is late.
    first_drafted_at: datetime | None = None
    #: The last who approved it; None until as many have as it takes.
    approved_by: str | None = None
    approved_at: datetime | None = None
    #: When its deliveries were planned: who joined later is not among them.
    started_at: datetime | None = None
    #: When it came to rest: sent, paused or cancelled.
    halted_at: datetime | None = None
    #: Who paused or cancelled it; None when nobody did, or the program paused it by itself.
    paused_by: str | None = None
    pause_reason: str | None = None


class EditionPart(StrEnum):
    """What of an edition an editor may write."""

    INTRODUCTION = "introduction"
    CLOSING = "closing"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class EditionWord:
    """What an editor wrote for an edition.

    audience: whom it is for, "" for all readers; text: Markdown, of a subject plain; "" takes it back.
    """

    part: EditionPart
    audience: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryGroup:
    """Members with one set of audiences who were carried the same of the candidate items."""

    audiences: frozenset[str]
    #: Ids of candidate items that these members got, or are about to get, in other editions.
    carried: frozenset[int]
    members: int
    #: How the store finds these members again when deliveries are planned; opaque here.
    signature: tuple[int, ...] = ()
    #: "monthly" for who gets one a month or did lately, and so may get items that are older, else "each".
    frequency: str = "each"


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """The content of one variant: which items, in order, for how many members.

    number is 1 for the plain one, 2 for the `~2` of a set whose members have different histories.
    """

    audiences: frozenset[str]
    number: int
    items: tuple[int, ...]
    members: int


@dataclass(frozen=True, slots=True)
class Variant:
    """A stored variant; what the list commands show."""

    key: int
    audiences: frozenset[str]
    number: int
    subject: str
    items: tuple[int, ...]
    recipients: int
    html_bytes: int
    hash: str


@dataclass(frozen=True, slots=True)
class SentVariant:
    """A variant that some member has. sent: when sending began; recipients: as planned by the draft."""

    key: int
    edition: EditionId
    sent: datetime
    audiences: frozenset[str]
    number: int
    subject: str
    preheader: str
    recipients: int
    hash: str


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """How many deliveries stand where; planned is their sum."""

    pending: int = 0
    sending: int = 0
    deferred: int = 0
    sent: int = 0
    refused: int = 0
    suppressed: int = 0
    unknown: int = 0
    cancelled: int = 0

    @property
    def planned(self) -> int:
        """All of them."""
        return sum(self.by_status().values())

    @property
    def open(self) -> int:
        """Those that have not come to an end yet."""
        return self.pending + self.sending + self.deferred

    def by_status(self) -> Mapping[str, int]:
        """Return the counts by status, in the order in which users read them."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Composition:
    """Which members get which variant, and who gets none and why."""

    variants: tuple[VariantPlan, ...]
    #: Groups for whom there is nothing new.
    nothing_new: tuple[HistoryGroup, ...] = field(default=())
    #: Items that are new to somebody and in no variant, as there was no room: they wait for the next edition.
    waiting: tuple[int, ...] = ()
