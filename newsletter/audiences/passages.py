"""An item as passages of plain text: its title, its opening, and the blocks of its story."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from lxml import etree

from newsletter.audiences.phrases import Words

if TYPE_CHECKING:
    from newsletter.audiences.types import Place

PassageKind = Literal["text", "heading", "point"]

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt"})
_POINTS = frozenset({"li", "dd"})
_BREAKS = (
    _HEADINGS
    | _POINTS
    | frozenset({"p", "div", "br", "hr", "blockquote", "ul", "ol", "dl", "pre", "table", "tr", "td", "th"})
    | frozenset({"section", "article", "figure", "figcaption"})
)
#: A list that was typed rather than marked up.
_BULLET = re.compile(r"[•·‣▪◦●*-] +")
#: A character of nobody's, which marks where a block begins or ends while lxml writes the text between; then
#: what it is.
_MARK = "\ue000"
_BREAK, _HEADING, _POINT, _CLOSE = "b", "h", "p", "/"
_MARKS = dict.fromkeys(_HEADINGS, _HEADING) | dict.fromkeys(_POINTS, _POINT)
_KINDS: Mapping[str, PassageKind] = {_HEADING: "heading", _POINT: "point"}
_PARSER = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)


class Sortable(Protocol):
    """What entries and items have in common, as far as sorting reads it."""

    @property
    def title(self) -> str:
        """Plain text on one line."""

    @property
    def html(self) -> str:
        """The story as a safe HTML fragment, or nothing."""

    @property
    def summary(self) -> str:
        """Plain opening of the story."""

    @property
    def section(self) -> str | None:
        """The heading that the site files it under."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Labels that the feed gave it."""


class Passage:
    """A block of an item: plain, white space single, the bullet of a list point left out."""

    __slots__ = ("_words", "kind", "text", "where")

    def __init__(self, where: Place, text: str, kind: PassageKind = "text") -> None:
        self.where, self.text, self.kind = where, text, kind
        self._words: Words | None = None

    @property
    def words(self) -> Words:
        """The words of the text, read once."""
        if self._words is None:
            self._words = Words(self.text)
        return self._words


@dataclass(frozen=True, slots=True)
class Passages:
    """An item in reading order. Where it has no story the body is its summary.

    labels: its section and categories.
    """

    title: Passage
    labels: tuple[Passage, ...]
    opening: Passage
    body: tuple[Passage, ...]


def read_passages(item: Sortable) -> Passages:
    """Take an item apart; text of any kind is accepted."""
    opening = Passage("summary", _plain(item.summary))
    body = read_body(item.html) or (opening,)
    labels = [Passage("section", _plain(item.section))] if item.section else []
    labels += [Passage("category", _plain(name)) for name in item.categories]
    return Passages(Passage("title", _plain(item.title)), tuple(labels), opening, body)


def read_body(html: str) -> tuple[Passage, ...]:
    """Return the blocks of an HTML fragment in order, those without text left out."""
    # libxml2 ends a document at NUL; lone surrogates have no bytes in UTF-8.
    source = html.replace("\0", " ").replace(_MARK, " ").encode("utf-8", "replace")
    root = etree.HTML(source, _PARSER) if source.strip() else None
    if root is None:
        return ()
    for element in root.iter(*_BREAKS):
        kind = _MARKS.get(element.tag)
        element.text = f"{_MARK}{kind or _BREAK}{element.text or ''}"
        element.tail = f"{_MARK}{_CLOSE if kind else _BREAK}{element.tail or ''}"
    return tuple(_blocks(etree.tostring(root, method="text", encoding="unicode")))


def _blocks(marked: str) -> Iterator[Passage]:
    kinds: list[PassageKind] = ["text"]
    before, *pieces = marked.split(_MARK)
    for piece in (_BREAK + before, *pieces):
        mark = piece[0]
        if mark == _CLOSE:
            kinds.pop()
        elif mark != _BREAK:
            kinds.append(_KINDS[mark])
        if len(piece) > 1 and (passage := _passage(piece[1:], kinds[-1])).text:
            yield passage


def _passage(text: str, kind: PassageKind) -> Passage:
    text = _plain(text)
    bullet = _BULLET.match(text)
    return Passage("body", text[bullet.end() :], "point") if bullet else Passage("body", text, kind)


def _plain(text: str) -> str:
    return " ".join(text.split())
