"""A story as blocks: what of a safe HTML fragment means something in a mail.

The fragment is read, never copied: templates and the text part write these blocks anew. Tags that are not
known here lose their markup and keep their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar
from urllib.parse import quote, urlsplit

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

from newsletter.render.merge import one_line

_DROPPED = frozenset({"script", "style", "template", "title", "noscript", "svg", "math", "iframe", "object"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = frozenset(
    {"abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd"}
    | {"mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"}
)
#: Words of a link that do not say where it goes.
VAGUE = re.compile(
    r"(?:click |press |tap )?here|(?:read|find out|learn|see|view) more|more|(?:this |the )?link"
    r"|continue(?: reading)?|darllen mwy|mwy|yma|cliciwch yma",
    re.IGNORECASE,
)
BARE_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one make. link: an http, https or mailto address, or None."""

    text: str
    link: str | None = None
    strong: bool = False
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, or a heading within a story."""

    kind: ClassVar[str] = "paragraph"
    runs: tuple[Run, ...]
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a list, with the lists inside it."""

    runs: tuple[Run, ...]
    lists: tuple[Points, ...] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    kind: ClassVar[str] = "points"
    points: tuple[Point, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation."""

    kind: ClassVar[str] = "quote"
    blocks: tuple[Block, ...]


Block = Paragraph | Points | Quote

_INNER_LISTS = 2

_Flow = Iterator[Run | Block | None]  # None: what follows stands in a paragraph of its own


@lru_cache(64)  # an item stands in several variants of an edition
def read_story(html: str) -> tuple[Block, ...]:
    """Return the blocks of a fragment, in order; none where it says nothing."""
    if not html.strip():
        return ()
    try:
        root = fragment_fromstring(one_line(html), create_parent="div")
    except (etree.ParserError, ValueError):
        return ()
    return tuple(_shallow(_blocks(root)))


def plain(runs: Iterable[Run]) -> str:
    """Return the words alone."""
    return "".join(run.text for run in runs)


def web_link(address: str | None) -> str | None:
    """Return an address as it may stand in a link, in ASCII and without spaces; None unless it is http(s)."""
    # lxml would write it so in the HTML part; done here, both parts show the same.
    link = quote(one_line(address or "").strip(), safe="!#$%&'()*+,/:;=?@[]~")
    return link if link.lower().startswith(("http://", "https://")) else None


def quotations(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the text of each quotation that is one piece of running text, in order."""
    for block in blocks:
        if isinstance(block, Quote) and all(isinstance(part, Paragraph) for part in block.blocks):
            yield " ".join(plain(part.runs) for part in block.blocks if isinstance(part, Paragraph))


def _shallow(blocks: Iterable[Block], *, quoted: bool = False) -> Iterator[Block]:
    """Yield blocks with lists at most three deep and no quotation within another: a template recurses."""
    for block in blocks:
        if isinstance(block, Points):
            yield Points(tuple(_hoisted(block.points, _INNER_LISTS)), block.ordered)
        elif isinstance(block, Quote) and quoted:
            yield from _shallow(block.blocks, quoted=True)
        elif isinstance(block, Quote):
            yield Quote(tuple(_shallow(block.blocks, quoted=True)))
        else:
            yield block


def _hoisted(points: Iterable[Point], levels: int) -> Iterator[Point]:
    for point in points:
        inner = [Points(tuple(_hoisted(it.points, max(levels - 1, 0))), it.ordered) for it in point.lists]
        if levels:
            yield replace(point, lists=tuple(inner))
            continue
        if point.runs:
            yield Point(point.runs)
        for it in inner:
            yield from it.points


def _blocks(node: HtmlElement) -> Iterator[Block]:
    runs: list[Run] = []
    for part in (*_flow(node, Run("")), None):
        if isinstance(part, Run):
            runs.append(part)
            continue
        if tidy := _tidy(runs):
            yield Paragraph(tidy)
        runs = []
        if part is not None:
            yield part


def _flow(node: HtmlElement, style: Run) -> _Flow:
    if node.text:
        yield replace(style, text=node.text)
    for child in node:
        if isinstance(child.tag, str):  # comments have none
            yield from _element(child, style)
        if child.tail:
            yield replace(style, text=child.tail)


def _element(node: HtmlElement, style: Run) -> _Flow:
    tag = node.tag
    if tag in _DROPPED:
        return
    if tag == "a":
        yield _link(node, style)
    elif tag in _INLINE:
        strong, emphasis = style.strong or tag in {"strong", "b"}, style.emphasis or tag in {"em", "i"}
        yield from _flow(node, replace(style, strong=strong, emphasis=emphasis))
    elif tag in _HEADINGS:
        if runs := _tidy(_words(_flow(node, Run("")))):
            yield Paragraph(runs, heading=True)
    elif tag in {"ul", "ol"}:
        if points := tuple(_points(node)):
            yield Points(points, ordered=tag == "ol")
    elif tag == "blockquote":
        if blocks := tuple(_blocks(node)):
            yield Quote(blocks)
    else:
        yield None
        yield from _flow(node, style)
        yield None


def _link(node: HtmlElement, style: Run) -> Run:
    text = node.text_content()
    address = node.get("href")
    mail = one_line(address or "").strip()
    link = web_link(address) or (quote(mail, safe="%&+,.:;=?@") if mail[:7].lower() == "mailto:" else None)
    return replace(style, text=_says_where(text, link) if link else text, link=link if text.strip() else None)


def _says_where(text: str, link: str) -> str:
    """Return link text that tells a reader where it goes: no bare address, no "here" alone."""
    host = (urlsplit(link).hostname or "").removeprefix("www.")
    words = text.strip()
    if host and BARE_URL.fullmatch(words):
        return text.replace(words, host)
    if host and VAGUE.fullmatch(words):
        return text.replace(words, f"{words} ({host})")
    return text


def _words(parts: Iterable[Run | Block | None]) -> Iterator[Run]:
    """Yield the running text of what has no room for blocks: a heading, a point."""
    for part in parts:
        if isinstance(part, Run):
            yield part
        else:
            yield Run(" ")
            if isinstance(part, Paragraph):
                yield from part.runs
            elif isinstance(part, Quote):
                yield from _words(part.blocks)
            elif isinstance(part, Points):
                for point in part.points:
                    yield from (*point.runs, Run(" "), *_words(point.lists))
            yield Run(" ")


def _points(node: HtmlElement) -> Iterator[Point]:
    for child in node:
        if not isinstance(child.tag, str):
            continue
        parts = tuple(_flow(child, Run("")))
        lists = tuple(part for part in parts if isinstance(part, Points))
        runs = _tidy(_words(part for part in parts if not isinstance(part, Points)))
        if runs or lists:
            yield Point(runs, lists)


def _tidy(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return runs with white space as a reader sees it: single, none at the ends, none of its own."""
    kept: list[Run] = []
    for run in runs:
        text = re.sub(r"\s+", " ", run.text)
        if not kept or kept[-1].text.endswith(" "):
            text = text.removeprefix(" ")
        if not text:
            continue
        if kept and replace(kept[-1], text="") == replace(run, text=""):
            kept[-1] = replace(run, text=kept[-1].text + text)
        else:
            kept.append(replace(run, text=text))
    if kept:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" "))
    return tuple(run for run in kept if run.text)
