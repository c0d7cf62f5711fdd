"""Send: dispatch what is pending of an edition, or go on where an earlier run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from newsletter.delivery.types import DeliveryStatus, SendProgress
from newsletter.editions.types import DeliveryCounts, Edition
from newsletter.store.deliveries import DeliveryStore, Recovered
from newsletter.workflows.control import finish_edition
from newsletter.workflows.find import find_edition
from newsletter.workflows.loop import run_in_loop
from newsletter.workflows.project import Project
from newsletter.workflows.run import Run
from newsletter.workflows.way import Way

#: What SQLite was seen to write for a delivery while it is sent, with its indexes and attempts.
_SEND_BYTES = 260


@dataclass(frozen=True, slots=True)
class SendResult:
    """How far it came, and what ended it before the end.

    problem: a fault; interrupted: a person at this process; exhausted: relays at their daily limit;
    closed_until: when the hours for sending begin. One that was paused or cancelled from elsewhere says so by
    its status.
    """

    edition: Edition
    counts: DeliveryCounts
    sent_now: int
    seconds: float
    interrupted: bool = False
    problem: Exception | None = None
    exhausted: frozenset[str] = frozenset()
    closed_until: datetime | None = None
    #: What earlier senders that died had left behind, and what this one did when it was stopped at once.
    recovered: Recovered = field(default_factory=Recovered)
    dropped: Recovered = field(default_factory=Recovered)


def dispatch_edition(
    project: Project,
    edition: Edition,
    ways: Sequence[Way],
    now: datetime,
    on_progress: Callable[[SendProgress], None] = lambda _: None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SendResult:
    """Send what is pending, and take over what a dead process left behind, until nothing is pending.

    The first Ctrl-C, SIGTERM or SIGHUP lets the messages in hand finish; the second stops at once, and they
    become unknown. Raises StoreError where the disk has no room for what is written meanwhile, and when
    outcomes cannot be noted: sending stops at once then.
    """
    began = time.monotonic()
    project.database.require_room(project.editions.counts(edition).open * _SEND_BYTES)
    resend = project.config.newsletter(edition.id.newsletter).on_unknown == "resend"
    worker = project.workers.begin(now)
    store = DeliveryStore(project.database, worker, resend=resend)
    neighbours = project.workers.neighbours()
    recovered = store.recover(edition, neighbours.dead, now, alive=neighbours.alive)
    store.wake_deferred(edition, now)
    run = Run(project, edition, ways, store, on_progress, clock=clock)
    run_in_loop(run.until_nothing_is_pending())
    dispatch = run.dispatch
    # What was in hand is in doubt then, and nobody knows it better than we do.
    dropped = store.recover(edition, [worker], clock()) if run.cut_off else Recovered()
    if run.course.pauses:
        project.editions.pause(edition, None, str(run.course.problem), clock())
    counts = finish_edition(project, edition, clock())
    project.workers.end(worker)
    return SendResult(
        find_edition(project, str(edition.id)),
        counts,
        run.course.done[DeliveryStatus.SENT],
        time.monotonic() - began,
        run.interrupted,
        run.course.problem,
        dispatch.exhausted if counts.pending else frozenset(),
        run.closed_until if counts.pending else None,
        recovered,
        dropped,
    )
