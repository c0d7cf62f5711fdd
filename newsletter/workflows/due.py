"""Due: what it is time for, and until when it is time for nothing. Nothing heavy is imported here.

Whatever a round does by the clock is told by `Outlook`, or a quiet note would hold it back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.config import NewsletterSettings
from newsletter.editions.agenda import Step
from newsletter.editions.asking import RequestKind
from newsletter.editions.types import Edition
from newsletter.feeds.types import FeedForUpdate
from newsletter.store.settings import SettingStore
from newsletter.workflows.ask import mails_due
from newsletter.workflows.project import Project
from newsletter.workflows.restored import name_database, restored_at
from newsletter.workflows.schedules import agenda_of
from newsletter.workflows.unchanged import change_since_draft

#: cron is not punctual: a feed that is due within this is read now, and not a whole minute late.
_SLACK = timedelta(seconds=30)
_BEGAN = "runs began at"
#: Whatever nobody thought of waits no longer than this.
_LONGEST_QUIET_S = 15 * 60


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

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.feeds or self.changed or self.steps or self.mails or self.going_out)


class Outlook:
    """What is due at any moment, as things stand now; what is due once stays so until it is done."""

    def __init__(self, project: Project, now: datetime) -> None:
        self._project = project
        self._newsletters = project.config.settings.newsletters
        self._changed = [
            it for newsletter in self._newsletters for it in changed_editions(project, newsletter)
        ]
        self._feeds = project.feeds.for_update(project.config.feeds)
        self._agendas = {
            newsletter.name: _agenda(project, newsletter, now) for newsletter in self._newsletters
        }

    def at(self, moment: datetime) -> Due:
        """Return what a round would begin with at that moment."""
        feeds = [feed.source.name for feed in self._feeds if _is_due(feed, moment)]
        steps = [(name, step) for name, steps_at in self._agendas.items() for step in steps_at(moment)]
        mails = [
            it for newsletter in self._newsletters for it in mails_due(self._project, newsletter, moment)
        ]
        return Due(feeds, self._changed, steps, mails, self._project.editions.going_out(moment))


def what_is_due(project: Project, now: datetime) -> Due:
    """Say what a round would begin with now."""
    return Outlook(project, now).at(now)


def quiet_until(project: Project, now: datetime) -> datetime:
    """Return until when nothing comes due by the clock alone, to the second, a quarter of an hour at most."""
    outlook = Outlook(project, now)

    def is_due(second: int) -> bool:
        return bool(outlook.at(now + timedelta(seconds=second)))

    first = bisect_left(range(_LONGEST_QUIET_S), True, key=is_due)
    return now + timedelta(seconds=first - 1)  # it may have come due within the second before


def due_feeds(project: Project, now: datetime) -> list[str]:
    """Return the feeds that it is time to read, but for those that retired or asked for patience."""
    return [feed.source.name for feed in project.feeds.for_update(project.config.feeds) if _is_due(feed, now)]


def _is_due(feed: FeedForUpdate, now: datetime) -> bool:
    if feed.retired_at or (feed.ask_after and now < feed.ask_after):
        return False
    every = timedelta(seconds=feed.source.every_s)
    return feed.last_pulled_at is None or now - feed.last_pulled_at >= every - _SLACK


def due_steps(project: Project, newsletter: NewsletterSettings, now: datetime) -> list[Step]:
    """Return what is to be done now for the editions of a newsletter."""
    return _agenda(project, newsletter, now)(now)


def _agenda(
    project: Project, newsletter: NewsletterSettings, now: datetime
) -> Callable[[datetime], list[Step]]:
    began = SettingStore(project.database).get(_BEGAN)
    since = datetime.fromisoformat(began) if began else now
    return agenda_of(project, newsletter, now, since, restored_at(project))


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
        name_database(project)
