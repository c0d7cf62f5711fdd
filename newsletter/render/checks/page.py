"""A rendered variant as the checks read it: parsed once, and each element's item known."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from newsletter.errors import RenderError
from newsletter.feeds.types import Item
from newsletter.render.merge import URL_FIELDS, fill, one_line
from newsletter.render.types import MergeField, RenderedVariant, Segments

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SNIPPET = 60


def stand_in(name: str) -> str:
    """Return what stands in a page for a merge field while it is checked."""
    return f"https://merge.invalid/{name}" if name in URL_FIELDS else "Alex"


class Page:
    """A variant's parts with stand-ins in the place of merge fields.

    source, text: the parts. root: the HTML without comments. kept: its style blocks, as mail programs other
    than Outlook for Windows see them. items: of the variant.
    """

    def __init__(self, rendered: RenderedVariant, items: Sequence[Item] = ()) -> None:
        self.rendered = rendered
        self.items = items
        self.source = _filled(rendered.html, html.escape)
        self.text = _filled(rendered.text, str)
        try:
            parser = HTMLParser(remove_comments=True)
            self.root: HtmlElement = document_fromstring(self.source, parser=parser)
            self.body: HtmlElement
            [self.body] = self.root.findall("body")
        except (etree.ParserError, ValueError):
            raise RenderError("what the template gives is no HTML page") from None
        self.kept = tuple(block.text or "" for block in self.root.iter("style"))
        self.comments = _COMMENT.findall(self.source)
        self.headlines: list[HtmlElement] = list(self.body.iter("h3"))

    @cached_property
    def words(self) -> str:
        """All that is to be read in the HTML part, on one line, the preheader first."""
        return words_of(self.body)

    @cached_property
    def from_outside(self) -> str:
        """The items' own words: what looks odd in them is nobody's slip here."""
        fields = (
            (it.title, it.summary, html.unescape(it.html), it.section, *it.categories) for it in self.items
        )
        return " ".join(filter(None, itertools.chain.from_iterable(fields)))

    def item_of(self, element: HtmlElement) -> int | None:
        """Return the id of the item that an element belongs to; None for the template's own."""
        while element is not None:
            if element in self._cells:
                return self._cells[element]
            element = element.getparent()
        return None

    @cached_property
    def _cells(self) -> dict[HtmlElement, int | None]:
        """The items' cells: what is around a headline, as far as the table cell it stands in."""
        return {_cell(headline): self._named(headline) for headline in self.headlines}

    def _named(self, headline: HtmlElement) -> int | None:
        links, words = {link.get("href") for link in headline.iter("a")}, words_of(headline)
        for item in self.items:
            if (item.link and item.link in links) or one_spaced(one_line(item.title)) in words:
                return item.id
        return None

    def hidden(self, element: HtmlElement) -> bool:
        """Whether an element, or one around it, is not shown."""
        return any("display:none" in (it.get("style") or "") for it in (element, *element.iterancestors()))


def words_of(element: HtmlElement) -> str:
    """Return what is to be read in an element, on one line."""
    return one_spaced(element.text_content())


def one_spaced(text: str) -> str:
    """Return text with single spaces."""
    return " ".join(text.split())


def snippet(text: str) -> str:
    """Return the beginning of a text in quotation marks."""
    line = one_spaced(text)
    return f"“{line[:_SNIPPET].rstrip()}…”" if len(line) > _SNIPPET else f"“{line}”"


def place(element: HtmlElement) -> str:
    """Return how a template's author finds an element: '<td class="foot">'."""
    name = element.get("class")
    return f'<{element.tag} class="{name}">' if name else f"<{element.tag}>"


def some(texts: Iterable[str]) -> str:
    """Return the first few of many texts, each once, in a sentence."""
    told = list(dict.fromkeys(texts))
    if len(told) <= 3:  # noqa: PLR2004 - as many as one sentence holds
        return ", ".join(told)
    return f"{', '.join(told[:3])} and {len(told) - 3} more"


def _filled(segments: Segments, escape: Callable[[str], str]) -> str:
    values = {part.name: stand_in(part.name) for part in segments if isinstance(part, MergeField)}
    return fill(segments, values, escape)


def _cell(headline: HtmlElement) -> HtmlElement:
    parent: HtmlElement = headline.getparent()
    return next((it for it in headline.iterancestors("td")), parent)


def own_text(element: HtmlElement) -> str:
    """Return what stands directly in an element, what follows its children too."""
    return " ".join([element.text or "", *(child.tail or "" for child in element)])
