"""A saved page, text or HTML, as one sequence of lines: headings, paragraphs, list items, quotations."""

from __future__ import annotations

import html as html_entities
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lxml import etree
from lxml import html as lxml_html

from newsletter.feeds.article import NOT_STORY, find_story
from newsletter.feeds.blocks import Block, item_html, item_text
from newsletter.feeds.charset import decode
from newsletter.feeds.clean import bound_nesting, one_line, read_fragment
from newsletter.feeds.dates import DateLine, read_date_line
from newsletter.feeds.page_facts import read_facts
from newsletter.feeds.types import SavedPage

LineKind = Literal["heading", "paragraph", "bullet", "number", "quote", "picture"]

_BULLET = re.compile(r"(?:[•‣◦▪▫●○■□∙⁃]\s*|[-–*·]\s+)(?=\S)")
_NUMBER = re.compile(r"\d{1,2}[.)]\s+(?=\S)")
_OPENING_QUOTE = re.compile(r"[\"“„«‘'](?=\w|\[|…)")
_SAID = re.compile(r"[,.!?…][\"”“»’']")
_CLOSING_QUOTE = re.compile(r"[\"”»]")
_PICTURE = re.compile(r"[^/\\<>|]{1,120}\.(?:jpe?g|png|gif|svg|webp|bmp|tiff?|ico)", re.IGNORECASE)
#: What sites write over, beside and under everything; whole lines, whatever their case.
_NAVIGATION = {
    "home menu", "home", "menu", "main menu", "navigation", "main navigation", "site navigation",
    "skip to content", "skip to main content", "skip navigation", "search", "log in", "login", "log out",
    "sign in", "register", "join", "join us", "join now", "my account", "contact", "contact us", "about",
    "about us", "news", "back", "back to top", "top of page", "share", "share this page", "share this",
    "print", "print this page", "tweet", "cookies", "cookie policy", "cookie settings", "accessibility",
    "accessibility statement", "privacy", "privacy policy", "terms and conditions", "terms of use",
    "site map", "sitemap", "subscribe", "follow us", "you are here", "next", "previous", "close",
    "open menu", "close menu",
}  # fmt: skip
_TRAIL = re.compile(
    r"(?:you are here:?\s*)?home\s*[>›»/|→].*|©.*|copyright\s+(?:©|\(c\)|\d{4}).*", re.IGNORECASE
)
_ENDS_TEXT = re.compile(r"[.:;,…][\"”’')\]]*$")
_MAX_HEADING_WORDS = 25
_QUOTED_WORDS = 8

