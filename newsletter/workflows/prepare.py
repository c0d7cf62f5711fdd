"""Prepare: bring the editions of a newsletter as far as they can come at a moment without sending anything.

What is to be done is decided by the agenda. Every step brings its edition into another state, so the same
question, asked again in the next round or by another process, finds it done.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from newsletter.config import NewsletterSettings
from newsletter.editions.agenda import Action, Step
from newsletter.editions.types import Edition, EditionId, EditionStatus
from newsletter.errors import EditionChanged, EmptyEdition, NewsletterError, StoreError
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.due import changed_editions, due_steps
from newsletter.workflows.enough import refuse_empty
from newsletter.workflows.find import find_edition
from newsletter.workflows.happened import Happened, Kind, counted
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project
from newsletter.workflows.sort import sort_when_rules_changed


def prepare(project: Project, newsletter: NewsletterSettings, now: datetime) -> Iterator[Happened]:
    """Draft, approve where nobody needs to, begin to send, hold or skip what the time has come for.

    Raises what drafting raises; what was done before stands.
    """
    sort_when_rules_changed(project)
    preparation = _Preparation(project, now)
    while steps := due_steps(project, newsletter, now):
        for step in steps:
            yield preparation.take(EditionId(newsletter.name, step.date), step)


def bring_up_to_date(project: Project, newsletter: NewsletterSettings, now: datetime) -> Iterator[Happened]:
    """Let what has just come in join the drafts that nobody has approved yet, and name it."""
    if not newsletter.late_items:
        return
    sort_when_rules_changed(project)
    for edition in project.editions.standing(newsletter.name, 0):
        if edition.status is not EditionStatus.DRAFT or project.editions.approvals(edition):
            continue
        before = _items(project, edition)
        drafted = draft_edition(project, newsletter.name, now, day=edition.id.date).edition
        joined = project.items.by_ids(_items(project, drafted) - before)
        if joined:
            titles = "; ".join(item.title for item in joined.values())
            yield Happened(
                Kind.DRAFTED, str(edition.id), f"{counted(joined, 'item')} joined the draft: {titles}"
            )


def draft_changed(project: Project, newsletter: NewsletterSettings, now: datetime) -> Iterator[Happened]:
    """Draft again what somebody has changed since it was drafted; an approval of it is lost.

    What was held stays held, so that only a person's word lets it go.
    """
    sort_when_rules_changed(project)
    for edition, changed in changed_editions(project, newsletter):
        approved = project.editions.approvals(edition)
        draft_edition(
            project, newsletter.name, now, day=edition.id.date, reopen=True, late=newsletter.late_items
        )
        if edition.status is EditionStatus.HELD:
            again = find_edition(project, str(edition.id))
            project.editions.hold(again, f"{edition.pause_reason}; {changed}", now)
        told = f"drafted again: {changed}"
        if not approved:
            yield Happened(Kind.DRAFTED, str(edition.id), told)
            continue
        names = " and ".join(it.name for it in approved)
        told += f"; it is no longer what {names} approved, and asks for approval again"
        yield Happened(
            Kind.DRAFTED, str(edition.id), told, f"what has changed: newsletter edition diff {edition.id}"
        )


class _Preparation:
    """Takes steps at one time."""

    def __init__(self, project: Project, now: datetime) -> None:
        self._project = project
        self._now = now

    def take(self, edition_id: EditionId, step: Step) -> Happened:
        """Take a step; an edition without enough to send, or without anybody to get it, is skipped."""
        actions = {
            Action.DRAFT: self._draft,
            Action.SEND: self._begin,
            Action.HOLD: self._hold,
            Action.SKIP: self._skip,
        }
        try:
            return actions[step.action](edition_id, step.reason)
        except EmptyEdition as fault:
            return self._skip(edition_id, str(fault).removeprefix(f"{edition_id} "))

    def _draft(self, edition_id: EditionId, _reason: str) -> Happened:
        made = draft_edition(self._project, edition_id.newsletter, self._now, day=edition_id.date).edition
        members = sum(variant.recipients for variant in self._project.editions.variants(made))
        items = counted(_items(self._project, made), "item")
        words = f"drafted, {items} for {counted(members, 'member')}"
        if self._is_automatic(edition_id):
            return Happened(Kind.DRAFTED, str(edition_id), words)
        hint = f"look at it and approve it: newsletter edition preview {edition_id} --open"
        return Happened(Kind.DRAFTED, str(edition_id), f"{words}; it waits for approval", hint)

    def _begin(self, edition_id: EditionId, reason: str) -> Happened:
        """Fix who gets it; it is held where that cannot be."""
        try:
            if self._is_automatic(edition_id):
                self._approve(edition_id)
            begun = begin_sending(self._project, str(edition_id), self._now)
        except (EmptyEdition, EditionChanged, StoreError):  # nobody's decision: skipped, or tried again
            raise
        except NewsletterError as fault:
            return self._keep_back(edition_id, f"{reason}; {fault}", fault.hint)
        planned = self._project.editions.counts(begun).planned
        return Happened(Kind.BEGUN, str(edition_id), f"goes out to {counted(planned, 'member')}")

    def _approve(self, edition_id: EditionId) -> None:
        """Approve a draft by itself, with all that has come in until now and may join it."""
        if find_edition(self._project, str(edition_id)).status is EditionStatus.DRAFT:
            late = self._project.config.newsletter(edition_id.newsletter).late_items
            draft_edition(self._project, edition_id.newsletter, self._now, day=edition_id.date, late=late)
            approve_edition(self._project, str(edition_id), 'approval = "automatic"', self._now)

    def _hold(self, edition_id: EditionId, reason: str) -> Happened:
        edition = find_edition(self._project, str(edition_id))
        refuse_empty(self._project, edition, self._project.editions.variants(edition))
        hint = f"approve it, and the next run sends it: newsletter edition approve {edition_id}"
        return self._keep_back(edition_id, reason, hint)

    def _keep_back(self, edition_id: EditionId, reason: str, hint: str) -> Happened:
        self._project.editions.hold(find_edition(self._project, str(edition_id)), reason, self._now)
        return Happened(Kind.HELD, str(edition_id), f"held: {reason}", hint)

    def _skip(self, edition_id: EditionId, reason: str) -> Happened:
        self._project.editions.skip(edition_id, reason, self._now)
        return Happened(Kind.SKIPPED, str(edition_id), f"skipped: {reason}")

    def _is_automatic(self, edition_id: EditionId) -> bool:
        return self._project.config.newsletter(edition_id.newsletter).approval == "automatic"


def _items(project: Project, edition: Edition) -> set[int]:
    return {key for variant in project.editions.variants(edition) for key in variant.items}
