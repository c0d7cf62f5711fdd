"""A sanitised HTML fragment as a tidy sequence of blocks: paragraphs, headings, lists, quotations, pictures.

Works on what nh3 wrote, which is well formed and of few elements, so a regular expression can read it.
Everything ends up in a block; empty ones go, nesting has a bound, line breaks in pairs part paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape

from newsletter.feeds.blocks import LISTS, Block
from newsletter.feeds.pictures import read_picture

_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z]+="[^"]*")*)[^<>]*>|([^<]+)')
_HREF = re.compile(r' href="([^"]*)"')
_WHITE = re.compile(r"\s+")
_HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
_EMPHASIS = {"b": "strong", "strong": "strong", "i": "em", "em": "em"}
_ITEMS = ("li", *LISTS)
#: Elements that only part one paragraph from the next.
_BOUNDARIES = {
    "p", "div", "section", "article", "main", "header", "footer", "aside", "figure", "figcaption", "address",
    "center", "pre", "hr", "details", "summary", "form", "fieldset", "table", "caption", "thead", "tbody",
    "tfoot", "tr", "dl", "dt", "dd",
}  # fmt: skip
_CELLS = {"td", "th"}
#: Everything that `read_blocks` understands.
UNDERSTOOD = _BOUNDARIES | _CELLS | {"br", "a", "img", "blockquote", "li", *LISTS, *_HEADINGS, *_EMPHASIS}
_MAX_CONTAINERS = 8


class _Leaf:
    """The paragraph or heading being read; markup is opened and closed only around actual text."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.pieces: list[str] = []
        self.texts: list[str] = []
        self.opened: list[str] = []
        self.space = False

    def add(self, text: str, markup: Sequence[str]) -> None:
        """Append text that stands inside the given opening tags; white space is one space."""
        if self.pieces and self.pieces[-1] != "<br>" and text[0] == " ":
            self.space = True
        words = text.strip()
        if not words:
            return
        common = 0
        if markup or self.opened:
            common = _common_length(markup, self.opened)
            self._close(common)
        if self.space:
            self.pieces.append(" ")
            self.texts.append(" ")
        for tag in markup[common:]:
            self.pieces.append(f"<{tag}>")
            self.opened.append(tag)
        self.pieces.append(escape(words, quote=False))
        self.texts.append(words)
        self.space = text[-1] == " "

    def line_break(self) -> None:
        if self.tag == "p":
            self.pieces.append("<br>")
            self.texts.append("\n")
            self.space = False
        else:
            self.space = True

    def finish(self) -> Block:
        self._close(0)
        return Block(self.tag, "".join(self.pieces), "".join(self.texts))

    def _close(self, keep: int) -> None:
        for tag in reversed(self.opened[keep:]):
            self.pieces.append(f"</{tag.partition(' ')[0]}>")
        del self.opened[keep:]


def _common_length(one: Sequence[str], other: Sequence[str]) -> int:
    for place, (mine, yours) in enumerate(zip(one, other, strict=False)):
        if mine != yours:
            return place
    return min(len(one), len(other))


class _Reader:
    def __init__(self, href: Callable[[str], str | None], normalise: Callable[[str], str]) -> None:
        self.href = href
        self.normalise = normalise
        self.root = Block("blockquote")
        self.containers = [self.root]
        #: For each open ul, ol, li, blockquote: how many containers it opened.
        self.frames: list[int] = []
        self.markup: list[str] = []
        self.leaf: _Leaf | None = None
        self.next_tag = "p"
        self.breaks = 0
        #: Those that stand in the paragraph being read; they follow it.
        self.pictures: list[Block] = []

    def text(self, text: str) -> None:
        text = _WHITE.sub(" ", self.normalise(text))
        if not text or (text == " " and (self.leaf is None or self.breaks)):
            return
        if self.leaf and self.breaks > 1 and self.leaf.tag == "p":
            self.end_leaf()
        if self.leaf is None:
            if text == " ":
                return
            self.leaf = _Leaf(self.next_tag)
        elif self.breaks:
            self.leaf.line_break()
        self.breaks = 0
        self.leaf.add(text, [tag for tag in self.markup if tag])

    def end_leaf(self) -> None:
        if self.leaf:
            top = self.containers[-1]
            if top.tag in LISTS:  # text that stands in a list and in none of its items
                top.children.append(Block("li", children=[self.leaf.finish()]))
            else:
                top.children.append(self.leaf.finish())
        self.leaf = None
        self.breaks = 0
        self.containers[-1].children += self.pictures
        self.pictures = []

    def picture(self, markup: str) -> None:
        if any(container.tag in _ITEMS for container in self.containers):
            return  # those of lists go with menus and teasers
        if picture := read_picture(markup, self.href, self.normalise):
            self.pictures.append(picture)
            if self.leaf is None:
                self.end_leaf()

    def start(self, tag: str, markup: str) -> None:
        if tag == "br":
            self.breaks += 1
        elif tag == "img":
            self.picture(markup)
        elif tag in _EMPHASIS:
            self.markup.append(_EMPHASIS[tag] if _EMPHASIS[tag] not in self.markup else "")
        elif tag == "a":
            # A table can bring a link into a link.
            is_inner = any(open_tag.startswith("a ") for open_tag in self.markup)
            href = _HREF.match(markup)
            target = self.href(unescape(href[1])) if href and not is_inner else None
            self.markup.append(f'a href="{escape(target)}"' if target else "")
        elif tag in _CELLS:
            self.text(" ")
        elif tag in UNDERSTOOD:
            self.end_leaf()
            if tag in _HEADINGS:
                self.next_tag = "p" if self.containers[-1].tag in _ITEMS else _HEADINGS[tag]
            elif tag not in _BOUNDARIES:
                self.open_container(tag)

    def open_container(self, tag: str) -> None:
        self.next_tag = "p"
        wanted = [tag]
        inside = self.containers[-1].tag
        if tag == "li" and inside not in LISTS:
            wanted = ["ul", "li"]
        elif tag != "li" and inside in LISTS:
            wanted = ["li", tag]
        if len(self.containers) + len(wanted) > _MAX_CONTAINERS:
            wanted = []
        for name in wanted:
            block = Block(name)
            self.containers[-1].children.append(block)
            self.containers.append(block)
        self.frames.append(len(wanted))

    def end(self, tag: str) -> None:
        if tag in _EMPHASIS or tag == "a":
            self.markup.pop()
        elif tag in UNDERSTOOD and tag not in _CELLS:
            self.end_leaf()
            self.next_tag = "p"
            if tag not in _BOUNDARIES and tag not in _HEADINGS and (count := self.frames.pop()):
                del self.containers[-count:]


def read_blocks(html: str, href: Callable[[str], str | None], normalise: Callable[[str], str]) -> list[Block]:
    """Return the blocks of a fragment that nh3 wrote.

    href: turns what stands in a link into the address to keep, or None. normalise: cleans plain text.
    """
    reader = _Reader(href, normalise)
    for closing, tag, markup, text in _TOKEN.findall(html):
        if text:
            reader.text(unescape(text))
        elif closing:
            reader.end(tag)
        else:
            reader.start(tag, markup)
    reader.end_leaf()
    return list(_tidied(reader.root.children))


def _tidied(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks without empty containers; items that stood in no list share one."""
    last: Block | None = None
    for block in blocks:
        if block.children:
            block.children = list(_tidied(block.children))
        if not (block.children or block.text):
            continue
        if last and block.tag == last.tag and block.tag in LISTS:
            last.children += block.children
        else:
            yield block
            last = block
