"""Send: plan an approved edition's deliveries and dispatch them, or go on where an earlier run stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.delivery.types import DeliveryStatus, SendProgress
from newsletter.editions.compose import Assignment, FrozenVariant, assign, in_order
from newsletter.editions.types import DeliveryCounts, Edition, EditionStatus, HistoryGroup
from newsletter.errors import EditionChanged, EditionError, EmptyEdition, NotApproved
from newsletter.store.deliveries import DeliveryStore
from newsletter.workflows.approve import approve_edition, refuse_changed, refuse_empty, refuse_other_headers
from newsletter.workflows.control import go_on
from newsletter.workflows.find import find_edition
from newsletter.workflows.project import Project
from newsletter.workflows.run import Run
from newsletter.workflows.way import Way

#: An audience is far from its usual size when it is over by both.
_UNUSUAL_SHARE, _UNUSUAL_NUMBER = 0.25, 20
#: What SQLite was seen to write for a delivery, with its indexes and attempts: its plan, which stands in the
#: write-ahead log too until it is committed, and its sending; and how long that log becomes meanwhile.
_PLAN_BYTES, _SEND_BYTES, _LOG_BYTES = 180, 260, 8_000_000


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


@dataclass(frozen=True, slots=True)
class SendResult:
    """How far it came, and what ended it before the end.

    problem: a fault; interrupted: a person at this process; halted: one who paused or cancelled the edition
    from elsewhere; exhausted: relays at their daily limit; closed_until: when the hours for sending begin.
    """

    edition: Edition
    counts: DeliveryCounts
    sent_now: int
    seconds: float
    interrupted: bool = False
    problem: Exception | None = None
    halted: EditionStatus | None = None
    exhausted: frozenset[str] = frozenset()
    closed_until: datetime | None = None


def plan_send(project: Project, text: str, now: datetime) -> SendPlan:
    """Say who gets what of an edition; nothing is written. Raises NotApproved where sending would."""
    edition = find_edition(project, text)
    if edition.status not in (EditionStatus.DRAFT, EditionStatus.APPROVED):
        planned = {variant.key: variant.recipients for variant in project.editions.variants(edition)}
        return SendPlan(edition, planned)
    if edition.status is EditionStatus.APPROVED:
        refuse_changed(project, edition, project.editions.variants(edition))
    choice = _Choice(project, edition)
    groups = project.recipients.groups(
        edition.id.newsletter,
        choice.items,
        now,
        edition=edition,
        consent_only=_consent_only(project, edition),
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
    EditionError for an unusual number, or StoreError for a disk without room; nothing is planned then.
    """
    edition = go_on(project, find_edition(project, text), now)
    if edition.status in (EditionStatus.SENDING, EditionStatus.SENT):
        _finish(project, edition)  # a process may have died when all was done but this
        if edition.status is EditionStatus.SENDING:
            refuse_other_headers(project, edition, project.editions.variants(edition))
        return find_edition(project, str(edition.id))
    edition = _approved(project, edition, now)
    variants = project.editions.variants(edition)
    refuse_empty(project, edition, variants)
    refuse_changed(project, edition, variants)
    choice = _Choice(project, edition)
    usual = project.editions.last_planned(edition)

    def choose(groups: Sequence[HistoryGroup]) -> Sequence[tuple[HistoryGroup, FrozenVariant]]:
        assignment = choice.assign(groups)
        plan = _plan_of(edition, assignment)
        _refuse_unusual(edition, plan.total, usual, confirmed)
        _require_room(project, plan.total, _PLAN_BYTES + _SEND_BYTES)
        on_plan(plan)
        return assignment.served

    project.recipients.plan(edition, choice.items, choose, now, consent_only=_consent_only(project, edition))
    begun = find_edition(project, str(edition.id))
    if begun.status not in (EditionStatus.SENDING, EditionStatus.SENT):
        raise EditionChanged(f"{edition.id} was changed by another process", hint="look at it again")
    return begun


