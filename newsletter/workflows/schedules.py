"""Schedules: when a newsletter of the project comes out, and what it promises about time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.config import NewsletterSettings
from newsletter.editions.agenda import Policy, Standing, Step, agenda
from newsletter.editions.approval import Approvers
from newsletter.editions.days import Days, DaySpan
from newsletter.editions.schedule import Occasion, Schedule
from newsletter.editions.types import Edition, EditionId, EditionStatus

if TYPE_CHECKING:
    from newsletter.workflows.project import Project

#: Among them is one that was on the schedule, whatever was made by hand.
_LAST = 10


def schedule_of(project: Project, newsletter: NewsletterSettings, now: datetime) -> Schedule:
    """Return a newsletter's schedule with the days of its calendars; raises CalendarError."""
    return Schedule(
        newsletter.schedule,
        ZoneInfo(newsletter.timezone),
        _spans(project, newsletter.exceptions, now),
        _spans(project, newsletter.only_in, now) if newsletter.only_in else None,
        newsletter.on_exception,
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will happen on one date. edition: where there is one already; times by the newsletter's clock."""

    occasion: Occasion
    local: datetime
    drafted_from: datetime
    edition: Edition | None


def forecast(project: Project, newsletter: NewsletterSettings, now: datetime, number: int) -> list[Forecast]:
    """Return the next occasions of a newsletter, the skipped ones among them; raises CalendarError."""
    schedule = schedule_of(project, newsletter, now)
    coming = (it for it in schedule.occasions(schedule.local(now).date()) if it.due > now)
    return [_forecast(project, newsletter, schedule, it) for it in islice(coming, number)]


def _forecast(
    project: Project, newsletter: NewsletterSettings, schedule: Schedule, occasion: Occasion
) -> Forecast:
    edition = project.editions.find(EditionId(newsletter.name, occasion.date))
    drafted_from = schedule.local(occasion.due - newsletter.lead)
    return Forecast(occasion, schedule.local(occasion.due), drafted_from, edition)


def next_due(project: Project, newsletter: NewsletterSettings, now: datetime) -> datetime | None:
    """Return when the next edition is due, by the newsletter's clock; raises CalendarError."""
    schedule = schedule_of(project, newsletter, now)
    coming = (it.due for it in schedule.editions(schedule.local(now).date()) if it.due > now)
    due = next(coming, None)
    return schedule.local(due) if due else None


def agenda_of(
    project: Project,
    newsletter: NewsletterSettings,
    now: datetime,
    since: datetime,
    restored: datetime | None = None,
) -> Callable[[datetime], list[Step]]:
    """Return what tells the steps of a newsletter at a moment, as things stand now; raises CalendarError.

    since: when scheduled runs began. restored: when the database was put back from a copy.
    """
    editions = project.editions.standing(newsletter.name, _LAST)
    drafts = [edition for edition in editions if edition.status is EditionStatus.DRAFT]
    items = {draft.id.date: _count_items(project, draft) for draft in drafts}
    approvers = Approvers(newsletter.approvers, newsletter.approvals)
    found = {draft.id.date: project.editions.approvals(draft) for draft in drafts}
    approvals = {day: f"it has {approvers.told(names)}" for day, names in found.items() if names}
    standing = Standing(editions, items, since, approvals, restored)
    return partial(agenda, schedule_of(project, newsletter, now), _policy(newsletter), standing)


def _count_items(project: Project, edition: Edition) -> int:
    return len({item for variant in project.editions.variants(edition) for item in variant.items})


def _policy(newsletter: NewsletterSettings) -> Policy:
    automatic = newsletter.approval == "automatic"
    return Policy(newsletter.lead, newsletter.catch_up, newsletter.on_missed, automatic, newsletter.min_items)


def _spans(project: Project, given: Iterable[Days], now: datetime) -> tuple[DaySpan, ...]:
    spans: list[DaySpan] = []
    for days in given:
        if isinstance(days, DaySpan):
            spans.append(days)
        else:
            from newsletter.workflows.calendars import days_of  # noqa: PLC0415 - few schedules need it

            spans += days_of(project, days, now)
    return tuple(spans)
