"""Pull: fetch feeds, keep what is new, sort it by audience. One bad feed never stops the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from newsletter import __version__
from newsletter.config.faults import likely
from newsletter.errors import ConfigError, FeedError
from newsletter.feeds.decide import decide_items
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.fetch.http import scheme_of
from newsletter.feeds.patience import asks_after, is_due, move_after_failure, retires, wait_until
from newsletter.feeds.types import (
    FeedForUpdate,
    FeedSource,
    Fetched,
    NotModified,
    ParsedFeed,
    Postponed,
    PullSummary,
)
from newsletter.store.pulls import SortedItem
from newsletter.workflows.feed_login import make_fetcher
from newsletter.workflows.project import Project
from newsletter.workflows.sort import sort_entry, sort_when_rules_changed


def pull_feeds(
    project: Project, now: datetime, names: Collection[str] = (), progress: Callable[[], None] = lambda: None
) -> list[PullSummary]:
    """Pull the feeds of these names, or all, and say what each brought; a failure is a summary too.

    Feeds of the web are fetched several at a time, and read as they come. One that has retired is asked only
    by its name; one whose server asked for patience is left alone until then. What was kept before is sorted
    again first where the audiences' rules have changed since. progress: called after each feed. Raises
    ConfigError for a name that is no feed's.
    """
    chosen = list(_chosen(project, names))
    sort_when_rules_changed(project)
    pull = _Pull(project, now)
    found = {}
    for summary in pull.summaries(project.feeds.for_update(chosen), by_name=bool(names)):
        found[summary.feed] = summary
        progress()
    pull.end()
    return [found[source.name] for source in chosen]


def _chosen(project: Project, names: Collection[str]) -> Iterator[FeedSource]:
    known = {feed.name: feed for feed in project.config.feeds}
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no feed {name!r}{likely(name, known)}", hint="newsletter feed list")
    return (feed for feed in known.values() if not names or feed.name in names)


class _Pull:
    """One pull of some feeds at one time."""

    def __init__(self, project: Project, now: datetime) -> None:
        self._project = project
        self._now = now
        self._fetcher = make_fetcher(project.config)
        self._unchanged: list[tuple[FeedForUpdate, Fetched | NotModified]] = []

    def summaries(self, feeds: Sequence[FeedForUpdate], *, by_name: bool) -> Iterator[PullSummary]:
        """Pull one feed after the other and yield what it brought."""
        web = []
        for feed in feeds:
            if feed.retired_at and not by_name:
                yield PullSummary(feed.source.name, retired_at=feed.retired_at)
            elif feed.ask_after and self._now < feed.ask_after:
                yield PullSummary(feed.source.name, waits_until=feed.ask_after)
            elif feed.source.kind == "feed" and scheme_of(feed.source.url):
                web.append(feed)
            else:
                yield self._take(feed, _from_disk(self._fetcher, feed))
        for feed, outcome in self._fetcher.fetch_all(web):
            yield self._take(feed, outcome)

    def end(self) -> None:
        """Note together which feeds had nothing new."""
        self._project.feeds.note_unchanged(self._unchanged, self._now)

    def _take(
        self, feed: FeedForUpdate, outcome: Fetched | NotModified | Postponed | ParsedFeed | FeedError
    ) -> PullSummary:
        name = feed.source.name
        if isinstance(outcome, FeedError):
            return self._failed(feed, outcome)
        if isinstance(outcome, Postponed):
            until = wait_until(outcome.retry_after_s, self._now)
            self._project.feeds.postpone(feed, until)
            return PullSummary(name, waits_until=until)
        if isinstance(outcome, ParsedFeed):
            return self._store(feed, Fetched(b"", feed.source.url), outcome)
        mark = _fingerprint(outcome) if isinstance(outcome, Fetched) else None
        if isinstance(outcome, NotModified) or mark == feed.fingerprint:
            self._unchanged.append((feed, outcome))
            return PullSummary(name, not_modified=True)
        from newsletter.feeds.memo import parse_with_memo  # noqa: PLC0415 - most pulls find nothing to read

        try:
            parsed, memo = parse_with_memo(outcome, self._project.feeds.memo(feed.id))
        except FeedError as fault:
            return self._failed(feed, fault)
        return self._store(feed, outcome, parsed, fingerprint=mark, memo=memo)

    def _failed(self, feed: FeedForUpdate, fault: FeedError) -> PullSummary:
        until, gone = asks_after(fault, self._now), retires(feed, fault)
        due = self._project.feeds.note_failure(
            feed,
            str(fault),
            self._now,
            move=move_after_failure(feed, fault),
            ask_after=until,
            retired=gone,
        )
        return PullSummary(
            feed.source.name,
            problem=str(fault),
            hint=fault.hint,
            due=due,
            waits_until=until,
            retired_at=self._now if gone else None,
        )

    def _store(
        self,
        feed: FeedForUpdate,
        fetched: Fetched,
        parsed: ParsedFeed,
        *,
        fingerprint: str | None = None,
        memo: bytes | None = None,
    ) -> PullSummary:
        project, name = self._project, feed.source.name
        decided = decide_items(project.pulls.known_entries(feed.id), parsed, self._now)
        changes = [
            SortedItem(intent, sort_entry(project, intent.entry, (name, *intent.also_in)))
            for intent in decided.intents
        ]
        parsed = replace(parsed, warnings=(*parsed.warnings, *decided.warnings))
        stored = project.pulls.record_pull(
            feed, fetched, parsed, changes, self._now, decided=decided, fingerprint=fingerprint, memo=memo
        )
        due = bool(set(parsed.warnings) - set(feed.warnings)) and is_due(feed.warned_at, self._now)
        if due:
            project.feeds.note_warned(feed, self._now)
        new = sum(intent.item_id is None for intent in stored.intents)
        changed, kept = len(stored.intents) - new, len(parsed.entries) - len(stored.intents) - stored.joined
        return PullSummary(name, new, changed, kept, stored.joined, warnings=parsed.warnings, due=due)


def _from_disk(fetcher: Fetcher, feed: FeedForUpdate) -> Fetched | NotModified | ParsedFeed | FeedError:
    try:
        if feed.source.kind == "pages":
            from newsletter.feeds.pages import parse_pages  # noqa: PLC0415 - few feeds are pages

            return parse_pages(fetcher.read_pages(feed.source))
        return fetcher.fetch(feed)
    except FeedError as fault:
        return fault


def _fingerprint(document: Fetched) -> str:
    """Return what tells a document from others, and from itself as another version of us would read it."""
    head = f"{__version__}\n{document.url}\n{document.content_type}\n"
    found = hashlib.sha256(head.encode("utf-8", "surrogatepass"))
    found.update(document.body)
    return found.hexdigest()
