"""Values of the members room."""

from __future__ import annotations

from collections import Counter
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
    #: Whom it is about, where that can be read.
    email_key: str | None = field(default=None, compare=False)


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
    """What one member gets of one newsletter, from when and on what basis; ended ones are the history.

    source, end_source: where the word came from that began it, and that ended it: "members.csv", say.
    """

    newsletter: str
    audiences: frozenset[str]
    frequency: str
    basis: str
    source: str
    started_at: datetime
    paused_until: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    #: Which version of a form's words was agreed to; None where there was no form.
    wording: str | None = None
    #: The network addresses that both words came from, where the organisation keeps them.
    network_address: str | None = None
    end_source: str | None = None
    end_network_address: str | None = None


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
    #: The membership system does not have them any more.
    NO_LONGER_MEMBER = "no longer a member"


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

    source: where the word came from, "members.csv" say. wording: which version of a form's words they saw.
    """

    served: tuple[Served, ...]
    basis: Basis
    source: str
    now: datetime
    wording: str | None = None


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
    left_out: why something was not begun: how the member left, or what the address is suppressed for.
    """

    ends: tuple[tuple[str, EndReason], ...] = ()
    begins: tuple[Subscription, ...] = ()
    left_out: str | None = None


@dataclass(slots=True)
class ListDifference:
    """What a whole list changes, or would change, counted in members; `examples` names a few of each."""

    added: int = 0
    changed: int = 0
    #: Members who get less, or nothing more: the list has them in no audience any more, or not at all.
    ended: int = 0
    unchanged: int = 0
    #: Members who have a subscription on the ground of the list now.
    known: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    bad_rows: list[BadRow] = field(default_factory=list)


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
    #: Members whom the import left out, by the reason: how they left, or what they are suppressed for.
    left_out: Counter[str] = field(default_factory=Counter)
    bad_rows: list[BadRow] = field(default_factory=list)
