"""What editors are shown of an edition that waits for them: the same in the mail and on its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.editions.asking import Request
from newsletter.editions.changes import Change, Rendering, changes_between
from newsletter.editions.names import variant_name
from newsletter.editions.types import Approval, Edition, EditionStatus, Variant
from newsletter.feeds.types import Item, ItemStatus
from newsletter.render.request import ShownChange, ShownChanges, ShownItem, ShownVariant
from newsletter.workflows.changes import rendering_of, titles_of
from newsletter.workflows.draft import audience_titles
from newsletter.workflows.happened import counted
from newsletter.workflows.late import late_among
from newsletter.workflows.project import Project

#: What a mail can hold of a diff; `edition diff` shows all of it.
_MOST_CHANGES, _MOST_LINES = 20, 12


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an edition is compared with. since: as a sentence goes on after "since"."""

    since: str
    content: str


class RequestView:
    """One edition as its editors see it, in the time zone of its newsletter."""

    def __init__(self, project: Project, edition: Edition) -> None:
        self._project = project
        self._edition = edition
        self.newsletter = project.config.newsletter(edition.id.newsletter)
        self._zone = ZoneInfo(self.newsletter.timezone)
        self._titles = audience_titles(project.config, self.newsletter)
        self.variants = project.editions.variants(edition)
        chosen = dict.fromkeys(key for it in reversed(self.variants) for key in it.items)
        found = project.items.by_ids(chosen)
        #: The stories in the order in which readers meet them.
        self.items = [found[key] for key in chosen]
        self._late = late_among(edition, self.items)
        self._before = next(iter(project.editions.sent_before(edition, 1)), None)
        previous = project.editions.variants(self._before) if self._before else []
        self._old = {key for it in previous for key in it.items} & chosen.keys()

    @property
    def members(self) -> int:
        """How many get it as things stand."""
        return sum(it.recipients for it in self.variants)

    @property
    def dateline(self) -> str:
        """The edition and its numbers: "weekly/2026-11-27 · 19 stories · 5 variants · 1,207 members"."""
        numbers = (counted(self.items, "item"), counted(self.variants, "variant"))
        return " · ".join((str(self._edition.id), *numbers, counted(self.members, "member")))

    @property
    def day(self) -> str:
        """The date of the edition: "Friday 27 November 2026"."""
        day = self._edition.id.date
        return f"{day:%A} {day.day} {day:%B %Y}"

    def local(self, moment: datetime) -> datetime:
        """Return a moment by the newsletter's clock."""
        return moment.astimezone(self._zone)

    def moment(self, moment: datetime) -> str:
        """Return "Thu 26 Nov at 11:02"."""
        local = self.local(moment)
        return f"{local:%a} {local.day} {local:%b} at {local:%H:%M}"

    def whole_moment(self, moment: datetime) -> str:
        """Return "Friday 27 November 2026 at 07:00 GMT"."""
        local = self.local(moment)
        return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M %Z}"

    def name_of(self, variant: Variant) -> str:
        """Return "governors+leaders~2"."""
        return variant_name(variant.audiences, variant.number, self.newsletter.audiences)

    def titles_of(self, variant: Variant) -> str:
        """Return "Governors + School leaders", and "(2)" for a further variant of the same."""
        titles = " + ".join(title for slug, title in self._titles.items() if slug in variant.audiences)
        return titles if variant.number == 1 else f"{titles} ({variant.number})"

    def shown_variant(self, variant: Variant, file: str = "") -> ShownVariant:
        """Return a variant in a line."""
        members, items = counted(variant.recipients, "member"), counted(variant.items, "item")
        return ShownVariant(self.titles_of(variant), members, items, variant.subject, file)

    def shown_items(self) -> list[ShownItem]:
        """Return the stories; marked are those that an editor would not expect."""
        return [ShownItem(it.title, it.link, self._about(it), self._mark(it)) for it in self.items]

    def _about(self, item: Item) -> str:
        whom = ", ".join(title for slug, title in self._titles.items() if slug in item.audiences)
        return " · ".join(filter(None, [item.section or item.feed, f"for {whom}" if whom else ""]))

    def _mark(self, item: Item) -> str:
        if item in self._late:
            return f"Joined {self.moment(item.first_seen)}"
        if item.status is ItemStatus.PINNED:
            return "Pinned"
        # Of old and new ones whichever are fewer.
        few_are_new = len(self._old) * 2 > len(self.items)
        if self._before and few_are_new and item.id not in self._old:
            return "New"
        return (
            f"Also in {self._before.id}" if self._before and not few_are_new and item.id in self._old else ""
        )

    def news(self) -> Iterator[str]:
        """Yield what is new since the last edition, a sentence each."""
        yield from self._since_last()
        if self._late:
            named = "; ".join(f"{it.title} ({self.moment(it.first_seen)})" for it in self._late)
            yield f"Joined since it was first drafted: {named}."
        if self._edition.status is not EditionStatus.DRAFT or self._project.editions.approvals(self._edition):
            return
        if self.newsletter.late_items:
            yield "News that comes in before it is approved joins it, and a new mail says so."
        else:
            yield "News that comes in from now on waits for the next edition."

    def _since_last(self) -> Iterator[str]:
        if self._before is None:
            yield "It is the first edition that goes out."
            return
        new = len(self.items) - len(self._old)
        again = f"; {len(self._old)} were in it, for members who have not had them" if self._old else ""
        yield f"{new} of {counted(self.items, 'item')} are new since {self._before.id}{again}."
        [before] = self._project.editions.planned([self._before])
        more = self.members - before
        how = (
            f"{abs(more):,} {'more' if more > 0 else 'fewer'} than last time"
            if more
            else "as many as last time"
        )
        yield f"{counted(self.members, 'member')} get it, {how}."

    def changes(self, baseline: Baseline) -> ShownChanges | None:
        """Return what differs now from what was seen before; None where nothing does."""
        now = rendering_of(self._project, self._edition, self.variants)
        found = changes_between(Rendering.load(baseline.content), now)
        if not found:
            return None
        titles = titles_of(self._project, found)
        told = [_shown(it, where, titles) for it, where in found.items() if it.kind != "moved"]
        moved = [titles[it.subject] for it in found if it.kind == "moved"]
        if moved:
            told.append(ShownChange(f"In another place: {'; '.join(moved)}"))
        return ShownChanges(baseline.since, tuple(told[:_MOST_CHANGES]), len(told[_MOST_CHANGES:]))

    def lost_approval(self) -> tuple[Approval, str | None] | None:
        """Return the last approval and its content, where none stands any more."""
        if self._project.editions.approvals(self._edition):
            return None
        return self._project.editions.last_approved(self._edition)

    def baseline(self, told: Sequence[Request]) -> Baseline | None:
        """Return what editors have seen last and something else than now. told: oldest first."""
        lost = self.lost_approval()
        if lost and lost[1]:
            return Baseline(f"{lost[0].name} approved it on {self.moment(lost[0].at)}", lost[1])
        earlier = [it for it in told if it.hash != self._edition.hash]
        if not earlier or told[-1].hash == self._edition.hash:
            return None
        return Baseline(f"the mail of {self.moment(earlier[-1].at)}", earlier[-1].content)


def _shown(change: Change, where: Sequence[str], titles: dict[str, str]) -> ShownChange:
    lines = tuple(change.lines())
    cut = lines if len(lines) <= _MOST_LINES else (*lines[:_MOST_LINES], ("+", "…"))
    return ShownChange(change.told(titles), ", ".join(where), cut)
