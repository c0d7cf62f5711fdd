"""Send due: let the editions of a newsletter go on going out, as far as the hour and the relays allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.delivery.window import open_at
from newsletter.editions.types import Edition
from newsletter.workflows.happened import Happened, Kind
from newsletter.workflows.project import Project
from newsletter.workflows.send import SendResult, dispatch_edition
from newsletter.workflows.ways import relay_rests, ways_out


def send_due(project: Project, name: str, clock: Callable[[], datetime]) -> Iterator[Happened]:
    """Send what may leave of a newsletter now; a person who interrupts ends it."""
    ways = ways_out(project)
    for edition in project.editions.going_out(clock()):
        if edition.id.newsletter == name and _may_leave(project, edition, clock()):
            result = dispatch_edition(project, edition, ways, clock(), clock=clock)
            yield from _told(result)
            if result.interrupted:
                return


def _may_leave(project: Project, edition: Edition, now: datetime) -> bool:
    """Whether the hour, the relays, and whoever else sends it, leave anything to do here."""
    newsletter = project.config.newsletter(edition.id.newsletter)
    return (
        open_at(newsletter.window, now, ZoneInfo(newsletter.timezone))
        and not project.workers.senders(edition)
        and any(not (it.down_until or it.full_until) for it in relay_rests(project))
    )


def _told(result: SendResult) -> Iterator[Happened]:
    subject, counts = str(result.edition.id), result.counts
    told = ", ".join(f"{count:,} {name}" for name, count in counts.by_status().items() if count)
    report = f"newsletter edition report {subject}"
    if result.problem:
        hint = getattr(result.problem, "hint", "") or report
        yield Happened(Kind.FAILED, subject, f"{result.problem}; {told}", hint)
    elif result.interrupted:
        yield Happened(Kind.INTERRUPTED, subject, f"interrupted: {told}; the next run goes on")
    elif result.sent_now or not counts.open:
        yield Happened(Kind.SENT, subject, told, report if counts.sent != counts.planned else "")
