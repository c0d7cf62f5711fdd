"""A round: what `newsletter run` does in one call, for feeds that are due and editions whose time has come.

Each step looks at what is there, so that a round may be cut off anywhere and the next one goes on. One round
at a time reads and prepares. Sending, which may take hours, is a turn of its own for each newsletter, so
that the rounds in between read feeds and send what else is due.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.delivery.window import open_at
from newsletter.editions.agenda import Step
from newsletter.editions.types import Edition
from newsletter.errors import NewsletterError
from newsletter.feeds.types import PullSummary
from newsletter.store.turn import turn
from newsletter.workflows.happened import Happened, Kind, counted
from newsletter.workflows.prepare import bring_up_to_date, note_first_run, pending_steps, prepare
from newsletter.workflows.project import Project
from newsletter.workflows.pull import pull_feeds
from newsletter.workflows.send import SendResult, dispatch_edition
from newsletter.workflows.ways import ways_out

#: cron is not punctual: a feed that is due within this is read now, and not a whole minute late.
_SLACK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a round would do: feeds to read, steps by newsletter, editions that would go on going out."""

    feeds: list[str]
    steps: list[tuple[str, Step]]
    going_out: list[Edition]


def foresee_round(project: Project, now: datetime) -> Prospect:
    """Say what a round would begin with now; nothing is changed."""
    steps = [
        (newsletter.name, step)
        for newsletter in project.config.settings.newsletters
        for step in pending_steps(project, newsletter, now)
    ]
    return Prospect(_due_feeds(project, now), steps, project.editions.going_out(now))


def run_round(project: Project, now: datetime) -> list[Happened]:
    """Do what is due now, and return what happened; what another process is at is left to it.

    A trouble that lasts is among it each time, and marked as told from the second time on.
    """
    happened = [*_Round(project, now).steps()]
    failed = {it.subject: it for it in happened if it.kind is Kind.FAILED}
    if over := project.told.subjects() - failed.keys():
        project.told.over(over)
    news = {it.subject for it in failed.values() if project.told.is_news(it.subject, it.words, now)}
    return [replace(it, told=it.kind is Kind.FAILED and it.subject not in news) for it in happened]


class _Round:
    """One round. now: when it began; its clock goes on from there."""

    def __init__(self, project: Project, now: datetime) -> None:
        self._project = project
        self._now = now
        self._began = time.monotonic()
        self._interrupted = False

    def steps(self) -> Iterator[Happened]:
        with turn(self._project.database, "run") as ours:
            if ours:
                note_first_run(self._project, self._now)
                yield from self._read_and_prepare()
        going_out = self._project.editions.going_out(self._clock())
        for name in dict.fromkeys(edition.id.newsletter for edition in going_out):
            with turn(self._project.database, f"send-{name}") as ours:
                if ours and not self._interrupted:
                    yield from self._guarded(name, self._send(name))

    def _clock(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    @staticmethod
    def _guarded(subject: str, steps: Iterator[Happened]) -> Iterator[Happened]:
        """Leave it at that where a foreseen fault ends the steps; others go on."""
        try:
            yield from steps
        except NewsletterError as fault:
            yield Happened(Kind.FAILED, subject, str(fault), fault.hint)

    def _read_and_prepare(self) -> Iterator[Happened]:
        due = _due_feeds(self._project, self._now)
        summaries = pull_feeds(self._project, self._now, due) if due else []
        yield from _read(summaries)
        fresh = any(it.new or it.changed for it in summaries)
        for newsletter in self._project.config.settings.newsletters:
            if fresh:
                steps = bring_up_to_date(self._project, newsletter, self._now)
                yield from self._guarded(newsletter.name, steps)
            yield from self._guarded(newsletter.name, prepare(self._project, newsletter, self._now))

    def _send(self, name: str) -> Iterator[Happened]:
        """Send what may leave of a newsletter now; looked for anew, as it is our turn only since then."""
        newsletter = self._project.config.newsletter(name)
        ways = ways_out(self._project)
        for edition in self._project.editions.going_out(self._clock()):
            if edition.id.newsletter != name or self._interrupted:
                continue
            if not open_at(newsletter.window, self._clock(), ZoneInfo(newsletter.timezone)):
                return
            if all(self._project.relays.down_for(way.name) for way in ways):
                return
            result = dispatch_edition(self._project, edition, ways, self._clock(), clock=self._clock)
            self._interrupted = result.interrupted
            yield from _sent(result)


def _due_feeds(project: Project, now: datetime) -> list[str]:
    """Return the feeds that it is time to ask, but for those that retired or asked for patience."""
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


def _read(summaries: list[PullSummary]) -> Iterator[Happened]:
    for it in summaries:
        brought = [counted(it.new, "new item")] if it.new else []
        brought += [f"{it.changed:,} changed"] if it.changed else []
        if brought:
            yield Happened(Kind.READ, f"feed {it.feed}", " and ".join(brought))
        if it.problem:
            yield Happened(Kind.FAILED, f"feed {it.feed}", it.problem, it.hint)


def _sent(result: SendResult) -> Iterator[Happened]:
    subject, counts = str(result.edition.id), result.counts
    told = ", ".join(f"{count:,} {name}" for name, count in counts.by_status().items() if count)
    if result.problem:
        hint = getattr(result.problem, "hint", "") or f"newsletter edition report {subject}"
        yield Happened(Kind.FAILED, subject, f"{result.problem}; {told}", hint)
    elif result.interrupted:
        yield Happened(Kind.INTERRUPTED, subject, f"interrupted: {told}; the next run goes on")
    elif result.sent_now or not counts.open:
        some = counts.sent != counts.planned
        yield Happened(Kind.SENT, subject, told, f"newsletter edition report {subject}" if some else "")
