"""Values of the feeds room: what the wire said, and what we keep of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

FeedKind = Literal["feed", "pages"]


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One entry as a feed or a saved page gave it, cleaned.

    Texts are plain and on one line unless said otherwise; every datetime is aware and UTC.
    """

    #: Identity within the feed: guid or id, else the link, else title and date.
    key: str
    title: str
    #: Absolute http(s) URL; None for a saved page that names none.
    link: str | None
    #: The whole story as a safe HTML fragment of block elements (see `feeds.clean`); "" when there is none.
    html: str
    #: Plain excerpt of at most 60 words that ends with a sentence where it can.
    summary: str
    published: datetime | None = None
    updated: datetime | None = None
    #: The heading that the site files it under.
    section: str | None = None
    categories: tuple[str, ...] = ()
    author: str | None = None
    #: BCP 47 tag.
    language: str | None = None

    @property
    def content_hash(self) -> str:
        """SHA-256 in hex over what a reader would see; equal content, equal hash."""
        seen = (self.title, self.link, self.html, self.summary, self.section, self.categories, self.author)
        dates = [when.isoformat() if when else None for when in (self.published, self.updated)]
        text = json.dumps([seen, dates, self.language], ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A whole document, entries in its own order; warnings say what was odd about it, a sentence each."""

    title: str | None
    entries: tuple[ParsedEntry, ...]
    language: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A feed as it is configured. url: http(s) address, or a path below the project folder."""

    name: str
    url: str
    kind: FeedKind = "feed"
    every_s: int = 3600


@dataclass(frozen=True, slots=True)
class FeedForUpdate:
    """A feed as the store knows it when a pull begins; etag and last_modified exactly as they were sent."""

    id: int
    source: FeedSource
    etag: str | None = None
    last_modified: str | None = None
    last_pulled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that arrived. body: decoded from its transfer and content encodings, as bytes."""

    body: bytes
    #: The address it came from in the end, base of its relative links.
    url: str
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One file of a folder of saved pages. name: of the file, with its ending."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server said 304, or a file is as it was."""


@dataclass(frozen=True, slots=True)
class EntryState:
    """What the store knows of an entry: the item it became and the hash of its newest revision."""

    item_id: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class ItemIntent:
    """An entry to be stored: as a new item (item_id None) or as a new revision of one."""

    entry: ParsedEntry
    content_hash: str
    item_id: int | None


class ItemStatus(StrEnum):
    """How an editor sees an item; `pinned` comes first, `hidden` and `withdrawn` go into no edition."""

    NEW = "new"
    PINNED = "pinned"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry we keep, in its newest revision."""

    id: int
    #: Name of the feed it came from first.
    feed: str
    title: str
    link: str | None
    html: str
    summary: str
    published: datetime | None
    updated: datetime | None
    first_seen: datetime
    section: str | None
    categories: tuple[str, ...]
    author: str | None
    language: str | None
    status: ItemStatus
    revision: int
    #: Slugs of the audiences it is for, the editor's hand included.
    audiences: frozenset[str] = frozenset()
    #: Where the editor wants it, 1 first; None leaves it to its date.
    position: int | None = None
    #: What the editor noted about it; never sent.
    note: str = ""

    @property
    def date(self) -> datetime:
        """When it was published, or first seen where nobody says."""
        return self.published or self.first_seen


@dataclass(frozen=True, slots=True)
class PullSummary:
    """What one pull of one feed did; problem is the line a user reads when it failed."""

    feed: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    not_modified: bool = False
    warnings: tuple[str, ...] = ()
    problem: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """A feed as `feed list` shows it."""

    source: FeedSource
    title: str | None
    items: int
    last_pulled_at: datetime | None
    last_success_at: datetime | None
    warnings: tuple[str, ...] = field(default=())
    problem: str | None = None


KnownEntries = Mapping[str, EntryState]
