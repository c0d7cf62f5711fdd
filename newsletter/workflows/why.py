"""Why: what became of one member's editions and items, and where nothing came, the reason.

Nothing here looks at more than one member's rows, so it answers as fast for a million members as for ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.address import parse_address
from newsletter.audiences.types import Reason
from newsletter.bounces.types import Bounce
from newsletter.config import NewsletterSettings
from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.absence import (
    Because,
    Limits,
    Standing,
    why_no_delivery,
    why_not_in,
    why_not_item,
    why_not_subscribed,
)
from newsletter.editions.types import Edition
from newsletter.editions.window import newest_time, oldest_time
from newsletter.errors import MemberError
from newsletter.feeds.types import Item
from newsletter.members.slips import one_slip_away
from newsletter.members.types import Frequency, Member, Subscription, Suppression
from newsletter.store.traces import Carried, Trace
from newsletter.workflows.control import halted
from newsletter.workflows.find import find_edition
from newsletter.workflows.project import Project

#: How many editions are told of where none is named.
_RECENT = 10
#: Reasons that are about what an edition holds; one that is about the item itself says more.
_ABOUT_CONTENT = frozenset({"nothing_new", "not_for_them", "unserved", "not_sent_yet"})


@dataclass(frozen=True, slots=True)
class EditionStory:
    """What an edition was for a member: a delivery, or the reason for none, or for one that never left."""

    edition: Edition
    trace: Trace | None
    because: Because | None


@dataclass(frozen=True, slots=True)
class ItemStory:
    """What became of an item for a member.

    carried: the deliveries that hold it. because: for each newsletter that might have brought it, and did
    not, the reason, with the edition that it is about.
    """

    item: Item
    reasons: tuple[Reason, ...]
    carried: tuple[Carried, ...]
    because: tuple[tuple[str, Edition | None, Because], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A member, and what was sent to them and what was not."""

    member: Member
    subscriptions: tuple[Subscription, ...]
    suppressions: tuple[Suppression, ...]
    #: What is proven to have come back from them.
    bounces: tuple[Bounce, ...]
    editions: tuple[EditionStory, ...]
    item: ItemStory | None = None


def explain_member(
    project: Project, email: str, now: datetime, *, edition: str | None = None, item: int | None = None
) -> Story:
    """Say what became of an edition, or of the last ones, and of an item, for one member.

    Raises MemberError for an address that nobody has, with the one that may be meant.
    """
    view = _View(project, _member(project, email, now), now)
    named = find_edition(project, edition) if edition else None
    editions = [named] if named else project.editions.recent(view.newsletters, _RECENT)
    return Story(
        view.member,
        view.subscriptions,
        view.suppressions,
        tuple(project.bounces.of_member(view.member.id)),
        tuple(view.stories(editions)),
        None if item is None else view.item_story(item, named, editions),
    )


def _member(project: Project, email: str, now: datetime) -> Member:
    found = project.members.find(email, now)
    if found:
        return found
    key = parse_address(email).key
    problem = f"no member has the address {email}"
    if suppression := project.suppressions.now(key):
        problem += f", and it is never mailed ({suppression.reason})"
    meant = project.traces.likely(key, one_slip_away(key))
    instead = f"did you mean {' or '.join(meant)}?" if meant else "newsletter member list"
    raise MemberError(problem, hint=instead)


