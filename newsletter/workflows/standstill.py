"""Standstill: what keeps an edition that goes out from going on, gathered from where it is known."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.delivery.window import next_opening
from newsletter.editions.standstill import Standstill, Surroundings, why_still
from newsletter.editions.types import Edition, EditionStatus
from newsletter.workflows.project import Project
from newsletter.workflows.ways import relay_rests


def standstill(project: Project, edition: Edition, now: datetime) -> tuple[Standstill, ...]:
    """Return why deliveries of an edition do not leave at this moment."""
    if edition.status not in (EditionStatus.SENDING, EditionStatus.PAUSED):
        return ()
    newsletter = project.config.newsletter(edition.id.newsletter)
    around = Surroundings(
        project.workers.senders(edition),
        relay_rests(project),
        next_opening(newsletter.window, now, ZoneInfo(newsletter.timezone)),
        project.reports.next_retry(edition),
    )
    return why_still(edition, project.editions.counts(edition), around, now)