def dispatch_edition(
    project: Project,
    edition: Edition,
    ways: Sequence[Way],
    now: datetime,
    on_progress: Callable[[SendProgress], None] = lambda _: None,
) -> SendResult:
    """Send what is pending, and take over what a dead process left behind, until nothing is pending.

    The first Ctrl-C, SIGTERM or SIGHUP lets the messages in hand finish; the second stops at once, and they
    become unknown. Raises StoreError where the disk has no room for what is written meanwhile, and when
    outcomes cannot be noted: sending stops at once then.
    """
    began = time.monotonic()
    _require_room(project, project.editions.counts(edition).open, _SEND_BYTES)
    resend = project.config.newsletter(edition.id.newsletter).on_unknown == "resend"
    worker = project.workers.begin(now)
    store = DeliveryStore(project.database, worker, resend=resend)
    neighbours = project.workers.neighbours()
    store.recover(edition, neighbours.dead, now, alive=neighbours.alive)
    store.wake_deferred(edition, now)
    run = Run(project, edition, ways, store, on_progress)
    asyncio.run(run.until_nothing_is_pending())
    dispatch = run.dispatch
    if run.cut_off:  # what was in hand is in doubt, and nobody knows it better than we do
        store.recover(edition, [worker], _clock())
    if run.course.pauses:
        project.editions.pause(edition, None, str(run.course.problem), _clock())
    counts = _finish(project, edition)
    project.workers.end(worker)
    return SendResult(
        find_edition(project, str(edition.id)),
        counts,
        run.course.done[DeliveryStatus.SENT],
        time.monotonic() - began,
        run.interrupted,
        run.course.problem,
        dispatch.halted,
        dispatch.exhausted if counts.pending else frozenset(),
        run.closed_until if counts.pending else None,
    )


def _finish(project: Project, edition: Edition) -> DeliveryCounts:
    """Note that an edition is sent when every delivery has come to its end; return the counts."""
    project.editions.call_off_rest(edition, _clock())
    counts = project.editions.counts(edition)
    if not counts.open:
        project.editions.finish(edition, _clock())
    return counts


def _approved(project: Project, edition: Edition, now: datetime) -> Edition:
    newsletter = project.config.newsletter(edition.id.newsletter)
    if edition.status is EditionStatus.DRAFT and newsletter.approval == "automatic":
        return approve_edition(project, str(edition.id), 'approval = "automatic"', now)
    if edition.status is not EditionStatus.APPROVED or edition.approved_by is None:
        raise NotApproved(
            f"{edition.id} is not approved, and only approved editions are sent",
            hint=f"look at it with: newsletter edition preview {edition.id} --open, and then: "
            f"newsletter edition approve {edition.id}",
        )
    return edition


def _clock() -> datetime:
    return datetime.now(UTC)


class _Choice:
    """The frozen variants of an edition and who each item is for now: all that decides who gets which."""

    def __init__(self, project: Project, edition: Edition) -> None:
        variants = project.editions.variants(edition)
        self._variants = [FrozenVariant(v.key, v.audiences, v.items) for v in variants]
        found = project.items.by_ids({item for variant in variants for item in variant.items})
        #: Audiences by item, of all items in the edition.
        self.items = {item.id: item.audiences for item in in_order(found.values())}

    def assign(self, groups: Iterable[HistoryGroup]) -> Assignment:
        """Give each group its variant."""
        return assign(self._variants, groups, self.items)


def _plan_of(edition: Edition, assignment: Assignment) -> SendPlan:
    recipients: dict[int, int] = {}
    for group, variant in assignment.served:
        recipients[variant.key] = recipients.get(variant.key, 0) + group.members
    return SendPlan(edition, recipients, assignment.unserved, assignment.nothing_new)


def _consent_only(project: Project, edition: Edition) -> bool:
    return project.config.newsletter(edition.id.newsletter).purpose == "marketing"


def _require_room(project: Project, count: int, each_bytes: int) -> None:
    """Raise StoreError where the disk has less room than twice what is going to be written."""
    project.database.require_room(2 * (count * each_bytes + _LOG_BYTES))


def _refuse_unusual(edition: Edition, total: int, usual: int | None, confirmed: int | None) -> None:
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
    if abs(total - usual) > max(usual * _UNUSUAL_SHARE, _UNUSUAL_NUMBER):
        raise EditionError(
            f"{edition.id} would go to {total} members, the one before went to {usual}",
            hint=f"if that is right: newsletter edition send {edition.id} --go --confirm {total}",
        )
