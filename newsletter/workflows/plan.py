"""Plan: who gets which variant of an edition, and the deliveries that this makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.editions.compose import Assignment, FrozenVariant
from newsletter.editions.types import Edition, EditionStatus, HistoryGroup
from newsletter.editions.usual import is_far
from newsletter.errors import EditionChanged, EditionError, EmptyEdition
from newsletter.workflows.approve import approve_edition, refuse_unapproved
from newsletter.workflows.choice import Choice, consent_only, regular_members
from newsletter.workflows.control import finish_edition, go_on
from newsletter.workflows.enough import refuse_empty
from newsletter.workflows.find import find_edition
from newsletter.workflows.project import Project
from newsletter.workflows.renderable import Renderable, refuse_unrenderable
from newsletter.workflows.restored import guard_restored
from newsletter.workflows.unchanged import refuse_changed, refuse_other_headers

#: What SQLite was seen to write for a delivery, with its indexes and attempts: its plan and its sending.
_DELIVERY_BYTES = 440


@dataclass(frozen=True, slots=True)
class SendPlan:
    """Who would get what.

    recipients: by key of the variant. unserved: no approved variant fits them, so what is new for them comes
    with the next edition. nothing_new: the edition holds nothing that they have not had.
    """

    edition: Edition
    recipients: dict[int, int]
    unserved: tuple[HistoryGroup, ...] = ()
    nothing_new: tuple[HistoryGroup, ...] = ()

    @property
    def total(self) -> int:
        """How many members get it."""
        return sum(self.recipients.values())


def plan_send(project: Project, text: str, now: datetime) -> SendPlan:
    """Say who gets what of an edition; nothing is written. Raises NotApproved where sending would."""
    edition = find_edition(project, text)
    if edition.status not in (EditionStatus.DRAFT, EditionStatus.APPROVED):
        planned = {variant.key: variant.recipients for variant in project.editions.variants(edition)}
        return SendPlan(edition, planned)
    if edition.status is EditionStatus.APPROVED:
        refuse_unapproved(project, edition)
        refuse_changed(project, edition, project.editions.variants(edition))
    choice = Choice(project, edition)
    groups = project.recipients.groups(
        edition.id.newsletter,
        choice.items,
        now,
        edition=edition,
        day=edition.id.date,
        consent_only=consent_only(project, edition),
    )
    return _plan_of(edition, choice.assign(groups))


def begin_sending(
    project: Project,
    text: str,
    now: datetime,
    *,
    confirmed: int | None = None,
    on_plan: Callable[[SendPlan], None] = lambda _: None,
) -> Edition:
    """Write the deliveries of an approved edition; one that is being sent already stays as it is.

    confirmed: the number of recipients that a person has seen, where it is far from the usual. on_plan: is
    told who gets what, and who does not, where it was not planned before. Raises NotApproved, EmptyEdition,
    EditionError for an unusual number, RenderError for too many whose values do not fit, or StoreError for a
    disk without room; nothing is planned then.
    """
    for _ in guard_restored(project, now):
        pass  # what it stopped is refused below, with its reason
    edition = go_on(project, find_edition(project, text))
    if edition.status in (EditionStatus.SENDING, EditionStatus.SENT):
        finish_edition(project, edition, now)  # a process may have died when all was done but this
        if edition.status is EditionStatus.SENDING:
            refuse_other_headers(project, edition, project.editions.variants(edition))
            refuse_unrenderable(project, edition, now)
        return find_edition(project, str(edition.id))
    edition = _approved(project, edition, now)
    variants = project.editions.variants(edition)
    refuse_empty(project, edition, variants)
    refuse_changed(project, edition, variants)
    choice = Choice(project, edition)
    usual = next(iter(project.editions.planned(project.editions.sent_before(edition, 1))), None)
    renderable = Renderable(project, edition, now)
    planned: list[SendPlan] = []

    def choose(groups: Sequence[HistoryGroup]) -> Sequence[tuple[HistoryGroup, FrozenVariant]]:
        assignment = choice.assign(groups)
        plan = _plan_of(edition, assignment)
        _refuse_unusual(plan, regular_members(assignment), usual, confirmed)
        project.database.require_room(plan.total * _DELIVERY_BYTES)
        planned.append(plan)
        return assignment.served

    done = project.recipients.plan(
        edition,
        choice.items,
        choose,
        now,
        needs=renderable.needs,
        check=lambda doubtful: renderable.check(planned[0].total, doubtful),
        consent_only=consent_only(project, edition),
    )
    if done:
        on_plan(planned[0])
    begun = find_edition(project, str(edition.id))
    if begun.status not in (EditionStatus.SENDING, EditionStatus.SENT):
        raise EditionChanged(f"{edition.id} was changed by another process", hint="look at it again")
    return begun


def _approved(project: Project, edition: Edition, now: datetime) -> Edition:
    newsletter = project.config.newsletter(edition.id.newsletter)
    if edition.status is EditionStatus.DRAFT and newsletter.approval == "automatic":
        return approve_edition(project, str(edition.id), 'approval = "automatic"', now)
    refuse_unapproved(project, edition)
    return edition


def _plan_of(edition: Edition, assignment: Assignment) -> SendPlan:
    recipients: dict[int, int] = {}
    for group, variant in assignment.served:
        recipients[variant.key] = recipients.get(variant.key, 0) + group.members
    return SendPlan(edition, recipients, assignment.unserved, assignment.nothing_new)


def _refuse_unusual(plan: SendPlan, regular: int, usual: int | None, confirmed: int | None) -> None:
    """Raise EditionError for a number that nobody expects.

    regular, usual: without those who get one a month.
    """
    edition, total = plan.edition, plan.total
    if not total:
        raise EmptyEdition(
            f"{edition.id} has nothing new for anyone who is on the list now",
            hint=f"newsletter edition draft {edition.id.newsletter} --date {edition.id.date} --reopen",
        )
    if confirmed is not None and confirmed != total:
        raise EditionError(
            f"{edition.id} goes to {total} members, not to the {confirmed} of --confirm",
            hint="look at the numbers again",
        )
    if usual is None or confirmed is not None:
        return
    if is_far(regular, usual):
        aside = f" and {total - regular} who get one a month" if total != regular else ""
        raise EditionError(
            f"{edition.id} would go to {regular} members{aside}, the one before went to {usual}",
            hint=f"if that is right: newsletter edition send {edition.id} --go --confirm {total}",
        )
