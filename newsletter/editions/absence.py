"""Why somebody did not get an edition, or an item: read off the same facts by which deliveries are planned.

A reason is about the moment at which it was decided: who joined, left or was suppressed later is not told
that. Facts that keep no history (a pause, an item's audiences, what an editor hid) count as they are now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.editions.types import Edition, EditionId, EditionStatus
from newsletter.feeds.types import Item, ItemStatus
from newsletter.members.types import (
    Basis,
    EndReason,
    Frequency,
    Member,
    MemberStatus,
    Subscription,
    Suppression,
)


@dataclass(frozen=True, slots=True)
class Because:
    """One reason.

    text: what to say after a member's name, "left weekly on {when}", with a place for the time; it begins
    with a verb. code: the same for programs.
    """

    code: str
    text: str
    when: datetime | None = None

    def told(self, shown: Callable[[datetime], str]) -> str:
        """Return the text with its time, as `shown` writes it."""
        return self.text.replace("{when}", shown(self.when)) if self.when else self.text


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is known of a member towards one newsletter.

    serves: its audiences. subscriptions: to it, ended ones too, oldest first. marketing: whether it asks for
    consent. suppressions: of the address, lifted ones too.
    """

    newsletter: str
    serves: tuple[str, ...]
    marketing: bool
    member: Member
    subscriptions: tuple[Subscription, ...]
    suppressions: tuple[Suppression, ...] = ()

    def subscription(self, at: datetime) -> Subscription | None:
        """Return the subscription that ran at a time."""
        running = [
            it for it in self.subscriptions if it.started_at <= at and (not it.ended_at or it.ended_at > at)
        ]
        return running[-1] if running else None

    def suppression(self, at: datetime) -> Suppression | None:
        """Return why the address was not mailed at a time; None when it was."""
        held = (it for it in self.suppressions if it.since <= at and not (it.lifted and it.lifted.at <= at))
        return next(held, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What kept items out of a draft: how many it could hold, of one feed too, and between which dates."""

    max_items: int
    oldest: datetime
    newest: datetime
    max_per_feed: int | None = None


def why_not_subscribed(standing: Standing, at: datetime) -> Because | None:
    """Return why a newsletter went to a member at no account at that time; None when it would have."""
    name = standing.newsletter
    if standing.member.status is MemberStatus.FORGOTTEN:
        return Because("forgotten", "was forgotten, as asked")
    if suppression := standing.suppression(at):
        held = "was not mailed from {when} on" if suppression.lifted else "is never mailed, since {when}"
        return Because("suppressed", f"{held}: {suppression}", suppression.since)
    running = standing.subscription(at)
    if running is None:
        return _not_on_the_list(standing, at)
    if running.paused_until and running.paused_until > at:
        return Because("paused", f"has paused {name} until {{when}}", running.paused_until)
    if standing.marketing and running.basis != Basis.CONSENT:
        return Because("no_consent", f"gave no consent on record ({running.basis}), and {name} is marketing")
    return None


def _not_on_the_list(standing: Standing, at: datetime) -> Because:
    name = standing.newsletter
    ended = [it for it in standing.subscriptions if it.ended_at and it.ended_at <= at]
    if ended:
        return _left(name, max(ended, key=lambda it: it.ended_at or at))
    if standing.subscriptions:
        joined = standing.subscriptions[0].started_at
        return Because("joined_later", "joined on {when}, after its recipients were fixed", joined)
    if not standing.member.audiences.intersection(standing.serves):
        are = ", ".join(sorted(standing.member.audiences)) or "none"
        whom = ", ".join(standing.serves)
        return Because("no_audience", f"is in no audience of {name} (it is for {whom}; theirs: {are})")
    return Because("not_subscribed", f"is not subscribed to {name}")


def _left(name: str, ended: Subscription) -> Because:
    words: dict[str | None, str] = {
        EndReason.UNSUBSCRIBED: f"left {name} on {{when}}",
        EndReason.COMPLAINT: f"complained on {{when}} that {name} is unwanted",
        EndReason.BOUNCED: f"gets no {name} since {{when}}, when mail came back for good",
        EndReason.NOT_LISTED: f"was not listed for {name} in the import of {{when}}",
        EndReason.NO_LONGER_SERVED: f"is in no audience of {name} since {{when}}",
        EndReason.FORGOTTEN: "was forgotten on {when}, as asked",
    }
    otherwise = f"is not subscribed to {name} since {{when}} ({ended.end_reason})"
    return Because("left", words.get(ended.end_reason, otherwise), ended.ended_at)


def why_no_delivery(
    edition: Edition,
    standing: Standing,
    items: Mapping[int, frozenset[str]],
    carried: Mapping[int, str],
    now: datetime,
    *,
    had: EditionId | None = None,
) -> Because:
    """Return why nothing of an edition was planned for a member.

    items: all of the edition, with their audiences; carried: by item, the edition that brought it earlier.
    had: another edition of its month that reached the member, or may yet.
    """
    planned = edition.started_at
    at = planned or now
    personal = why_not_subscribed(standing, at) or _had_this_month(standing, at, had)
    if planned is None and edition.status in (EditionStatus.CANCELLED, EditionStatus.SKIPPED):
        return Because("not_sent", f"got nothing of it, like everybody: it was {edition.status}")
    if personal:
        return personal
    running = standing.subscription(at)
    theirs = running.audiences if running else frozenset()
    for_them = [item for item, audiences in items.items() if audiences & theirs]
    if not for_them:
        return Because("not_for_them", f"found nothing in it: no item is for {_names(theirs, standing)}")
    if all(item in carried for item in for_them):
        return Because("nothing_new", f"had all that is for them before: {_before(for_them, carried)}")
    if planned is None:
        how = "a draft" if edition.status is EditionStatus.DRAFT else str(edition.status)
        return Because("not_sent_yet", f"would get it: it is {how}, and nothing of it has left yet")
    return _unserved(edition, running)


def _had_this_month(standing: Standing, at: datetime, had: EditionId | None) -> Because | None:
    running = standing.subscription(at)
    if had is None or running is None or running.frequency != Frequency.MONTHLY:
        return None
    return Because("monthly", f"gets {standing.newsletter} once a month, and that month's was {had}")


def _unserved(edition: Edition, running: Subscription | None) -> Because:
    later = "what is new for them comes with the next edition"
    if running and edition.drafted_at and running.started_at > edition.drafted_at:
        when = running.started_at
        return Because(
            "unserved", f"changed on {{when}}, after it was drafted, and no variant fits; {later}", when
        )
    return Because("unserved", f"has had other items than its variants were made for; {later}")


def _before(items: Collection[int], carried: Mapping[int, str]) -> str:
    """Return "items 3 and 7 in weekly/2026-11-20; item 9 in …"."""
    by_edition: dict[str, list[int]] = {}
    for item in items:
        by_edition.setdefault(carried[item], []).append(item)
    return "; ".join(
        f"item{'s' * (len(found) > 1)} {_listed(found)} in {edition}" for edition, found in by_edition.items()
    )


def _listed(items: Sequence[int]) -> str:
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def why_not_item(item: Item, theirs: frozenset[str], serves: Collection[str]) -> Because | None:
    """Return why no edition brings an item to members with these audiences; None when one may."""
    if item.status in (ItemStatus.HIDDEN, ItemStatus.WITHDRAWN):
        return Because(str(item.status), f"will not get it: the item is {item.status}")
    if not item.audiences:
        return Because("unsorted", "waits for the editor: the item is for no audience yet")
    if not item.audiences & theirs:
        whom = ", ".join(sorted(item.audiences))
        return Because("not_for_them", f"is not whom it is for: {whom} (theirs: {', '.join(sorted(theirs))})")
    if not item.audiences.intersection(serves):
        return Because("not_served", f"gets no newsletter for {', '.join(sorted(item.audiences))}")
    return None


def why_not_in(
    edition: Edition, item: Item, held: Collection[Item], limits: Limits, carried_in: str | None
) -> Because:
    """Return why an item that is for a member was not in the variant that they got.

    held: the variant's items; carried_in: the edition that brought it earlier.
    """
    name = edition.id
    if carried_in:
        return Because("carried", f"had it before, in {carried_in}")
    if edition.drafted_at and item.first_seen > edition.drafted_at:
        return Because(
            "came_later", f"had to wait: it came in on {{when}}, after {name} was drafted", item.first_seen
        )
    if item.date < limits.oldest:
        return Because("too_old", f"got no news as old as this with {name}: it is of {{when}}", item.date)
    if item.date >= limits.newest:
        return Because("not_yet", "has to wait until it is out: it is of {when}", item.date)
    if full := _full(item, held, limits):
        return Because("cut", f"got {full[0]} with {name}, and {full[1]} allows no more")
    return Because("changed", f"was not meant to get it when {name} was drafted; that changed since")


def _full(item: Item, held: Collection[Item], limits: Limits) -> tuple[str, str] | None:
    """Return of what there was enough without an item, and the setting that says so."""
    if len(held) >= limits.max_items:
        return f"{len(held)} others", "max_items"
    alike = sum(other.feed == item.feed for other in held)
    if limits.max_per_feed is not None and alike >= limits.max_per_feed:
        return f"{alike} others of {item.feed}", "max_per_feed"
    return None


def _names(audiences: Collection[str], standing: Standing) -> str:
    return ", ".join(slug for slug in standing.serves if slug in audiences) or "them"
