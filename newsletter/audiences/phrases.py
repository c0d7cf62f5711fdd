"""Whole words and phrases, found in running text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Generic, NamedTuple, TypeVar, cast

Label = TypeVar("Label")

_LETTERS = r"[^\W_]+"
#: A word: letters and digits, apostrophes between them, accents and soft hyphens that are characters of
#: their own; or an ampersand.
_WORD = re.compile(rf"(&|{_LETTERS}(?:['’‘ʼ]{_LETTERS}|[\u00ad\u0300-\u036f]+[^\W_]*)*)")
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ\u00ad")
_HYPHENS = frozenset("-‐‑")
#: What may stand between two words of one phrase, beside a space: "work-experience", "R&D"; and what before
#: the space: "teachers’ pay".
_JOINS = _HYPHENS | {""}
_CLOSES = frozenset({"", "'", "’"})
_MAX_SPELLINGS = 64
#: Chunks of text that are remembered, and how long one may be.
_MAX_CHUNKS, _MAX_CHUNK_CHARS = 1 << 15, 40


class Match(NamedTuple, Generic[Label]):
    """The words first to last (exclusive) are the phrase that carries this label."""

    label: Label
    first: int
    last: int


@lru_cache(maxsize=1 << 15)
def _key(word: str) -> str:
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word)
    if not word.isalnum():
        if word == "&":
            return "and"
        for ending in ("'s", "’s", "’S", "'S"):
            word = word.removesuffix(ending)
        word = word.translate(_APOSTROPHES)
    return word.casefold()


class _Chunk(NamedTuple):
    """What stands between two spaces, where it is not just one word.

    opens, closes: whether a phrase may come in from the chunk before it, or go on into the one after it.
    loose, tied: its words that cannot continue a phrase with the word before, or that a hyphen holds to it.
    """

    keys: tuple[str, ...]
    opens: bool
    closes: bool
    loose: tuple[int, ...]
    tied: tuple[int, ...]


#: A small letter, and two words that begin with capitals after it.
_NAME = re.compile(r"[^\W\d_A-Z] [A-Z\u00c0-\u00de]\w*[^\W\d_A-Z]\w* [A-Z\u00c0-\u00de]")
#: What each chunk of text holds, read once: a plain word as its key. Threads may fill it at the same time.
_CHUNKS: dict[str, str | _Chunk] = {}


def _read_chunk(chunk: str) -> str | _Chunk:
    parts = _WORD.split(chunk)
    gaps, found = parts[0::2], tuple(map(_key, parts[1::2]))
    inner = gaps[1:-1]
    read: str | _Chunk
    if len(found) == 1 and gaps == ["", ""]:
        [read] = found
    else:
        read = _Chunk(
            found,
            opens=bool(found) and not gaps[0],
            closes=bool(found) and gaps[-1] in _CLOSES,
            loose=tuple(number for number, gap in enumerate(inner, 1) if gap not in _JOINS),
            tied=tuple(number for number, gap in enumerate(inner, 1) if gap in _HYPHENS),
        )
    if len(chunk) <= _MAX_CHUNK_CHARS:
        if len(_CHUNKS) >= _MAX_CHUNKS:
            _CHUNKS.clear()
        _CHUNKS[chunk] = read
    return read


class Words:
    """The words of one text, in order.

    keys: one for each word, equal for equal words. White space in the text should be single spaces.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._loose: set[int] = set()
        self._tied: set[int] = set()
        self._even = True  # each chunk holds one word
        self._has_name: bool | None = None
        self._chunks = text.split(" ")
        self._read = cast("list[str | _Chunk]", list(map(_CHUNKS.get, self._chunks)))
        self.keys = self._flat()
        if self.keys and text[:1] in _HYPHENS and _WORD.match(text, 1):
            self._tied.add(0)

    def _flat(self) -> list[str]:
        read = self._read
        odd = [number for number, each in enumerate(read) if each.__class__ is not str]
        if not odd:
            return cast("list[str]", read)
        keys: list[str] = []
        done, closes = 0, True
        for number in odd:
            each = read[number] or _read_chunk(self._chunks[number])
            read[number] = each
            if not closes and number > done:
                self._loose.add(len(keys))
                closes = True
            keys += cast("list[str]", read[done:number])
            if isinstance(each, str):
                if not closes:
                    self._loose.add(len(keys))
                keys.append(each)
                closes = True
            elif len(each.keys) == 1:
                if not (closes and each.opens):
                    self._loose.add(len(keys))
                keys.append(each.keys[0])
                closes = each.closes
            else:
                closes = self._take(each, keys, closes=closes)
            done = number + 1
        if not closes:
            self._loose.add(len(keys))
        keys += cast("list[str]", read[done:])
        return keys

    def _take(self, chunk: _Chunk, keys: list[str], *, closes: bool) -> bool:
        begin = len(keys)
        if not (closes and chunk.opens):
            self._loose.add(begin)
        keys += chunk.keys
        self._even = False
        if chunk.keys:
            self._loose.update([begin + number for number in chunk.loose])
            self._tied.update([begin + number for number in chunk.tied])
        return chunk.closes

    def joined(self, number: int) -> bool:
        """Whether a word can continue a phrase with the word before it."""
        return number not in self._loose

    def tied(self, number: int) -> bool:
        """Whether a hyphen holds a word to the word before it; the one after the last is free."""
        return number in self._tied

    @cached_property
    def _spans(self) -> Sequence[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        at = 0
        for chunk, read in zip(self._chunks, self._read, strict=True):
            if read.__class__ is str:
                spans.append((at, at + len(chunk)))
            else:
                spans += [(at + found.start(), at + found.end()) for found in _WORD.finditer(chunk)]
            at += len(chunk) + 1
        return spans

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each word begins in the text."""
        return tuple(start for start, _ in self._spans)

    def end(self, number: int) -> int:
        """Return where a word ends in the text."""
        return self._span(number)[1]

    def quote(self, first: int, last: int) -> str:
        """Return the words from first to last (exclusive) as they stand in the text."""
        return self.text[self._span(first)[0] : self._span(last - 1)[1]]

    def _span(self, number: int) -> tuple[int, int]:
        """Return where one word stands; a few of these cost far less than all."""
        place, within = self._place(number)
        chunk = self._chunks[place]
        begin = sum(map(len, self._chunks[:place])) + place
        if self._read[place].__class__ is str:
            return begin, begin + len(chunk)
        found = next(islice(_WORD.finditer(chunk), within, None))
        return begin + found.start(), begin + found.end()

    def _place(self, number: int) -> tuple[int, int]:
        """Return the chunk that holds a word, and which of its words it is."""
        if self._even:
            return number, 0
        for place, read in enumerate(self._read):
            count = 1 if isinstance(read, str) else len(read.keys)
            if number < count:
                return place, number
            number -= count
        raise IndexError(number)

    def may_name(self, number: int) -> bool:
        """Whether a name, two words with capitals, may begin at a word; seldom, and cheap to ask."""
        if self._has_name is None:
            self._has_name = _NAME.search(self.text) is not None
        return self._has_name and number + 2 <= len(self.keys)


def keys(phrase: str) -> tuple[str, ...]:
    """Return what two spellings of one phrase have in common."""
    return tuple(Words(" ".join(phrase.split())).keys)


class _Node(Generic[Label]):
    """The labels of the phrase that ends here, and where longer phrases go on."""

    __slots__ = ("labels", "longer")

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self.longer: dict[str, _Node[Label]] = {}


class Lexicon(Generic[Label]):
    """Labelled phrases, compiled into a tree of words.

    plurals: whether a phrase also stands for the one with an "s" at its end. forms: groups of words, each of
    which stands for the others of its group in every phrase.
    A phrase without any letter or digit finds nothing.
    """

    def __init__(
        self,
        phrases: Iterable[tuple[str, Label]],
        *,
        plurals: bool = True,
        forms: Iterable[Iterable[str]] = (),
    ) -> None:
        self._root: _Node[Label] = _Node()
        self._spellings = Spellings(forms)
        self.add(phrases, plurals=plurals)

    def add(self, phrases: Iterable[tuple[str, Label]], *, plurals: bool) -> None:
        """Take up more phrases."""
        for phrase, label in phrases:
            for words in self._spellings.of(keys(phrase)):
                self._add(words, label)
                if plurals and not words[-1].endswith("s"):
                    self._add((*words[:-1], words[-1] + "s"), label)

    def _add(self, words: Sequence[str], label: Label) -> None:
        node = self._root
        for word in words:
            node = node.longer.setdefault(word, _Node())
        if label not in node.labels:
            node.labels.append(label)

    def find(self, words: Words) -> list[Match[Label]]:
        """Return every place of every phrase, by where it starts; phrases may overlap."""
        begins, keys_ = self._root.longer, words.keys
        if begins.keys().isdisjoint(keys_):  # most passages, most of the time
            return []
        found: list[Match[Label]] = []
        count = len(keys_)
        for first in [number for number, key in enumerate(keys_) if key in begins]:
            node = begins[keys_[first]]
            last = first + 1
            # Most words that could begin a phrase do not: seen here, it costs no call.
            if (node.labels or (last < count and keys_[last] in node.longer)) and not words.tied(first):
                self._find_at(words, first, node, found)
        return found

    def _find_at(
        self, words: Words, first: int, node: _Node[Label] | None, found: list[Match[Label]]
    ) -> None:
        last = first + 1
        while node:
            if node.labels and not words.tied(last):
                found += [Match(label, first, last) for label in node.labels]
            if last >= len(words.keys) or not words.joined(last):
                return
            node = node.longer.get(words.keys[last])
            last += 1


class Spellings:
    """Groups of words that stand for each other: "head teacher", "headteacher"; "leader", "leadership"."""

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        self._others: dict[str, list[tuple[tuple[str, ...], list[tuple[str, ...]]]]] = {}
        for group in groups:
            words = [each for each in map(keys, group) if each]
            for each in words:
                self._others.setdefault(each[0], []).append((each, words))

    def of(self, words: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Return a phrase in all its spellings, its own first, at most 64; none of an empty one."""
        if not words:
            return []
        begun: list[tuple[tuple[str, ...], int]] = [((), 0)]
        done: dict[tuple[str, ...], None] = {}
        while begun and len(done) < _MAX_SPELLINGS:
            made, at = begun.pop()
            if at == len(words):
                done.setdefault(made)
                continue
            for member, group in self._others.get(words[at], ()):
                if words[at : at + len(member)] == member:
                    begun += [((*made, *other), at + len(member)) for other in group if other != member]
            begun.append(((*made, words[at]), at + 1))
        return list(done)
