"""Statements of relevance: the lead-in ("is of relevance to:") and whom it lists.

The list is the HTML list after the lead-in, or the rest of its sentence. Grammar is read only as far as it
keeps strangers out: "students in schools" names students, "everyone but governors" does not name governors.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from newsletter.audiences.passages import Passage

if TYPE_CHECKING:
    from newsletter.audiences.types import Place

#: After one of these a point says more about whom it named: "staff in maintained schools".
_CUTS = frozenset(
    {"across", "at", "by", "for", "from", "in", "of", "on", "outside", "to", "under", "with", "within"}
)
#: After one of these a statement lists nobody any more.
_STOPS = frozenset(
    {"after", "although", "because", "before", "but", "can", "cannot", "except", "excluding", "if", "may"}
    | {"must", "not", "should", "since", "so", "than", "that", "unless", "until", "when", "where", "whether"}
    | {"which", "while", "who", "whom", "whose", "will", "without"}
)
#: What may come before whom a point names: "and also to".
_LEADING = frozenset({"also", "and", "especially", "for", "or", "particularly", "to"})
#: More statements in one paragraph, or points in one list, are no statements of relevance.
_MAX_STATEMENTS, _MAX_POINTS = 10, 50
_MAX_POINT_CHARS = 300
_SENTENCE_END = re.compile(r"[.!?…](?=[\s\"'”’)\]]|$)")
_SEPARATOR = re.compile(r"[,;|•]")
_NEGATION = re.compile(r"(?:\b(?:not|never|nor|no longer|cannot)|n['’]t)(?: \w+){0,2} ?$", re.IGNORECASE)


class LeadIn(NamedTuple):
    """Words of a passage, first to last (exclusive), that announce whom it is for."""

    passage: Passage
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Point:
    """Whom a statement lists at one point; names begin at a word from first to reach.

    text: as it stands, at most 300 characters.
    """

    passage: Passage
    text: str
    first: int
    reach: int

    @property
    def where(self) -> Place:
        """The place of the item that it was read in."""
        return self.passage.where


def read_points(passages: Sequence[Passage], lead_ins: Sequence[LeadIn]) -> tuple[Point, ...]:
    """Return what the statements of relevance in an item list, in reading order.

    passages: those that may hold one. lead_ins: where they begin. A denied statement ("does not apply to",
    "no longer applies to") lists nothing.
    """
    if not lead_ins:
        return ()
    numbers = {id(passage): number for number, passage in enumerate(passages)}
    counts = Counter[int]()
    points: list[Point] = []
    for passage, first, last in lead_ins:
        number = numbers.get(id(passage))
        if number is None or counts[number] >= _MAX_STATEMENTS:
            continue
        counts[number] += 1
        if not _NEGATION.search(passage.text[: passage.words.starts[first]]):
            points += _read_statement(passages, number, passage.words.end(last - 1))
    return tuple(points)


def _read_statement(passages: Sequence[Passage], number: int, begin: int) -> Iterator[Point]:
    passage = passages[number]
    end = _sentence_end(passage.text, begin)
    yield from _split(passage, begin, end)
    rest = passage.text[begin:].rstrip()
    bare = rest.strip(" :–—-") == ""
    stopped = not _STOPS.isdisjoint(passage.words.keys[bisect_left(passage.words.starts, begin) :])
    if end < len(passage.text) or stopped or not (bare or rest.endswith(":")):
        return
    following = passages[number + 1 : number + 1 + _MAX_POINTS]
    if bare and following and following[0].kind == "text" and (rest or passage.kind == "heading"):
        yield from _split(following[0], 0, _sentence_end(following[0].text, 0))
    for point in following:
        if point.kind != "point":
            break
        yield from _split(point, 0, len(point.text))


def _sentence_end(text: str, begin: int) -> int:
    found = _SENTENCE_END.search(text, begin)
    return found.start() if found else len(text)


def _split(passage: Passage, begin: int, end: int) -> Iterator[Point]:
    """Yield the points of a stretch of text, parted by commas and semicolons, up to the first stop."""
    while begin < end:
        found = _SEPARATOR.search(passage.text, begin, end)
        close = found.start() if found else end
        first, last = (bisect_left(passage.words.starts, place) for place in (begin, close))
        reach = _reach(passage.words.keys, first, last)
        if reach > first:
            text = passage.text[begin : min(close, begin + _MAX_POINT_CHARS)]
            yield Point(passage, text.strip(" .:–—-"), first, reach)
        if not _STOPS.isdisjoint(passage.words.keys[first:last]):
            return
        begin = close + 1


def _reach(words: Sequence[str], first: int, last: int) -> int:
    """Return the word before which the names of a point begin."""
    leading = True
    for number in range(first, last):
        leading = leading and words[number] in _LEADING
        if words[number] in _STOPS or (words[number] in _CUTS and not leading):
            return number
    return last
