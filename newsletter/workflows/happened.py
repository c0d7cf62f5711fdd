"""What a round did, as its caller hears of it."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing happened."""

    READ = "read"
    UNREAD = "unread"
    BOUNCED = "bounced"
    DRAFTED = "drafted"
    ASKED = "asked"
    BEGUN = "begun"
    SENT = "sent"
    HELD = "held"
    SKIPPED = "skipped"
    ALERTED = "alerted"
    RESTORED = "restored"
    INTERRUPTED = "interrupted"
    ERASED = "erased"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that a round did, or could not do.

    subject: "weekly/2026-11-27", "feed dfe". told: a trouble that lasts, and people were told of it.
    """

    kind: Kind
    subject: str
    words: str
    hint: str = ""
    told: bool = False

    @property
    def is_trouble(self) -> bool:
        """Whether somebody should look at it."""
        return self.kind in (Kind.UNREAD, Kind.FAILED)


def counted(what: int | Sized, noun: str) -> str:
    """Return "1 item", "1,200 items"."""
    number = what if isinstance(what, int) else len(what)
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
