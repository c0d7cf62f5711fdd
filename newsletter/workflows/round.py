"""A round: what `newsletter run` does in one call, for bounces, feeds, and editions whose time has come.

Each step looks at what is there, so that a round may be cut off anywhere and the next one goes on. One round
at a time reads and prepares. Sending, which may take hours, is a turn of its own for each newsletter, so
that the rounds in between read feeds and send what else is due.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from newsletter.config import NewsletterSettings
from newsletter.errors import NewsletterError
from newsletter.feeds.types import PullSummary
from newsletter.store.settings import TRACES, SettingStore
from newsletter.store.turn import turn
from newsletter.workflows.alerts import raise_alerts
from newsletter.workflows.ask import ask_editors
from newsletter.workflows.due import changed_editions, due_feeds, due_steps, note_first_run
from newsletter.workflows.happened import Happened, Kind, counted
from newsletter.workflows.log import log_happened
from newsletter.workflows.project import Project
from newsletter.workflows.restored import guard_restored


def run_round(project: Project, now: datetime, *, restored: bool = False) -> list[Happened]:
    """Do what is due now, and return what happened; what another process is at is left to it.

    A trouble that lasts is among it each time, and marked as told from the second time on. restored: a person
    says that the database was put back from a copy.
    """
    this = _Round(project, now)
    happened = [*guard_restored(project, now, told=restored), *this.steps()]
    if not any(it.kind is Kind.INTERRUPTED for it in happened):
        happened += raise_alerts(project, happened, _well(happened, this.well), now)
    log_happened(happened)
    return tell_once(project, happened, this.well, now)


def tell_once(
    project: Project, happened: Sequence[Happened], well: Collection[str], now: datetime
) -> list[Happened]:
    """Mark failures that people were told of, and forget those of what is well."""
    failed = {it.subject: it.words for it in happened if it.kind is Kind.FAILED}
    project.told.over(_well(happened, well))
    old = {subject for subject, state in failed.items() if not project.told.is_news(subject, state, now)}
    return [replace(it, told=True) if it.kind is Kind.FAILED and it.subject in old else it for it in happened]


def _well(happened: Sequence[Happened], well: Collection[str]) -> set[str]:
    """Return the subjects without trouble. well: those of them that say nothing of themselves."""
    found = {*well, *(it.subject for it in happened if not it.is_trouble)}
    return found - {it.subject for it in happened if it.kind is Kind.FAILED}


class _Round:
    """One round. now: when it began; its clock goes on from there. well: the newsletters without trouble."""

    def __init__(self, project: Project, now: datetime) -> None:
        self.well: set[str] = set()
        self._project = project
        self._now = now
        self._began = time.monotonic()

    def steps(self) -> Iterator[Happened]:
        with turn(self._project.database, "run") as ours:
            if ours:
                note_first_run(self._project, self._now)
                yield from self._read_and_prepare()
        going_out = self._project.editions.going_out(self._clock())
        for name in dict.fromkeys(edition.id.newsletter for edition in going_out):
            with turn(self._project.database, f"send-{name}") as ours:
                for it in self._guarded(name, self._send(name)) if ours else ():
                    yield it
                    if it.kind is Kind.INTERRUPTED:
                        return

    def _send(self, name: str) -> Iterator[Happened]:
        from newsletter.workflows.send_due import send_due  # noqa: PLC0415 - asyncio, aiosmtplib

        return send_due(self._project, name, self._clock)

    def _clock(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    def _guarded(self, subject: str, steps: Iterator[Happened]) -> Iterator[Happened]:
        """Leave it at that where a foreseen fault ends the steps; others go on."""
        try:
            yield from steps
        except NewsletterError as fault:
            yield Happened(Kind.FAILED, subject, str(fault), fault.hint)
        else:
            self.well.add(subject)

    def _read_and_prepare(self) -> Iterator[Happened]:
        yield from self._guarded("bounces", self._collect_bounces())
        summaries = self._pull()
        yield from _read(summaries)
        fresh = any(it.new or it.changed for it in summaries)
        for newsletter in self._project.config.settings.newsletters:
            yield from self._guarded(newsletter.name, self._prepare(newsletter, fresh=fresh))
            asking = ask_editors(self._project, newsletter, self._now)
            yield from self._guarded(f"editors of {newsletter.name}", asking)
        yield from self._guarded("retention", self._retain())

    def _retain(self) -> Iterator[Happened]:
        """Take out what is older than the organisation wants to keep it."""
        periods = any(period for _, period in self._project.config.settings.retention)
        if not periods and SettingStore(self._project.database).get(TRACES) != "yes":
            return
        from newsletter.workflows.retention import apply_retention, in_words  # noqa: PLC0415 - seldom needed

        if taken := apply_retention(self._project, self._clock()):
            yield Happened(Kind.ERASED, "retention", in_words(taken))

    def _collect_bounces(self) -> Iterator[Happened]:
        """Before anything is sent: whom it does not reach gets nothing more."""
        if self._project.config.settings.bounces is None:
            return
        from newsletter.workflows.bounces import collect_bounces  # noqa: PLC0415 - few have a bounce box

        found = collect_bounces(self._project, self._clock())
        if found.taken:
            words = f"{counted(found.taken, 'mail')} read"
            if found.suppressed:
                words += f", {counted(found.suppressed, 'member')} not mailed any more"
            yield Happened(Kind.BOUNCED, "bounces", words)

    def _pull(self) -> list[PullSummary]:
        due = due_feeds(self._project, self._now)
        if not due:
            return []
        from newsletter.workflows.pull import pull_feeds  # noqa: PLC0415 - urllib3, feedparser

        return pull_feeds(self._project, self._now, due)

    def _prepare(self, newsletter: NewsletterSettings, *, fresh: bool) -> Iterator[Happened]:
        """Bring editions as far as they come without sending. fresh: there is news that may join drafts."""
        changed = any(changed_editions(self._project, newsletter))
        if not (changed or fresh or due_steps(self._project, newsletter, self._now)):
            return
        from newsletter.workflows.prepare import (  # noqa: PLC0415 - jinja2, premailer
            bring_up_to_date,
            draft_changed,
            prepare,
        )

        if changed:
            yield from draft_changed(self._project, newsletter, self._now)
        if fresh:
            yield from bring_up_to_date(self._project, newsletter, self._now)
        yield from prepare(self._project, newsletter, self._now)


def _read(summaries: list[PullSummary]) -> Iterator[Happened]:
    for it in summaries:
        brought = [counted(it.new, "new item")] if it.new else []
        brought += [f"{it.changed:,} changed"] if it.changed else []
        if brought:
            yield Happened(Kind.READ, f"feed {it.feed}", " and ".join(brought))
        if it.problem:
            yield Happened(Kind.UNREAD, f"feed {it.feed}", it.problem, it.hint, told=not it.due)
