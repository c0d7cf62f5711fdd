"""Send: plan an approved edition's deliveries and dispatch them, or go on where an earlier run stopped."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.compose import Assignment, FrozenVariant, assign, in_order
from newsletter.editions.types import DeliveryCounts, Edition, EditionStatus, HistoryGroup
from newsletter.errors import EditionChanged, EditionError, EmptyEdition, NotApproved
from newsletter.store.deliveries import DeliveryStore
from newsletter.workflows.approve import approve_edition, refuse_changed, refuse_empty, refuse_other_headers
from newsletter.workflows.dispatch import Dispatch, Way
from newsletter.workflows.find import find_edition
from newsletter.workflows.ledger import Ledger
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project

#: An audience is far from its usual size when it is over by both.
_UNUSUAL_SHARE, _UNUSUAL_NUMBER = 0.25, 20
#: How often we look whether another sender of the same edition still lives.
_FIRST_WATCH_S, _LONGEST_WATCH_S = 1.0, 10.0


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
    """How far it came. problem: what stopped it; interrupted: a person did; exhausted: relays at a limit."""

    edition: Edition
    counts: DeliveryCounts
    sent_now: int
    seconds: float
    interrupted: bool = False
    problem: Exception | None = None
    exhausted: frozenset[str] = frozenset()


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
    assignment = choice.assign(groups)
    recipients: dict[int, int] = {}
    for group, variant in assignment.served:
        recipients[variant.key] = recipients.get(variant.key, 0) + group.members
    return SendPlan(edition, recipients, assignment.unserved, assignment.nothing_new)


def begin_sending(project: Project, text: str, now: datetime, *, confirmed: int | None = None) -> Edition:
    """Write the deliveries of an approved edition; one that is being sent already stays as it is.

    confirmed: the number of recipients that a person has seen, where it is far from the usual. Raises
    NotApproved, EmptyEdition, or EditionError for an unusual number; nothing is planned then.
    """
    edition = find_edition(project, text)
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
        served = choice.assign(groups).served
        _refuse_unusual(edition, sum(group.members for group, _ in served), usual, confirmed)
        return served

    project.recipients.plan(edition, choice.items, choose, now, consent_only=_consent_only(project, edition))
    begun = find_edition(project, str(edition.id))
    if begun.status not in (EditionStatus.SENDING, EditionStatus.SENT):
        raise EditionChanged(f"{edition.id} was changed by another process", hint="look at it again")
    return begun


def dispatch_edition(
    project: Project,
    edition: Edition,
    ways: list[Way],
    now: datetime,
    on_outcome: Callable[[], None] = lambda: None,
) -> SendResult:
    """Send what is pending, and take over what a dead process left behind, until nothing is pending.

    The first Ctrl-C, SIGTERM or SIGHUP lets the messages in hand finish; the second stops at once, and they
    become unknown. Raises StoreError when outcomes cannot be noted: sending stops at once then.
    """
    began = time.monotonic()
    worker = project.workers.begin(now)
    resend = project.config.newsletter(edition.id.newsletter).on_unknown == "resend"
    store = DeliveryStore(project.database, worker, resend=resend)
    store.recover(edition, project.workers.dead(), now)
    store.wake_deferred(edition, now)
    messages = MessageMaker(project.config, edition, project.editions.rendered)
    ledger = Ledger(store)
    dispatch = Dispatch(edition, ledger, messages, ways, on_outcome)
    interrupted = asyncio.run(_dispatch(project, edition, dispatch, ledger))
    if dispatch.cut_off:  # what was in hand is in doubt, and nobody knows it better than we do
        store.recover(edition, [worker], datetime.now(UTC))
    counts = _finish(project, edition)
    project.workers.end(worker)
    return SendResult(
        find_edition(project, str(edition.id)),
        counts,
        dispatch.done[DeliveryStatus.SENT],
        time.monotonic() - began,
        interrupted,
        dispatch.problem,
        frozenset(dispatch.exhausted) if counts.pending else frozenset(),
    )


def _finish(project: Project, edition: Edition) -> DeliveryCounts:
    """Note that an edition is sent when every delivery has come to its end; return the counts."""
    counts = project.editions.counts(edition)
    if not counts.open:
        project.editions.finish(edition, datetime.now(UTC))
    return counts


async def _dispatch(project: Project, edition: Edition, dispatch: Dispatch, ledger: Ledger) -> bool:
    """Run a dispatch to its end; return whether a person interrupted it."""
    task = asyncio.create_task(_until_nothing_is_pending(project, edition, dispatch, ledger))
    interrupted = _stop_on_signals(dispatch, task)
    try:
        await task
    except asyncio.CancelledError:
        dispatch.cut_off = True
    finally:
        ledger.close()
    return bool(interrupted)


async def _until_nothing_is_pending(
    project: Project, edition: Edition, dispatch: Dispatch, ledger: Ledger
) -> None:
    """Send, and watch over another sender that holds the rest: what it leaves when it dies is ours."""
    watch_s = _FIRST_WATCH_S
    while True:
        await dispatch.run()
        counts = await ledger.run(lambda _: project.editions.counts(edition))
        if dispatch.stopped or not counts.pending + counts.sending:
            return
        await dispatch.pause(watch_s)
        watch_s = min(watch_s * 2, _LONGEST_WATCH_S)
        await ledger.run(lambda store: store.recover(edition, project.workers.dead(), datetime.now(UTC)))


def _stop_on_signals(dispatch: Dispatch, task: asyncio.Task[None]) -> list[int]:
    """Stop gently on the first signal and at once on the second; the list fills with those that came."""
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        if len(came) == 1:
            dispatch.stop()
        else:
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            loop.add_signal_handler(number, stop, number)
    return came


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


def _consent_only(project: Project, edition: Edition) -> bool:
    return project.config.newsletter(edition.id.newsletter).purpose == "marketing"


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
