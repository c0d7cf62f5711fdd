"""What somebody gets and got, told in plain words: since when, on what ground, and on whose word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from newsletter.members.types import Basis, EndReason, Frequency, Subscription

_GROUNDS = {
    Basis.MEMBERSHIP: "as a member",
    Basis.CONSENT: "with their consent",
    Basis.SOFT_OPT_IN: "by soft opt-in",
}
_ENDS = {
    EndReason.UNSUBSCRIBED: "They left {}",
    EndReason.COMPLAINT: "They called {} spam",
    EndReason.BOUNCED: "{} ended, since mail came back for good",
    EndReason.FORGOTTEN: "{} ended, since they asked to be forgotten",
    EndReason.NO_LONGER_SERVED: "{} ended, since they are in none of its audiences any more",
    EndReason.NOT_LISTED: "{} ended, since the list did not name it for them",
    EndReason.NO_LONGER_MEMBER: "{} ended, since the membership system has them no more",
}


def story_of(history: Iterable[Subscription]) -> list[tuple[datetime, str]]:
    """Return each beginning, change and end with its time, oldest first; a sentence for each."""
    told = [line for it in history for line in _lines(it)]
    return sorted(told, key=lambda line: line[0])


def _lines(it: Subscription) -> Iterator[tuple[datetime, str]]:
    yield it.started_at, _begun(it)
    if it.ended_at and it.end_reason != EndReason.CHANGED:  # what it was changed to has a line of its own
        how = _ENDS.get(it.end_reason or "", f"{{}} ended ({it.end_reason})")  # type: ignore[call-overload] # str
        yield it.ended_at, f"{how.format(it.newsletter)}{_source(it.end_source, it.end_network_address)}"


def _begun(it: Subscription) -> str:
    whom = ", ".join(sorted(it.audiences)) or "no audience"
    often = "one edition a month" if it.frequency == Frequency.MONTHLY else "each edition"
    ground = _GROUNDS.get(it.basis, it.basis)  # type: ignore[call-overload] # str
    words = f", agreed to wording {it.wording}" if it.wording else ""
    pause = f", paused until {it.paused_until:%Y-%m-%d}" if it.paused_until else ""
    source = _source(it.source, it.network_address)
    return f"{it.newsletter} for {whom}, {often}, {ground}{words}{pause}{source}"


def _source(source: str | None, network_address: str | None) -> str:
    said = ", ".join(filter(None, [source, network_address]))
    return f" ({said})" if said else ""