#: Characters that lxml reads and cannot write, as such and as references.
_NOT_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]"
    r"|&#0*(?:[0-8]|1[124-9]|2\d|3[01]|6553[45]|5(?:529[6-9]|5[3-9]\d\d|6\d{3}|7[0-2]\d\d|73[0-3]\d|734[0-3]))(?!\d);?"
    r"|&#x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef]|d[89a-f][0-9a-f]{2})(?![0-9a-f]);?",
    re.IGNORECASE,
)
_HTML_START = re.compile(
    r"\s*+(?:<!--.*?-->\s*+|<\?xml[^>]*+>\s*+)*+<(?:!doctype|[a-z][a-z1-6]*+)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One block of a page. html: inline markup. key: equal for lines that read the same on two pages."""

    kind: LineKind
    text: str
    html: str
    key: str
    words: int
    date: DateLine | None = None

    @property
    def can_be_heading(self) -> bool:
        """Whether it is marked as a heading, or short, on its own and without an end mark."""
        if self.kind == "heading":
            return True
        short = self.words <= _MAX_HEADING_WORDS and not _ENDS_TEXT.search(self.text)
        return self.kind == "paragraph" and short and self.date is None and not self.text[0].islower()

    @property
    def is_prose(self) -> bool:
        """Whether it is running text."""
        return self.kind in {"paragraph", "quote"} and not self.can_be_heading and self.date is None


@dataclass(frozen=True, slots=True)
class Page:
    """A saved page, debris and menus gone; what an HTML page says about itself, None where it does not."""

    name: str
    lines: list[Line]
    titles: list[str] = field(default_factory=list)
    link: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    section: str | None = None
    author: str | None = None
    language: str | None = None
    #: What it calls its own headline, where a heading of it reads the same.
    headline: str = ""
    #: Its lead picture.
    picture: Block | None = None
    #: Whether it calls itself a piece of news.
    is_article: bool = False


def read_page(page: SavedPage) -> Page:
    """Return the lines of a saved page and what it says about itself; an undecipherable one has no lines."""
    text, _ = decode(page.body, page.content_type)
    if _HTML_START.match(text) or "html" in (page.content_type or "").lower():
        return _read_html(page, text)
    return Page(page.name, list(_text_lines(text)))


def make_line(kind: LineKind, text: str, html: str = "") -> Line:
    """Return a line of plain text, or of inline markup with its text."""
    plain = one_line(text)
    if kind == "paragraph" and _is_quotation(plain):
        kind = "quote"
    key = "".join(char for char in plain.casefold() if char.isalnum())
    words = len(plain.split())
    date = read_date_line(plain) if kind != "quote" else None
    return Line(kind, plain, html or html_entities.escape(plain, quote=False), key, words, date)


def _is_quotation(text: str) -> bool:
    """Whether somebody's words fill the paragraph, rather than that it begins with a word in quotation marks.

    Where a quotation has several paragraphs, each opens with a mark and only the last is closed.
    """
    if not _OPENING_QUOTE.match(text):
        return False
    single = text[0] in "‘'"  # which an apostrophe looks like, so only a mark after a clause counts
    close = (_SAID if single else _CLOSING_QUOTE).search(text, 1)
    if close is None:
        return not single
    said = text[1 : close.end() - 1]
    return said[-1:] in ",.!?…" or len(said.split()) >= _QUOTED_WORDS


def _is_debris(line: Line) -> bool:
    if not line.key or _PICTURE.fullmatch(line.text):
        return True
    if line.kind in {"bullet", "number", "picture"}:
        return False
    return line.text.casefold().strip(" :") in _NAVIGATION or bool(_TRAIL.fullmatch(line.text))


def _text_lines(text: str) -> Iterator[Line]:
    """Yield the blocks of a text: each line one, but that a paragraph or item may go on in further lines."""
    kind: LineKind = "paragraph"
    pending: list[str] = []
    follows = False  # directly, without an empty line between
    for raw in text.splitlines():
        plain = one_line(raw)
        if not plain or _is_debris(make_line("paragraph", plain)):
            follows = False
            continue
        bullet, number = _BULLET.match(plain), _NUMBER.match(plain)
        goes_on = follows and not bullet and not number and _goes_on(kind, raw, plain)
        if pending and not goes_on:
            yield make_line(kind, " ".join(pending))
            pending = []
        if not goes_on:
            kind = "bullet" if bullet else "number" if number else "paragraph"
        mark = bullet or number
        pending.append(plain[mark.end() :] if mark else plain)
        follows = True
    if pending:
        yield make_line(kind, " ".join(pending))


def _goes_on(kind: LineKind, raw: str, plain: str) -> bool:
    indented = raw[:1].isspace() and kind in {"bullet", "number"}
    return plain[0].islower() or indented


def _read_html(page: SavedPage, text: str) -> Page:
    text = _NOT_XML.sub("", text)
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        root = lxml_html.document_fromstring(bound_nesting(text).encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):  # nothing in it at all
        return Page(page.name, [])
    facts = read_facts(root, page.url)
    found = root.xpath(NOT_STORY)
    for element in found if isinstance(found, list) else []:
        if isinstance(element, lxml_html.HtmlElement) and element.getparent() is not None:
            element.drop_tree()
    story = find_story(root, is_article=facts.is_article)
    html = lxml_html.tostring(story, encoding="unicode", with_tail=False)
    blocks = read_fragment(html, page.url or facts.link).blocks
    return Page(
        page.name,
        [line for line in _block_lines(blocks) if not _is_debris(line)],
        titles=[facts.headline, *facts.titles] if facts.headline else facts.titles,
        link=facts.link,
        published=facts.published,
        updated=facts.updated,
        section=facts.section,
        author=facts.author,
        language=facts.language,
        headline=facts.headline,
        picture=facts.picture,
        is_article=facts.is_article,
    )


def _block_lines(blocks: Sequence[Block], *, quoted: bool = False) -> Iterator[Line]:
    for block in blocks:
        if block.tag in {"ul", "ol"}:
            kind: LineKind = "bullet" if block.tag == "ul" else "number"
            for item in block.children:
                yield make_line(kind, item_text(item), item_html(item))
        elif block.tag == "blockquote":
            yield from _block_lines(block.children, quoted=True)
        elif block.tag == "img":
            yield Line("picture", "", block.html, block.html, 0)
        elif quoted:
            yield make_line("quote", block.text, block.html)
        else:
            yield make_line("paragraph" if block.tag == "p" else "heading", block.text, block.html)
