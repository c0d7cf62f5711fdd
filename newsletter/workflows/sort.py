"""Sort: when the audiences' rules have changed, items that were kept before are sorted by the new ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING

from newsletter.audiences.types import Reason, merged
from newsletter.config import Config
from newsletter.feeds.types import ParsedEntry
from newsletter.store.settings import SettingStore
from newsletter.workflows.project import Project

if TYPE_CHECKING:
    from newsletter.audiences.passages import Sortable

_FINGERPRINT = "rules-fingerprint"
#: Items that are written together.
_BATCH = 500


def sort_when_rules_changed(project: Project, progress: Callable[[int], None] = lambda _: None) -> int:
    """Sort all items again if they were sorted by other rules; return how many were.

    progress: is told how many have been sorted so far.
    """
    settings = SettingStore(project.database)
    fingerprint = rules_fingerprint(project.config)
    if settings.get(_FINGERPRINT) == fingerprint:
        return 0
    count = sort_again(project, progress)
    # Noted last: a run that is broken off does it all once more.
    settings.put(_FINGERPRINT, fingerprint)
    return count


def sort_again(project: Project, progress: Callable[[int], None] = lambda _: None) -> int:
    """Put what the rules say now of every item in the place of what they said before.

    The editor's word stays, and so does what was sent. Returns the number of items.
    """
    count = 0
    found = ((item.id, sort_story(project, item, item.sources)) for item, _ in project.items.all())
    while batch := dict(islice(found, _BATCH)):
        project.items.replace_rules(batch)
        count += len(batch)
        progress(count)
    return count


def sort_story(project: Project, story: Sortable, feeds: Iterable[str]) -> tuple[Reason, ...]:
    """Return why a story is for each audience that it is for. feeds: names of all that have it."""
    return merged(*(project.sorter.assign(story, feed) for feed in feeds))


def sort_entry(project: Project, entry: ParsedEntry, feeds: Sequence[str]) -> tuple[Reason, ...]:
    """Return why an entry is for each audience, filed as its feeds are."""
    filed = replace(entry, categories=project.filing.categories(entry.categories, feeds))
    return sort_story(project, filed, feeds)


def rules_fingerprint(config: Config) -> str:
    """Return SHA-256 in hex over all that decides how items are sorted."""
    filed = [[feed.name, *feed.categories] for feed in config.feeds if feed.categories]
    rules = [[asdict(audience) for audience in config.audiences], asdict(config.sorting), filed]
    return hashlib.sha256(json.dumps(rules).encode()).hexdigest()
