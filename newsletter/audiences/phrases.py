"""Whole words and phrases, found in running text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar, cast

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


def _read_chunk(text: str) -> str | _Chunk:
    parts = _WORD.split(text)
    gaps, found = parts[0::2], tuple(map(_key, parts[1::2]))
    inner = gaps[1:-1]
    if len(found) == 1 and gaps == ["", ""]:
        return found[0]
    return _Chunk(
        found,
        opens=bool(found) and not gaps[0],
        closes=bool(found) and gaps[-1] in _CLOSES,
        loose=tuple(number for number, gap in enumerate(inner, 1) if gap not in _JOINS),
        tied=tuple(number for number, gap in enumerate(inner, 1) if gap in _HYPHENS),
    )


class _Chunks(dict[str, "str | _Chunk"]):
    """What each chunk of text holds, a plain word as its key; read once. Threads may fill it together."""

    def __missing__(self, text: str) -> str | _Chunk:
        read = _read_chunk(text)
        if len(text) <= _MAX_CHUNK_CHARS:
            if len(self) >= _MAX_CHUNKS:
                self.clear()
            self[text] = read
        return read


_CHUNKS = _Chunks()


class Words:
    """The words of one text, in order.

    keys: one for each word, equal for equal words. White space in the text should be single spaces.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._loose: set[int] = set()
        self._tied: set[int] = set()
        self._even = True  # each chunk holds one word
        self._chunks = text.split(" ")
        self._read = list(map(_CHUNKS.__getitem__, self._chunks))
        self.keys = self._flat()
        if self.keys and text[:1] in _HYPHENS and _WORD.match(text, 1):
            self._tied.add(0)

    def _flat(self) -> list[str]:
        """Return the keys of all chunks in a row, and note which words do not hang together as usual."""
        read, loose = cast("list[Any]", self._read), self._loose
        flat = read.copy()
        more = 0
        for place in [place for place, chunk in enumerate(read) if chunk.__class__ is not str]:
            first = place + more
            keys, opens, closes, inner_loose, inner_tied = read[place]
            if not opens:
                loose.add(first)
            if not closes:
                loose.add(first + len(keys))
            if len(keys) == 1:
                [flat[first]] = keys
                continue
            flat[first : first + 1] = keys
            more += len(keys) - 1
            self._even = False
            loose.update([first + number for number in inner_loose])
            self._tied.update([first + number for number in inner_tied])
        return flat

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

    def is_capital(self, number: int) -> bool:
        """Whether a word begins with a capital letter, if nothing but a space stands before it."""
        return self._chunks[self._place(number)[0]][0].isupper()


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
        found: list[Match[Label]] = []
        begins, keys_ = self._root.longer, words.keys
        count = len(keys_)
        for first in [number for number, key in enumerate(keys_) if key in begins]:
            node, last = begins[keys_[first]], first + 1
            # Most words that could begin a phrase do not.
            if not (node.labels or (last < count and keys_[last] in node.longer)) or words.tied(first):
                continue
            while True:
                if node.labels and not words.tied(last):
                    found += [Match(label, first, last) for label in node.labels]
                if last == count or not (longer := node.longer.get(keys_[last])) or not words.joined(last):
                    break
                node, last = longer, last + 1
        return found


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
