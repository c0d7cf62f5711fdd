"""Add an item by hand: a story that is in no feed, from a page of the web or a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from newsletter.errors import FeedParseError, FetchError
from newsletter.feeds.charset import decode
from newsletter.feeds.clean import title_line
from newsletter.feeds.decide import decide_items
from newsletter.feeds.entries import entry_key
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.fetch.http import scheme_of
from newsletter.feeds.pages import parse_pages
from newsletter.feeds.types import (
    BY_HAND,
    FeedForUpdate,
    FeedSource,
    Fetched,
    ParsedEntry,
    ParsedFeed,
    SavedPage,
)
from newsletter.store.pulls import SortedItem
from newsletter.workflows.feed_lists import read_bounded
from newsletter.workflows.project import Project
from newsletter.workflows.sort import sort_entry, sort_when_rules_changed

_NO_DOCUMENT = Fetched(b"", BY_HAND.url)
_BINARY = (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0")
_FEED = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:rss|feed|rdf:RDF)\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AddedItem:
    """The item that a page became. how: what it was before."""

    item_id: int
    how: Literal["added", "changed", "as before"]


def add_item(project: Project, source: str, now: datetime, *, title: str | None = None) -> AddedItem:
    """Add the story of an http(s) address, or of a file that was saved; the same one again is a revision.

    One that a feed has brought stays as that feed has it, and gets a second source. title: in place of the
    page's own. Raises FeedError where there is no story, or it does not arrive.
    """
    page = _page(project, source)
    entry = _entry(page, source, title)
    sort_when_rules_changed(project)
    [feed] = project.feeds.for_update([BY_HAND])
    parsed = ParsedFeed(None, (entry,))
    decided = decide_items(project.pulls.known_entries(feed.id), parsed, now)
    changes = [
        SortedItem(intent, sort_entry(project, entry, (BY_HAND.name, *intent.also_in)))
        for intent in decided.intents
    ]
    stored = project.pulls.record_pull(feed, _NO_DOCUMENT, parsed, changes, now, decided=decided)
    [key] = decided.keys
    item_id = project.pulls.known_entries(feed.id)[key].item_id
    if not stored.intents:
        return AddedItem(item_id, "as before")
    return AddedItem(item_id, "added" if stored.intents[0].item_id is None else "changed")


def _page(project: Project, source: str) -> SavedPage:
    if scheme_of(source) not in ("http", "https"):
        path = Path(source)
        return SavedPage(path.name, read_bounded(path))
    settings = project.config.settings.fetch
    fetcher = Fetcher(project.config.folder, settings.allow, project.config.user_agent)
    found = fetcher.fetch(FeedForUpdate(0, FeedSource(BY_HAND.name, source)))
    if not isinstance(found, Fetched):
        raise FetchError(f"{source}: the server sent no page", feed_url=source, hint="try again later")
    return SavedPage(source, found.body, found.url, found.content_type)


def _entry(page: SavedPage, source: str, title: str | None) -> ParsedEntry:
    _refuse_other_kinds(page, source)
    [*entries] = parse_pages([page]).entries
    if not entries:
        raise FeedParseError(
            f"{source}: no headline with a text under it was found",
            feed_url=source,
            hint="a page written by script cannot be read; copy headline and text into a .txt file",
        )
    [entry] = entries
    if title is None:
        return entry
    plain = title_line(title, markup=False)
    # Identity stays where it is an address; else it goes by the title that was given.
    key = entry.key if entry.link else entry_key("", None, plain, entry.published)
    return replace(entry, title=plain, key=key)


def _refuse_other_kinds(page: SavedPage, source: str) -> None:
    kind = (page.content_type or "").partition(";")[0].strip().lower()
    head, _ = decode(page.body[:5_000], page.content_type)
    is_text = "\0" not in head and not page.body.startswith(_BINARY)
    if not is_text or not (kind == "" or kind.startswith("text/") or "xml" in kind):
        what = kind or "no text"
        raise FeedParseError(
            f"{source}: is no page ({what})",
            feed_url=source,
            hint="add the page that speaks of it, or a .txt file with headline and text",
        )
    if _FEED.match(head):
        raise FeedParseError(
            f"{source}: is a feed, not a page", feed_url=source, hint=f"newsletter feed add {source}"
        )
