"""Values of the feeds room: what the wire said, and what we keep of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

FeedKind = Literal["feed", "pages"]


class Marks(NamedTuple):
    """What an entry can be known by beside its key; None where nobody says."""

    #: Its address in the one form that all its spellings share; see `feeds.links`.
    link: str | None = None
    #: Digest of the title's words, whatever their case and punctuation.
    title: str | None = None
    published: datetime | None = None
    #: Digest of the words of its text.
    text: str | None = None


NO_MARKS = Marks()


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
    #: Whether some entries have one id, so that their keys depend on each other.
    shares_ids: bool = False


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A feed as it is configured. url: http(s) address, or a path below the project folder.

    categories: what all of its entries are filed under, beside their own.
    """

    name: str
    url: str
    kind: FeedKind = "feed"
    every_s: int = 3600
    categories: tuple[str, ...] = ()


#: What stands as feed of items that editors added; no feed's name has a space.
BY_HAND = FeedSource("by hand", "")


@dataclass(frozen=True, slots=True)
class Move:
    """Where permanent redirects of a feed led, and in how many pulls in a row."""

    url: str
    seen: int


@dataclass(frozen=True, slots=True)
class FeedForUpdate:
    """A feed as the store knows it when a pull begins; etag and last_modified exactly as they were sent."""

    id: int
    source: FeedSource
    etag: str | None = None
    last_modified: str | None = None
    last_pulled_at: datetime | None = None
    #: Of the document that was read last, with what read it.
    fingerprint: str | None = None
    move: Move | None = None
    #: Until when its server asked for patience.
    ask_after: datetime | None = None
    #: When its server said that it is gone for good; it is not asked any more.
    retired_at: datetime | None = None
    warnings: tuple[str, ...] = ()
    #: When its warnings were last told.
    warned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that arrived. body: decoded from its transfer and content encodings, as bytes."""

    body: bytes
    #: The address it came from in the end, base of its relative links.
    url: str
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    #: Where permanent redirects led from the address that was asked.
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One file of a folder of saved pages. name: of the file, with its ending.

    url, content_type: where it came from and what the server called it, when it was fetched.
    """

    name: str
    body: bytes
    url: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server said 304, or a file is as it was. moved_to: as of `Fetched`."""

    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """Not asked, as its host asked for patience when another feed was fetched."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class EntryState:
    """What the store knows of an entry: the item it became and the hash of its newest revision.

    leads: the item's content follows this entry, and not one of another feed; also_in: names of these.
    """

    item_id: int
    content_hash: str
    marks: Marks = NO_MARKS
    leads: bool = True
    also_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemIntent:
    """An entry to be stored: as a new item (item_id None) or as a new revision of one."""

    entry: ParsedEntry
    content_hash: str
    item_id: int | None
    #: The key it is kept under, where that is not the entry's own.
    kept_as: str | None = None
    #: Its words are others than before, not only its dates or its make.
    is_material: bool = True
    #: False: the item follows another feed, and only what is known of the entry is brought up to date.
    leads: bool = True
    #: One of a flood: kept, but hidden until the editor says otherwise.
    hidden: bool = False
    #: Names of other feeds that have it.
    also_in: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The key it is kept under."""
        return self.entry.key if self.kept_as is None else self.kept_as


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be stored of a pull, in the document's order; warnings: what was odd, a sentence each.

    keys: under which the document's entries are kept; renamed: the new key of known entries that have been
    given another id, by their old one.
    """

    intents: tuple[ItemIntent, ...] = ()
    warnings: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)


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
    #: Names of all feeds that have it.
    sources: tuple[str, ...] = ()
    #: Why it has its status, where the program or the editor said so.
    status_reason: str | None = None
    #: The item that was sent, and in whose place this one came.
    corrects: int | None = None
    #: An edition that was approved or sent with other words than it has now, if no editor has looked since.
    changed_since: str | None = None

    #: When it counts from: published, or first seen where nobody says or nobody can mean it.
    counts_from: datetime | None = None
    #: Where the editor wants it, 1 first; None leaves it to its date.
    position: int | None = None
    #: What the editor noted about it; never sent.
    note: str = ""
    #: When an editor pinned it.
    pinned_at: datetime | None = None

    @property
    def date(self) -> datetime:
        """When it counts from, for order and age."""
        return self.counts_from or self.published or self.first_seen


@dataclass(frozen=True, slots=True)
class PullSummary:
    """What one pull of one feed did; problem is the line a user reads when it failed."""

    feed: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    #: Entries that another feed had brought already.
    joined: int = 0
    not_modified: bool = False
    warnings: tuple[str, ...] = ()
    problem: str | None = None
    hint: str = ""
    #: Whether cron should hear of the problem, or of the warnings: at first, and then once a day.
    due: bool = False
    #: Not asked before then, as its server wished.
    waits_until: datetime | None = None
    #: Gone for good since then, and not asked any more.
    retired_at: datetime | None = None


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
    failing_since: datetime | None = None
    waits_until: datetime | None = None
    retired_at: datetime | None = None
    #: Where it is asked instead of at the address that is configured.
    moved_to: str | None = None


KnownEntries = Mapping[str, EntryState]


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """What came of asking for a link. status: None where nobody answered; trouble: "" where it came."""

    url: str
    status: int | None
    trouble: str
    size_bytes: int | None = None
