"""Which entries of a document are entries that we know, whatever has happened to their ids and addresses.

An entry has three marks: its key (guid or id, else its link), the canonical form of its link, and its title
together with its date. Any of them may lie. A mark that several entries share says nothing; ids that change
at every fetch, or that only number the places of a list, are found by comparing them with the links of the
same entries. Each entry that we know is met at most once in a document, the surest mark first.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from newsletter.feeds.links import canonical_link, is_front_page, page_of
from newsletter.feeds.types import EntryState, KnownEntries, Marks, ParsedEntry

_Mark = TypeVar("_Mark", bound=Hashable)
_Place = TypeVar("_Place")

#: So many entries must agree before a whole document is judged by them.
_SEVERAL = 2
_MARK_CHARS = 32
#: The fragments are ours (see `feeds.clean`): no attribute holds a `>`.
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")


def marks_of(entry: ParsedEntry) -> Marks:
    """Return what an entry can be known by when it comes again; case and punctuation make no difference."""
    text = _TAG.sub(" ", entry.html) or entry.summary
    link = canonical_link(entry.link) if entry.link else None
    return Marks(link, title_mark(entry.title), entry.published, _mark(_words(text)))


def title_mark(title: str) -> str:
    """Return the mark of a title by itself."""
    return _mark(_words(title) or title)


def digest(text: str) -> str:
    """Return SHA-256 in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _mark(text: str) -> str:
    return digest(text)[:_MARK_CHARS]


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text)).casefold()


def same_story(one: Marks, other: Marks, *, by_hand: bool = False) -> bool:
    """Whether two entries of different feeds are one story: one page, under one title or date.

    by_hand: an editor named the page; so that is enough, whatever it is called there.
    """
    if one.link is None or one.link != other.link or is_front_page(one.link):
        return False
    return (
        by_hand
        or one.title == other.title
        or (one.published is not None and one.published == other.published)
    )