class _View:
    """What is known about one member, asked for once."""

    def __init__(self, project: Project, member: Member, now: datetime) -> None:
        self.member = member
        self.subscriptions = tuple(project.subscriptions.of(member.id))
        self.suppressions = project.suppressions.all(parse_address(member.email).key)
        self._project = project
        self._now = now
        known = {it.name: it for it in project.config.settings.newsletters}
        theirs = {it.newsletter: known[it.newsletter] for it in self.subscriptions if it.newsletter in known}
        self._settings = known
        #: Names of the newsletters that this member gets or got; of all, where there is none.
        self.newsletters = list(theirs or known)

    def standing(self, newsletter: str) -> Standing:
        """Return all that is known of the member towards a newsletter."""
        settings = self._settings[newsletter]
        return Standing(
            newsletter,
            settings.audiences,
            settings.purpose == "marketing",
            self.member,
            tuple(it for it in self.subscriptions if it.newsletter == newsletter),
            self.suppressions,
        )

    def stories(self, editions: Sequence[Edition]) -> Iterator[EditionStory]:
        """Yield what each of these editions was for the member."""
        traces = self._project.traces.deliveries(self.member.id, [it.key for it in editions])
        contents = self._contents(editions)
        carried = self._project.traces.carried(
            self.member.id, {item for held in contents.values() for item in held}
        )
        for edition in editions:
            if trace := traces.get(edition.key):
                yield EditionStory(edition, trace, self._why_left_out(edition, trace))
            else:
                before = _before(edition, carried)
                because = why_no_delivery(
                    edition,
                    self.standing(edition.id.newsletter),
                    contents[edition.key],
                    before,
                    self._now,
                    had=self._project.traces.of_the_month(self.member.id, edition),
                )
                yield EditionStory(edition, None, because)

    def item_story(self, item_id: int, named: Edition | None, editions: Sequence[Edition]) -> ItemStory:
        """Return what became of an item, in one edition or at all."""
        item, reasons = self._project.items.get(item_id)
        carried = self._project.traces.carried(self.member.id, [item.id])
        if named:
            here = tuple(it for it in carried if it.edition_key == named.key)
            missed = [] if any(it.counts for it in here) else [self._why_not_in(named, item, carried)]
            why = tuple((named.id.newsletter, named, because) for because in missed)
            return ItemStory(item, reasons, here, why)
        if any(it.counts for it in carried):
            return ItemStory(item, reasons, tuple(carried), ())
        never = tuple(self._why_never(name, item, editions) for name in self.newsletters)
        return ItemStory(item, reasons, tuple(carried), never)

    def _contents(self, editions: Iterable[Edition]) -> dict[int, Mapping[int, frozenset[str]]]:
        """Return the items of editions with whom they are for, by the edition's key."""
        held = self._project.traces.items([it.key for it in editions])
        items = self._project.items.by_ids({item for found in held.values() for item in found})
        return {
            edition.key: {item: items[item].audiences for item in sorted(held.get(edition.key, ()))}
            for edition in editions
        }

    def _why_left_out(self, edition: Edition, trace: Trace) -> Because | None:
        """Return why a delivery that was planned did not arrive; None for one that may have, or may yet."""
        if trace.status is DeliveryStatus.SUPPRESSED:
            at = trace.finished_at or self._now
            return why_not_subscribed(self.standing(edition.id.newsletter), at)
        if trace.status is DeliveryStatus.REFUSED:
            said = trace.tries[-1].reply if trace.tries else None
            text = f"was refused on {{when}}: {said}" if said else "was refused on {when}"
            return Because("refused", text, trace.finished_at)
        if trace.status is DeliveryStatus.CANCELLED:
            return Because("cancelled", f"got nothing of it: it was {halted(edition)}", trace.finished_at)
        return None

    def _why_never(
        self, name: str, item: Item, editions: Iterable[Edition]
    ) -> tuple[str, Edition | None, Because]:
        """Return why a newsletter has not brought an item: by its newest edition that could have."""
        settings, standing = self._settings[name], self.standing(name)
        could = [
            it
            for it in editions
            if it.id.newsletter == name and it.drafted_at and it.drafted_at >= item.first_seen
        ]
        if could:
            return name, could[0], self._why_not_in(could[0], item, [])
        personal = why_not_subscribed(standing, self._now)
        running = standing.subscription(self._now)
        theirs = running.audiences if running else frozenset[str]()
        about = personal or why_not_item(item, theirs, settings.audiences)
        if about is None and item.date < self._now - settings.max_age:
            about = Because("too_old", "gets no news as old as this: it is of {when}", item.date)
        monthly = running is not None and running.frequency == Frequency.MONTHLY
        which = "next monthly edition" if monthly else "next edition"
        return name, None, about or Because("to_come", f"gets it with the {which} of {name}")

    def _why_not_in(self, edition: Edition, item: Item, carried: Iterable[Carried]) -> Because:
        name = edition.id.newsletter
        standing, settings = self.standing(name), self._settings[name]
        [story] = self.stories([edition])
        if story.because and story.because.code not in _ABOUT_CONTENT:
            return story.because
        running = standing.subscription(edition.started_at or self._now)
        theirs = running.audiences if running else frozenset[str]()
        if about := why_not_item(item, theirs, settings.audiences):
            return about
        contents = self._contents([edition])[edition.key]
        before = _before(edition, carried).get(item.id)
        if story.because and item.id in contents and not before:
            return story.because
        held = story.trace.items if story.trace else [*contents]
        others = self._project.items.by_ids(held)
        return why_not_in(edition, item, list(others.values()), _limits(settings, edition), before)


def _before(edition: Edition, carried: Iterable[Carried]) -> dict[int, str]:
    """Return by item the edition that brought it before another one's deliveries were planned."""
    found: dict[int, str] = {}
    for it in carried:
        earlier = it.planned and (edition.started_at is None or it.planned <= edition.started_at)
        if it.counts and it.edition_key != edition.key and earlier:
            found.setdefault(it.item, str(it.edition))
    return found


def _limits(settings: NewsletterSettings, edition: Edition) -> Limits:
    """Return what could go into an edition; dates as its draft took them."""
    day, zone = edition.id.date, settings.timezone
    oldest = oldest_time(day, zone, settings.max_age)
    drafted = edition.drafted_at or datetime.min.replace(tzinfo=UTC)
    return Limits(settings.max_items, oldest, newest_time(day, zone, drafted), settings.max_per_feed)
