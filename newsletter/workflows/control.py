"""Control: a person pauses an edition that goes out, lets it go on, calls it off, or settles its doubts.

What a dead sender left in hand is taken stock of first, so that a word about what is unknown covers it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.editions.types import UNDECIDED, DeliveryCounts, Edition, EditionStatus
from newsletter.errors import AlreadySent, EditionError
from newsletter.store.control import Settling
from newsletter.store.deliveries import DeliveryStore
from newsletter.workflows.find import find_edition
from newsletter.workflows.project import Project
from newsletter.workflows.renderable import refuse_unrenderable
from newsletter.workflows.restored import guard_restored
from newsletter.workflows.unchanged import refuse_other_headers


@dataclass(frozen=True, slots=True)
class Controlled:
    """An edition after a person's word. changed: whether that did anything; settled: unknown deliveries."""

    edition: Edition
    counts: DeliveryCounts
    changed: bool
    settled: int = 0


def pause_edition(project: Project, text: str, by: str, reason: str, now: datetime) -> Controlled:
    """Stop sending an edition for a while; one that a person has paused already stays as it is.

    Raises EditionError when nothing of it is being sent.
    """
    edition = find_edition(project, text)
    if edition.status in UNDECIDED:
        raise EditionError(
            f"nothing of {edition.id} is being sent: it is {_how(edition)}",
            hint=f"to call it off: newsletter edition cancel {edition.id}",
        )
    changed = project.editions.pause(edition, _name(edition, by), _line(reason), now)
    paused = _taken_stock(project, edition, now, changed=changed)
    if paused.edition.status is not EditionStatus.PAUSED:
        raise AlreadySent(f"{edition.id} is {paused.edition.status}, there is nothing to pause")
    return paused


def cancel_edition(project: Project, text: str, by: str, reason: str, now: datetime) -> Controlled:
    """Call an edition off for good; one that is cancelled already stays so.

    What came back to it since then is called off too. Raises AlreadySent when it has gone out.
    """
    edition = find_edition(project, text)
    changed = project.editions.cancel(edition, _name(edition, by), _line(reason), now)
    cancelled = _taken_stock(project, edition, now, changed=changed)
    if cancelled.edition.status is not EditionStatus.CANCELLED:
        raise AlreadySent(f"{edition.id} is {cancelled.edition.status}, there is nothing to cancel")
    return cancelled


def resume_edition(
    project: Project, text: str, by: str, now: datetime, unknown: Settling | None = None
) -> Controlled:
    """Let a paused edition go on, and settle its unknown deliveries where a person says how.

    One that is not paused, or has nothing unknown, stays as it is. Nothing is sent yet. Raises EditionError
    when it never began or was cancelled, NotApproved when its sender changed meanwhile, RenderError where too
    many who wait cannot be written to.
    """
    edition = find_edition(project, text)
    if [*guard_restored(project, now)]:
        raise EditionError(
            f"{edition.id}: the database was put back from an older copy, and this may have gone out since",
            hint=f"look in the relay's log, and say it again: newsletter edition resume {edition.id}",
        )
    if edition.status in UNDECIDED:
        raise EditionError(
            f"{edition.id} is {_how(edition)}, nothing of it has been sent yet",
            hint=f"see who would get it: newsletter edition send {edition.id}",
        )
    if edition.status is EditionStatus.CANCELLED and unknown != "sent":
        raise _cancelled(edition)
    if edition.status is EditionStatus.PAUSED or unknown == "resend":
        refuse_other_headers(project, edition, project.editions.variants(edition))
        refuse_unrenderable(project, edition, now)
    _take_stock(project, edition, now)
    settled = project.editions.resume(edition, _name(edition, by), now, unknown)
    return _result(project, edition, changed=settled is not None, settled=settled or 0)


def go_on(project: Project, edition: Edition) -> Edition:
    """Return an edition that is not paused: when the program paused it by itself, that ends here.

    Raises EditionError when a person paused it, or called it off.
    """
    if edition.status is EditionStatus.PAUSED:
        project.editions.go_on(edition)
        edition = find_edition(project, str(edition.id))
    if edition.status is EditionStatus.CANCELLED:
        raise _cancelled(edition)
    if edition.status is EditionStatus.PAUSED:
        raise EditionError(
            f"{edition.id} was {halted(edition)}",
            hint=f"let it go on with: newsletter edition resume {edition.id}",
        )
    return edition


def finish_edition(project: Project, edition: Edition, now: datetime) -> DeliveryCounts:
    """Note that an edition is sent when every delivery has come to its end; return the counts."""
    project.editions.call_off_rest(edition, now)
    counts = project.editions.counts(edition)
    if not counts.open:
        project.editions.finish(edition, now)
    return counts


def halted(edition: Edition) -> str:
    """Return "paused by Anna on 2026-11-27 at 07:12: a slip in the title"; for a cancelled one likewise."""
    itself = " by itself" if edition.status is EditionStatus.PAUSED else ""
    by = f" by {edition.paused_by}" if edition.paused_by else itself
    # In the machine's own time zone, as people read it.
    when = f" on {edition.halted_at.astimezone():%Y-%m-%d at %H:%M}" if edition.halted_at else ""
    why = f": {edition.pause_reason}" if edition.pause_reason else ""
    return f"{edition.status}{by}{when}{why}"


def _cancelled(edition: Edition) -> EditionError:
    return EditionError(
        f"{edition.id} was {halted(edition)}; that is final",
        hint=f"what became of it: newsletter edition report {edition.id}",
    )


def _how(edition: Edition) -> str:
    return "a draft" if edition.status is EditionStatus.DRAFT else str(edition.status)


def _name(edition: Edition, by: str) -> str:
    if not by.strip():
        raise EditionError(f"{edition.id}: somebody's name is needed", hint="--by NAME")
    return _line(by)


def _line(words: str) -> str:
    return " ".join(words.split())


def _taken_stock(project: Project, edition: Edition, now: datetime, *, changed: bool) -> Controlled:
    _take_stock(project, edition, now)
    return _result(project, edition, changed=changed)


def _take_stock(project: Project, edition: Edition, now: datetime) -> None:
    """Set down as unknown what dead senders had in hand."""
    neighbours = project.workers.neighbours()
    DeliveryStore(project.database, "").recover(edition, neighbours.dead, now, alive=neighbours.alive)


def _result(project: Project, edition: Edition, *, changed: bool, settled: int = 0) -> Controlled:
    found = find_edition(project, str(edition.id))
    return Controlled(found, project.editions.counts(found), changed, settled)
