"""Whole words and phrases, found in running text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

Label = TypeVar("Label")

_LETTERS = r"[^\W_]+"
#: A word: letters and digits, apostrophes between them, accents and soft hyphens that are characters of
#: their own; or an ampersand.
_WORD = re.compile(rf"(&|{_LETTERS}(?:['’‘ʼ]{_LETTERS}|[\u00ad\u0300-\u036f]+[^\W_]*)*)")
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ\u00ad")
_HYPHENS = frozenset("-‐‑")
#: What may stand between two words of one phrase: "teachers’ pay", "work-experience", "R&D".
_JOINS = _HYPHENS | {" ", "' ", "’ ", ""}


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


class Words:
    """The words of one text, in order.

    keys: one for each word, equal for equal words. White space in the text should be single spaces.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = _WORD.split(text)
        self._gaps = self._parts[0::2]
        self.keys = tuple(map(_key, self._parts[1::2]))

    def joined(self, number: int) -> bool:
        """Whether a word can continue a phrase with the word before it."""
        return self._gaps[number] in _JOINS

    def tied(self, number: int) -> bool:
        """Whether a hyphen holds a word to the word before it; the one after the last is free."""
        return self._gaps[number] in _HYPHENS and number < len(self.keys)

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each word begins in the text."""
        return tuple(accumulate(map(len, self._parts)))[0:-1:2]

    def end(self, number: int) -> int:
        """Return where a word ends in the text."""
        return self.starts[number] + len(self._parts[2 * number + 1])

    def quote(self, first: int, last: int) -> str:
        """Return the words from first to last (exclusive) as they stand in the text."""
        return self.text[self.starts[first] : self.end(last - 1)]


def keys(phrase: str) -> tuple[str, ...]:
    """Return what two spellings of one phrase have in common."""
    return Words(" ".join(phrase.split())).keys


class _Node(Generic[Label]):
    """The labels of the phrase that ends here, and where longer phrases go on."""

    __slots__ = ("labels", "longer")

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self.longer: dict[str, _Node[Label]] = {}


class Lexicon(Generic[Label]):
    """Labelled phrases, compiled into a tree of words.

    plurals: whether a phrase also stands for the one with an "s" at its end.
    A phrase without any letter or digit finds nothing.
    """

    def __init__(self, phrases: Iterable[tuple[str, Label]], *, plurals: bool = True) -> None:
        self._root: _Node[Label] = _Node()
        for phrase, label in phrases:
            for words in _forms(keys(phrase), plurals=plurals):
                self._add(words, label)

    def _add(self, words: Sequence[str], label: Label) -> None:
        node = self._root
        for word in words:
            node = node.longer.setdefault(word, _Node())
        if label not in node.labels:
            node.labels.append(label)

    def find(self, words: Words) -> Iterator[Match[Label]]:
        """Yield every place of every phrase, by where it starts; phrases may overlap."""
        begins = self._root.longer
        if begins.keys().isdisjoint(words.keys):  # most passages, most of the time
            return
        for first, key in enumerate(words.keys):
            if (node := begins.get(key)) and not words.tied(first):
                yield from self._find_at(words, first, node)

    def _find_at(self, words: Words, first: int, node: _Node[Label] | None) -> Iterator[Match[Label]]:
        last = first + 1
        while node:
            if node.labels and not words.tied(last):
                for label in node.labels:
                    yield Match(label, first, last)
            if not node.longer or last == len(words.keys) or not words.joined(last):
                return
            node = node.longer.get(words.keys[last])
            last += 1


def _forms(words: tuple[str, ...], *, plurals: bool) -> Iterator[tuple[str, ...]]:
    if words:
        yield words
        if plurals and not words[-1].endswith("s"):
            yield (*words[:-1], words[-1] + "s")