class Recognition:
    """What became of the entries of one document. found: the key of the known entry that each one is."""

    def __init__(self, known: KnownEntries, entries: Sequence[ParsedEntry]) -> None:
        self.known = known
        self.entries = entries
        self.hashes = [entry.content_hash for entry in entries]
        self.marks = [self._marks(*one) for one in zip(entries, self.hashes, strict=True)]
        self.found: dict[int, str] = {}
        counts = Counter(state.marks.link for state in known.values())
        self._alike = {link for link, count in counts.items() if count > 1}
        self._by_link = _only(_links(known.items()))
        self._by_title = _only((_titled(state.marks), key) for key, state in known.items())
        self._by_page = _only((_page(state.marks), key) for key, state in known.items())
        self._links_here = _only(_links_of(self.marks))
        self._pages_here = _only((_page(marks), place) for place, marks in enumerate(self.marks))
        self._titles_here = _only((_titled(marks), place) for place, marks in enumerate(self.marks))
        self._met: set[str] = set()
        #: Ids that are the same for other entries than before, or others for the same: not to be trusted.
        self.ids_number_places = self._count_conflicts()
        if not self.ids_number_places:
            self._meet(self._same_key)
        self.ids_change = self._ids_change()
        self._meet(self._same_link)
        self.all_moved = self._all_moved()
        self._meet(self._same_title)
        self._meet(self._same_page)

    def _marks(self, entry: ParsedEntry, content_hash: str) -> Marks:
        """Return the marks that are kept where the content is the same; reading them off it takes longer."""
        state = self.known.get(entry.key)
        if state and state.content_hash == content_hash and state.marks.text:
            return state.marks
        return marks_of(entry)

    def key_for(self, place: int, used: set[str]) -> str:
        """Return a key for a new entry that no other has; its own if it can be."""
        entry, marks = self.entries[place], self.marks[place]
        own = f"{marks.title}|{entry.published.isoformat() if entry.published else ''}"
        for key in (entry.key, entry.link, f"title:{digest(own)}"):
            if key and key not in used and (key != entry.link or self._is_telling(place)):
                return key
        return f"entry:{digest(f'{own}|{entry.key}|{entry.link}|{marks.text}|{len(used)}')}"

    def has_new_id(self, place: int, key: str) -> bool:
        """Whether a known entry has been given another id, for good as far as we know."""
        is_other = self.entries[place].key != key and self._has_own_id(place)
        return is_other and not (self.ids_change or self.ids_number_places)

    def _is_telling(self, place: int) -> bool:
        """Whether an entry's link says which entry it is."""
        link = self.marks[place].link
        if link is None or link in self._alike or is_front_page(link):
            return False
        return self._links_here.get(link) == place

    def _has_own_id(self, place: int) -> bool:
        entry = self.entries[place]
        return entry.key != entry.link and not entry.key.startswith("title:")

    def _meet(self, candidate: Callable[[int], str | None]) -> None:
        for place in range(len(self.entries)):
            if place not in self.found:
                key = candidate(place)
                if key is not None and key not in self._met:
                    self.found[place] = key
                    self._met.add(key)

    def _linked(self, place: int) -> str | None:
        return self._by_link.get(self.marks[place].link) if self._is_telling(place) else None

    def _count_conflicts(self) -> bool:
        agreed = disagreed = 0
        for place, entry in enumerate(self.entries):
            linked = self._linked(place)
            if linked is not None and entry.key in self.known and self._has_own_id(place):
                agreed += linked == entry.key
                disagreed += linked != entry.key
        return disagreed > agreed

    def _same_key(self, place: int) -> str | None:
        entry, marks = self.entries[place], self.marks[place]
        state = self.known.get(entry.key)
        if state is None:
            return None
        old = state.marks
        if entry.key == entry.link and not self._is_known_link(place):
            return None
        # An id that was given to something else altogether.
        is_other_page = marks.link and old.link and page_of(marks.link) != page_of(old.link)
        is_other_day = marks.published and old.published and marks.published != old.published
        return None if is_other_page and is_other_day and marks.title != old.title else entry.key

    def _is_known_link(self, place: int) -> bool:
        """Whether a link that stands for an id meets one known entry only."""
        same_title = self._by_title.get(_titled(self.marks[place])) == self.entries[place].key
        return same_title or (self._is_telling(place) and self.marks[place].link in self._by_link)

    def _ids_change(self) -> bool:
        """Whether no id is what it was, though several entries are the same by link and title or date."""
        if self.found:
            return False
        every = range(len(self.entries))
        linked = [place for place in every if self._has_own_id(place) and self._linked(place) is not None]
        alike = sum(self._is_like(place, self._linked(place)) for place in linked)
        return alike >= _SEVERAL and 2 * alike >= len(linked)

    def _is_like(self, place: int, key: str | None) -> bool:
        marks, old = self.marks[place], self.known[key or ""].marks
        return marks.title == old.title or (marks.published is not None and marks.published == old.published)

    def _same_link(self, place: int) -> str | None:
        key = self._linked(place)
        if key is None:
            return None
        trusted = self.ids_change or self.ids_number_places or not self._has_own_id(place)
        return key if trusted or self._is_like(place, key) else None

    def _all_moved(self) -> bool:
        """Whether nothing is known by id or link, and most by title and date."""
        if self.found:
            return False
        titled = sum(self._titled_alike(place) is not None for place in range(len(self.entries)))
        return titled >= _SEVERAL and 2 * titled >= len(self.entries)

    def _titled_alike(self, place: int) -> str | None:
        titled = _titled(self.marks[place])
        return self._by_title.get(titled) if self._titles_here.get(titled) == place else None

    def _same_title(self, place: int) -> str | None:
        key = self._titled_alike(place)
        if key is None:
            return None
        marks, old = self.marks[place], self.known[key].marks
        if self.all_moved:
            return key
        if marks.link and old.link:
            if marks.published is None and marks.text != old.text:
                return None
            # A page of its own is another story, unless its text is the same, or its link says nothing.
            return key if marks.text == old.text or not self._is_telling(place) else None
        return key

    def _same_page(self, place: int) -> str | None:
        """Find an entry whose site has moved to another host, by its page there and one mark more."""
        page = _page(self.marks[place])
        key = self._by_page.get(page) if self._pages_here.get(page) == place else None
        if key is None:
            return None
        return (
            key if self._is_like(place, key) or self.marks[place].text == self.known[key].marks.text else None
        )


def _page(marks: Marks) -> str | None:
    return (page_of(marks.link) or None) if marks.link else None


def _links(known: Iterable[tuple[str, EntryState]]) -> Iterator[tuple[str | None, str]]:
    return ((state.marks.link, key) for key, state in known)


def _links_of(marks: Iterable[Marks]) -> Iterator[tuple[str | None, int]]:
    return ((mark.link, place) for place, mark in enumerate(marks))


def _titled(marks: Marks) -> tuple[object, ...] | None:
    return (marks.title, marks.published) if marks.title else None


def _only(pairs: Iterable[tuple[_Mark | None, _Place]]) -> Mapping[_Mark | None, _Place]:
    """Return what each mark stands for, without those that several share."""
    listed = [(mark, place) for mark, place in pairs if mark is not None]
    counts = Counter(mark for mark, _ in listed)
    return {mark: place for mark, place in listed if counts[mark] == 1}
