"""What a member row means for somebody's subscriptions: which end, which begin, and who stays out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from newsletter.members.types import (
    Basis,
    EndReason,
    Frequency,
    MemberRow,
    Served,
    Subscription,
    SubscriptionChanges,
    Suppression,
    Terms,
    Wish,
)

#: Ends that no import undoes.
LEFT = frozenset({EndReason.UNSUBSCRIBED, EndReason.COMPLAINT, EndReason.BOUNCED, EndReason.FORGOTTEN})

#: Of these, and of what addresses are suppressed for, those which are the member's own word.
OWN_WORD = LEFT - {EndReason.BOUNCED}

#: The source of subscriptions that are as their member chose on the page.
CHOSEN = "chosen on the page"


def merge_rows(rows: Sequence[MemberRow]) -> MemberRow:
    """Return what several rows of one address say together, in the order of the file (at least one).

    Audiences and newsletters are joined; of names and attributes the later one that is not empty counts.
    """
    merged = rows[0]
    for row in rows[1:]:
        merged = MemberRow(
            merged.line,
            row.address,
            row.first_name or merged.first_name,
            row.last_name or merged.last_name,
            _joined(merged.audiences, row.audiences),
            _joined(merged.newsletters, row.newsletters),
            {**merged.attributes, **row.attributes},
            row.frequency or merged.frequency,
        )
    return merged


def _joined(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return one if other is None else other if one is None else one | other


def decide_subscriptions(
    audiences: Collection[str],
    listed: Collection[str] | None,
    history: Sequence[Subscription],
    terms: Terms,
    *,
    suppressed: str | None = None,
    frequency: Frequency | None = None,
) -> SubscriptionChanges:
    """Return what an import changes for a member who is now in these audiences.

    listed: names in the `newsletters` column, None where the file has none and every newsletter counts.
    history: the member's subscriptions, running and ended, in any order. Those to newsletters that the terms
    do not know are left alone, and so are all of a suppressed address. suppressed: what for. frequency: None
    leaves it as it is. Consent takes the place of another basis, and nothing takes the place of consent.
    """
    if suppressed:
        return SubscriptionChanges(left_out=suppressed)
    ends: list[tuple[str, EndReason]] = []
    begins: list[Subscription] = []
    left_out: str | None = None
    for served in terms.served:
        past = [it for it in history if it.newsletter == served.newsletter] if history else []
        running = next((it for it in past if it.ended_at is None), None)
        wanted = served.audiences.intersection(audiences)
        # A file takes topics away, and brings none that were left out on the page.
        if running and running.source == CHOSEN:
            wanted = wanted & running.audiences or wanted
        is_listed = listed is None or served.newsletter in listed
        if running:
            anew = _anew(running, wanted, frequency, terms)
            reason = _end_reason(running, anew, is_listed=is_listed)
            if reason:
                ends.append((served.newsletter, reason))
            if reason is EndReason.CHANGED:
                begins.append(anew)
        elif wanted and is_listed:
            if how := _how_they_left(past):
                left_out = left_out or how
            else:
                begins.append(_begun(served, wanted, frequency or Frequency.EACH, terms))
    return SubscriptionChanges(tuple(ends), tuple(begins), left_out)


def _anew(
    running: Subscription, wanted: frozenset[str], often: Frequency | None, terms: Terms
) -> Subscription:
    """Return what a running subscription becomes. Unless there is consent now, its basis stays on record."""
    anew = replace(
        running,
        audiences=wanted,
        frequency=often or running.frequency,
        started_at=terms.now,
        network_address=None,
    )
    if terms.basis is not Basis.CONSENT or running.basis == Basis.CONSENT:
        return anew
    return replace(anew, basis=Basis.CONSENT.value, source=terms.source, wording=terms.wording)


def _end_reason(running: Subscription, anew: Subscription, *, is_listed: bool) -> EndReason | None:
    if not anew.audiences:
        return EndReason.NO_LONGER_SERVED
    if not is_listed:
        return EndReason.NOT_LISTED
    return None if is_alike(running, anew) else EndReason.CHANGED


def is_alike(one: Subscription, other: Subscription) -> bool:
    """Whether two subscriptions to one newsletter mean the same for the member."""
    return _meaning(one) == _meaning(other)


def _meaning(it: Subscription) -> tuple[object, ...]:
    return it.audiences, it.frequency, it.basis, it.paused_until


def stays_out(history: Sequence[Subscription], suppression: Suppression) -> bool:
    """Whether a suppression is not for us to lift: they complained, were forgotten, or left all they had."""
    if suppression.reason in OWN_WORD:
        return True
    running = any(it.ended_at is None for it in history)
    return not running and any(it.end_reason in OWN_WORD for it in _last(history))


def to_begin_again(history: Sequence[Subscription], source: str, now: datetime) -> list[Subscription]:
    """Return what a member gets again whose mailbox had ended it; source: who says that it works."""
    bounced = [it for it in _last(history) if it.end_reason == EndReason.BOUNCED]
    return [_begun_again(it, source, now) for it in bounced]


def changed_by(running: Subscription, wish: Wish) -> Subscription:
    """Return a subscription as its member wishes it."""
    return replace(
        running, audiences=wish.audiences, frequency=wish.frequency.value, paused_until=wish.paused_until
    )


def left_at(history: Sequence[Subscription], newsletter: str) -> datetime | None:
    """Return when a member left a newsletter; None where the last word is another.

    history: oldest first.
    """
    last = next((it for it in _last(history) if it.newsletter == newsletter), None)
    return last.ended_at if last and last.end_reason == EndReason.UNSUBSCRIBED else None


def taken_back(
    history: Sequence[Subscription], newsletter: str, left: datetime, source: str, now: datetime
) -> Subscription | None:
    """Return what begins again for who left at a moment and takes it back; None where they left otherwise."""
    if left_at(history, newsletter) != left:
        return None
    ended = next(it for it in _last(history) if it.newsletter == newsletter)
    # What was chosen before stays chosen: no file brings back what was left out.
    return _begun_again(ended, CHOSEN if ended.source == CHOSEN else source, now)


def _begun_again(ended: Subscription, source: str, now: datetime) -> Subscription:
    return replace(
        ended,
        source=source,
        started_at=now,
        network_address=None,
        ended_at=None,
        end_reason=None,
        end_source=None,
        end_network_address=None,
    )


def _last(history: Sequence[Subscription]) -> list[Subscription]:
    """Return the newest subscription to each newsletter. history: oldest first."""
    return [*{it.newsletter: it for it in history}.values()]


def _how_they_left(past: Sequence[Subscription]) -> str | None:
    """Return the last word on a newsletter that does not run, if it was the member's or the mailbox's."""
    ended = [(it.ended_at, it.end_reason) for it in past if it.ended_at]
    last = max((when for when, _ in ended), default=None)
    # Of two that ended at the same moment, the one that keeps somebody out counts.
    return next((reason for when, reason in ended if when == last and reason in LEFT), None)


def _begun(served: Served, audiences: frozenset[str], often: Frequency, terms: Terms) -> Subscription:
    return Subscription(
        served.newsletter,
        audiences,
        often.value,
        terms.basis.value,
        terms.source,
        terms.now,
        wording=terms.wording,
    )
