"""What all readers of entries share: identity, the choice of texts, and a document's list of entries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter.feeds.clean import Fragment, excerpt, one_line, title_line
from newsletter.feeds.types import ParsedEntry, ParsedFeed

MAX_ENTRIES = 500
_MAX_KEY_CHARS = 500
_MAX_CATEGORIES = 20
#: Titles that a warning names.
_NAMED = 3
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(slots=True)
class EntryDraft:
    """One entry as a document gave it, before the rules of the house; `finish_entry` applies them."""

    id: str = ""
    title: str = ""
    #: Whether the title may hold tags and entities.
    title_is_markup: bool = False
    link: str | None = None
    content: Fragment | None = None
    #: The document's own short version, when it has one.
    standfirst: Fragment | None = None
    published: datetime | None = None
    updated: datetime | None = None
    categories: tuple[str, ...] = ()
    author: str = ""
    language: str | None = None


def finish_entry(draft: EntryDraft) -> ParsedEntry | None:
    """Return the entry; None when it has neither a title nor any text.

    An entry without a title takes the first words of its text. The content is the story; where there is
    none, the short version is.
    """
    story = next((text for text in (draft.content, draft.standfirst) if text and text.blocks), None)
    short = draft.standfirst if draft.standfirst and draft.standfirst.blocks else story
    summary = short.summary if short else ""
    title = title_line(draft.title, markup=draft.title_is_markup) or excerpt(summary, 12)
    if not title:
        return None
    return ParsedEntry(
        key=entry_key(draft.id, draft.link, title, draft.published),
        title=title,
        link=draft.link,
        html=story.html if story else "",
        summary=summary,
        published=draft.published,
        updated=draft.updated,
        categories=draft.categories,
        author=one_line(draft.author)[:200] or None,
        language=draft.language,
    )


def entry_key(own_id: str, link: str | None, title: str, published: datetime | None) -> str:
    """Return an entry's identity within its feed: its own id, else its link, else its title and date."""
    key = one_line(own_id) or link
    if not key:
        day = published.date().isoformat() if published else ""
        return f"title:{_digest(f'{title.casefold()}|{day}')}"
    return key if len(key) <= _MAX_KEY_CHARS else f"long:{_digest(key)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def language_tag(text: object) -> str | None:
    """Return a BCP 47 tag ("en-GB"), or None for what cannot be one."""
    tag = text.strip().replace("_", "-") if isinstance(text, str) else ""
    return tag if _LANGUAGE.fullmatch(tag) else None


def category_names(names: Iterable[object]) -> tuple[str, ...]:
    """Return names of categories, plain, each once whatever its case, at most 20."""
    seen: dict[str, str] = {}
    for name in names:
        if isinstance(name, str) and (plain := title_line(name, markup=True)):
            seen.setdefault(plain.casefold(), plain)
    return tuple(seen.values())[:_MAX_CATEGORIES]


def file_under(parsed: ParsedFeed, categories: Sequence[str]) -> ParsedFeed:
    """Return a document whose entries have these categories, too, after their own."""
    if not categories:
        return parsed
    filed = (
        replace(entry, categories=category_names([*entry.categories, *categories]))
        for entry in parsed.entries
    )
    return replace(parsed, entries=tuple(filed))


@dataclass(slots=True)
class EntryList:
    """The entries of a document as they are gathered: each key once, the first wins; at most `limit`."""

    limit: int = MAX_ENTRIES
    entries: dict[str, ParsedEntry] = field(default_factory=dict)
    empty: int = 0
    beyond: int = 0
    repeated: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no further entry is taken."""
        return len(self.entries) >= self.limit

    def add(self, entry: ParsedEntry | None) -> None:
        """Take an entry; None is one that had nothing in it."""
        if entry is None:
            self.empty += 1
        elif entry.key in self.entries:
            self.repeated.append(entry.title)
        elif self.is_full:
            self.beyond += 1
        else:
            self.entries[entry.key] = entry

    def warnings(self) -> Iterable[str]:
        """Yield what was odd, a sentence each."""
        if self.empty:
            yield f"{self.empty} {'entry has' if self.empty == 1 else 'entries have'} no title and no text."
        if self.repeated:
            named = ", ".join(repr(title[:60]) for title in self.repeated[:_NAMED])
            more = len(self.repeated) - _NAMED
            others = f" and {more} more" if more > 0 else ""
            yield f"Left out, as the same entry comes earlier in the document: {named}{others}."
        if self.beyond:
            total = self.limit + self.beyond
            yield f"The document has {total} entries; the first {self.limit} were read."
