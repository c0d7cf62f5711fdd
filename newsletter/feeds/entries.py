"""What all readers of entries share: identity, the choice of texts, and a document's list of entries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter.feeds.bounds import MAX_ENTRIES
from newsletter.feeds.clean import Fragment, excerpt, one_line, title_line
from newsletter.feeds.identity import digest, title_mark
from newsletter.feeds.links import canonical_link, is_front_page, without_tracking
from newsletter.feeds.types import ParsedEntry

_MAX_KEY_CHARS = 500
_MAX_CATEGORIES = 20
#: So many titles under one id and one link are not one story that was edited.
_MANY_TITLES = 3
#: Titles that a warning names.
_NAMED = 3
#: What WordPress puts below every entry, unless its owner changed it.
_FOOTER = re.compile(r"The post .+ (?:first appeared|appeared first) on .+", re.DOTALL)
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
    content, standfirst = _without_footer(draft.content), _without_footer(draft.standfirst)
    story = content or standfirst
    short = standfirst or story
    summary = short.summary if short else ""
    title = title_line(draft.title, markup=draft.title_is_markup) or excerpt(summary, 12)
    if not title:
        return None
    link = draft.link and without_tracking(draft.link)
    return ParsedEntry(
        key=entry_key(draft.id, link, title, draft.published),
        title=title,
        link=link,
        html=story.html if story else "",
        summary=summary,
        published=draft.published,
        updated=draft.updated,
        categories=draft.categories,
        author=one_line(draft.author)[:200] or None,
        language=draft.language,
    )


def _without_footer(text: Fragment | None) -> Fragment | None:
    """Return a text without the last line that a publishing program adds; None where nothing is left."""
    blocks = text.blocks if text else []
    if blocks and blocks[-1].tag == "p" and _FOOTER.fullmatch(blocks[-1].text):
        text = Fragment(blocks[:-1])
    return text if text and text.blocks else None


def entry_key(own_id: str, link: str | None, title: str, published: datetime | None) -> str:
    """Return an entry's identity within its feed: its own id, else its link, else its title and date."""
    key = one_line(own_id) or link
    if not key:
        day = published.date().isoformat() if published else ""
        return f"title:{digest(f'{title.casefold()}|{day}')}"
    return key if len(key) <= _MAX_KEY_CHARS else f"long:{digest(key)}"


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


def _key_within(group: Sequence[ParsedEntry], entry: ParsedEntry) -> str:
    """Return the key of one of several entries that share an id, or a link that stands for it.

    Under one id and one link, another title is an edited one. Where links differ they tell; and a link that
    stands over many titles, or without an id over any two, or is that of the whole site, says nothing.
    """
    titles = {title_mark(one.title) for one in group}
    links = {one.link and canonical_link(one.link) for one in group}
    if len(titles) == 1 and len(links) == 1 and entry.link != entry.key:
        return entry.key
    if len(links) == len(group) and None not in links:
        return entry.link or entry.key
    is_telling = not any(link and is_front_page(link) for link in links)
    if len(links) == 1 and len(titles) < _MANY_TITLES and is_telling and entry.key != entry.link:
        return entry.key
    return entry_key("", None, entry.title, entry.published)


@dataclass(slots=True)
class EntryList:
    """The entries of a document as they are gathered: each story once, the first wins; at most `limit`."""

    limit: int = MAX_ENTRIES
    gathered: list[ParsedEntry] = field(default_factory=list)
    empty: int = 0
    beyond: int = 0
    are_last: bool = False
    shares_ids: bool = False
    repeated: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no further entry is taken."""
        return len(self.gathered) >= self.limit

    def add(self, entry: ParsedEntry | None) -> None:
        """Take an entry; None is one that had nothing in it."""
        if entry is None:
            self.empty += 1
        elif self.is_full:
            self.beyond += 1
        else:
            self.gathered.append(entry)

    def finish(self) -> tuple[ParsedEntry, ...]:
        """Return the entries in the document's order, each with a key of its own."""
        groups: dict[str, list[ParsedEntry]] = {}
        for entry in self.gathered:
            groups.setdefault(entry.key, []).append(entry)
        self.shares_ids = len(groups) < len(self.gathered)
        found: dict[str, ParsedEntry] = {}
        for entry in self.gathered:
            group = groups[entry.key]
            key = entry.key if len(group) == 1 else _key_within(group, entry)
            if key in found:
                self.repeated.append(entry.title)
            else:
                found[key] = entry if key == entry.key else replace(entry, key=key)
        return tuple(found.values())

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
            read = len(self.gathered) + self.empty
            which = f"the {'last' if self.are_last else 'first'} {read:,}"
            yield f"The document has {read + self.beyond:,} entries; {which} were read."
