"""Due: what it is time for. Nothing heavy is imported here, since mostly it is time for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.config import NewsletterSettings
from newsletter.editions.agenda import Step
from newsletter.editions.asking import RequestKind
from newsletter.editions.types import Edition
from newsletter.store.settings import SettingStore
from newsletter.workflows.ask import mails_due
from newsletter.workflows.project import Project
from newsletter.workflows.schedules import steps_now
from newsletter.workflows.unchanged import change_since_draft

#: cron is not punctual: a feed that is due within this is read now, and not a whole minute late.
_SLACK = timedelta(seconds=30)
_BEGAN = "runs began at"


@dataclass(frozen=True, slots=True)
class Due:
    """What a round would do.

    feeds: to read; changed: editions to draft again, with what has changed; steps: by newsletter; mails: to
    editors, what about and to whom; going_out: editions that may go on going out.
    """

    feeds: list[str]
    changed: list[tuple[Edition, str]]
    steps: list[tuple[str, Step]]
    mails: list[tuple[Edition, RequestKind, list[str]]]
    going_out: list[Edition]


def what_is_due(project: Project, now: datetime) -> Due:
    """Say what a round would begin with now."""
    newsletters = project.config.settings.newsletters
    return Due(
        due_feeds(project, now),
        [it for newsletter in newsletters for it in changed_editions(project, newsletter)],
        [(it.name, step) for it in newsletters for step in due_steps(project, it, now)],
        [it for newsletter in newsletters for it in mails_due(project, newsletter, now)],
        project.editions.going_out(now),
    )


def due_feeds(project: Project, now: datetime) -> list[str]:
    """Return the feeds that it is time to read, but for those that retired or asked for patience."""
    return [
        feed.source.name
        for feed in project.feeds.for_update(project.config.feeds)
        if not feed.retired_at
        and not (feed.ask_after and now < feed.ask_after)
        and (
            feed.last_pulled_at is None
            or now - feed.last_pulled_at >= timedelta(seconds=feed.source.every_s) - _SLACK
        )
    ]


def due_steps(project: Project, newsletter: NewsletterSettings, now: datetime) -> list[Step]:
    """Return what is to be done now for the editions of a newsletter."""
    began = SettingStore(project.database).get(_BEGAN)
    return steps_now(project, newsletter, now, datetime.fromisoformat(began) if began else now)


def changed_editions(project: Project, newsletter: NewsletterSettings) -> Iterator[tuple[Edition, str]]:
    """Yield editions that wait, or were approved, and are no longer what was drafted; with what has changed.

    What approves itself is drafted anew before it is sent anyway.
    """
    if newsletter.approval == "automatic":
        return
    for edition in project.editions.standing(newsletter.name, 0):
        variants = project.editions.variants(edition) if edition.hash else []
        if edition.hash and (changed := change_since_draft(project, edition, variants)):
            yield edition, changed


def note_first_run(project: Project, now: datetime) -> None:
    """Note when scheduled runs began, at the first of them: what was due before is nobody's."""
    settings = SettingStore(project.database)
    if settings.get(_BEGAN) is None:
        settings.put(_BEGAN, now.isoformat())
