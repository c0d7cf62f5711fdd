"""Pull: fetch feeds, keep what is new, sort it by audience. One bad feed never stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from newsletter.config.faults import likely
from newsletter.errors import ConfigError, FeedError
from newsletter.feeds.decide import decide_items
from newsletter.feeds.entries import file_under
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.pages import parse_pages
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import (
    FeedForUpdate,
    FeedSource,
    Fetched,
    NotModified,
    ParsedFeed,
    PullSummary,
)
from newsletter.store.pulls import SortedItem
from newsletter.workflows.project import Project
from newsletter.workflows.sort import sort_when_rules_changed


def pull_feeds(
    project: Project, now: datetime, names: Collection[str] = (), progress: Callable[[], None] = lambda: None
) -> list[PullSummary]:
    """Pull the feeds of these names, or all, and say what each brought; a failure is a summary too.

    What was kept before is sorted again first where the audiences' rules have changed since. progress: called
    after each feed. Raises ConfigError for a name that is no feed's.
    """
    chosen = list(_chosen(project, names))
    sort_when_rules_changed(project)
    fetcher = Fetcher(project.config.folder, project.config.settings.fetch.allow, project.config.user_agent)
    summaries = []
    for feed in project.feeds.for_update(chosen):
        summaries.append(_pull(project, fetcher, feed, now))
        progress()
    return summaries


def _chosen(project: Project, names: Collection[str]) -> Iterator[FeedSource]:
    known = {feed.name: feed for feed in project.config.feeds}
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no feed {name!r}{likely(name, known)}", hint="newsletter feed list")
    return (feed for feed in known.values() if not names or feed.name in names)


def _pull(project: Project, fetcher: Fetcher, feed: FeedForUpdate, now: datetime) -> PullSummary:
    name = feed.source.name
    try:
        found = _read(fetcher, feed)
    except FeedError as fault:
        project.feeds.note_failure(feed.id, str(fault), now)
        return PullSummary(name, problem=str(fault), hint=fault.hint)
    if found is None:
        project.feeds.note_not_modified(feed.id, now)
        return PullSummary(name, not_modified=True)
    fetched, parsed = found[0], file_under(found[1], feed.source.categories)
    intents = list(decide_items(project.pulls.known_entries(feed.id), parsed))
    changes = [SortedItem(intent, project.sorter.assign(intent.entry, name)) for intent in intents]
    stored = project.pulls.record_pull(feed, fetched, parsed, changes, now)
    new = sum(intent.item_id is None for intent in stored)
    return PullSummary(
        name, new, len(stored) - new, len(parsed.entries) - len(stored), warnings=parsed.warnings
    )


def _read(fetcher: Fetcher, feed: FeedForUpdate) -> tuple[Fetched, ParsedFeed] | None:
    """Fetch and parse a feed of either kind; None when it has not changed."""
    if feed.source.kind == "pages":
        return Fetched(b"", feed.source.url), parse_pages(fetcher.read_pages(feed.source))
    fetched = fetcher.fetch(feed)
    return None if isinstance(fetched, NotModified) else (fetched, parse_feed(fetched))
