"""Schedules: when a newsletter of the project comes out, and what it promises about time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.config import NewsletterSettings
from newsletter.editions.agenda import Policy
from newsletter.editions.days import Days, DaySpan
from newsletter.editions.schedule import Schedule

if TYPE_CHECKING:
    from newsletter.workflows.project import Project


def schedule_of(project: Project, newsletter: NewsletterSettings, now: datetime) -> Schedule:
    """Return a newsletter's schedule with the days of its calendars; raises CalendarError."""
    return Schedule(
        newsletter.schedule,
        ZoneInfo(newsletter.timezone),
        _spans(project, newsletter.exceptions, now),
        _spans(project, newsletter.only_in, now) if newsletter.only_in else None,
        newsletter.on_exception,
    )


def policy_of(newsletter: NewsletterSettings) -> Policy:
    """Return what a newsletter promises about time."""
    automatic = newsletter.approval == "automatic"
    return Policy(newsletter.lead, newsletter.catch_up, newsletter.on_missed, automatic)


def _spans(project: Project, given: Iterable[Days], now: datetime) -> tuple[DaySpan, ...]:
    spans: list[DaySpan] = []
    for days in given:
        if isinstance(days, DaySpan):
            spans.append(days)
        else:
            from newsletter.workflows.calendars import days_of  # noqa: PLC0415 - few schedules need it

            spans += days_of(project, days, now)
    return tuple(spans)
