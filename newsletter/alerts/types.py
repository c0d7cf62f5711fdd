"""Values of the alerts room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What sort of state it is."""

    HELD = "held"
    PAUSED = "paused"
    UNKNOWN = "unknown"
    FEED = "feed"
    FAILED = "failed"


_HEADLINES = {
    AlertKind.HELD: "{} is held back",
    AlertKind.PAUSED: "{} stopped by itself",
    AlertKind.UNKNOWN: "{} has deliveries of which nobody knows",
    AlertKind.FEED: "{} could not be read for a day",
    AlertKind.FAILED: "trouble with {}",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """A state that a person has to end.

    subject: "weekly/2026-11-27", "feed dfe", "bounces". text: what is wrong, without a full stop. cure: what
    to do, its commands ready to be run. since: when it began, None where only a round that met it can tell.
    over_at: when it ended, of one that could not be told in time.
    """

    kind: AlertKind
    subject: str
    text: str
    cure: str
    since: datetime | None = None
    over_at: datetime | None = None

    @property
    def key(self) -> tuple[AlertKind, str]:
        """What tells it from all others that stand."""
        return self.kind, self.subject

    @property
    def headline(self) -> str:
        """A few words that say what it is."""
        return _HEADLINES[self.kind].format(self.subject)


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert as it was noted. told: the channels that have told it."""

    alert: Alert
    told: frozenset[str]

    def stands_for(self, other: Alert) -> bool:
        """Whether another of the same key is still this state, and not one that ended and came back."""
        same = other.since is None or other.since == self.alert.since
        return same and self.alert.over_at is None
