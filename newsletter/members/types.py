"""Values of the members room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from newsletter.address import Address


class Frequency(StrEnum):
    """How often somebody gets a newsletter."""

    #: Every edition, as it appears.
    EACH = "each"
    #: Of each calendar month the first edition that has something for them, with all that came since.
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One usable row of a member file.

    audiences and newsletters are None where the file has no such column, which leaves what is known as it is.
    attributes: the other columns, by lower-case header; empty cells are left out.
    """

    line: int
    address: Address
    first_name: str = ""
    last_name: str = ""
    audiences: frozenset[str] | None = None
    newsletters: frozenset[str] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    #: None leaves it as it is.
    frequency: Frequency | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used. line: of the file, from 1, where the row begins."""

    line: int
    problem: str


class MemberStatus(StrEnum):
    """Derived from subscriptions and suppressions, never stored."""

    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Member:
    """A person by address."""

    id: int
    email: str
    first_name: str
    last_name: str
    audiences: frozenset[str]
    status: MemberStatus
    attributes: Mapping[str, str] = field(default_factory=dict)
    #: Names of the running subscriptions, paused ones included.
    newsletters: frozenset[str] = frozenset()
    #: Of the running subscriptions; None where they differ or there is none.
    frequency: Frequency | None = None

    @property
    def full_name(self) -> str:
        """First and last name, as far as they are known."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one member gets of one newsletter, from when and on what basis; ended ones are the history."""

    newsletter: str
    audiences: frozenset[str]
    frequency: str
    basis: str
    source: str
    started_at: datetime
    paused_until: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None


class Basis(StrEnum):
    """On what ground somebody is written to; kept with each subscription."""

    MEMBERSHIP = "membership"
    CONSENT = "consent"
    SOFT_OPT_IN = "soft-opt-in"


class EndReason(StrEnum):
    """Why a subscription ended."""

    UNSUBSCRIBED = "unsubscribed"
    COMPLAINT = "complaint"
    BOUNCED = "bounced"
    FORGOTTEN = "forgotten"
    #: Another one, with other audiences, began at the same moment.
    CHANGED = "changed"
    #: The member is in no audience of the newsletter any more.
    NO_LONGER_SERVED = "no longer served"
    #: The `newsletters` column of a later import does not name it.
    NOT_LISTED = "not listed"


@dataclass(frozen=True, slots=True)
class Lifting:
    """A person's word that an address is mailed again."""

    at: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address is never mailed. detail: the relay's words, say; may be empty. lifted: no longer."""

    reason: str
    detail: str
    since: datetime
    lifted: Lifting | None = None

    def __str__(self) -> str:
        """Return the reason with its detail."""
        return ": ".join(filter(None, [self.reason, self.detail]))


@dataclass(frozen=True, slots=True)
class Served:
    """A newsletter by name, and the audiences it is made for."""

    newsletter: str
    audiences: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an import or a form subscribes people to, and what is put on record about it.

    source: where the word came from, "members.csv" say.
    """

    served: tuple[Served, ...]
    basis: Basis
    source: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """How a member wants a newsletter. paused_until: None for no pause."""

    audiences: frozenset[str]
    frequency: Frequency
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionChanges:
    """What to do about one member's subscriptions; all ends come before all beginnings.

    ends: newsletter and reason, for the one that runs.
    left_out: something was not begun because the member left, or because the address is suppressed.
    """

    ends: tuple[tuple[str, EndReason], ...] = ()
    begins: tuple[Subscription, ...] = ()
    left_out: bool = False


@dataclass(slots=True)
class ImportSummary:
    """What an import did, counted in members."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    #: Rows that repeated an address of the same file; their audiences were joined.
    merged: int = 0
    #: Members with no audience, who will get nothing.
    without_audience: int = 0
    #: Members whom the import left out because they left or were suppressed.
    left_out: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
