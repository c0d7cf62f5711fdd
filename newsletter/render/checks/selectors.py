"""Which elements a selector fits, and how much it weighs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import cssselect
from lxml import etree
from lxml.html import HtmlElement

_SIMPLE = re.compile(r"([a-z][a-z0-9]*)?(?:\.([\w-]+))?", re.IGNORECASE)


class Elements:
    """The elements of a body, found by selectors: those of one tag or class quickly, all others too."""

    def __init__(self, body: HtmlElement) -> None:
        self._root = body.getroottree().getroot()
        self._by_tag: dict[str, list[HtmlElement]] = {}
        self._by_class: dict[str, list[HtmlElement]] = {}
        for element in body.iter(etree.Element):
            self._by_tag.setdefault(element.tag, []).append(element)
            for name in (element.get("class") or "").split():
                self._by_class.setdefault(name, []).append(element)

    def select(self, selector: str) -> Sequence[HtmlElement]:
        """Return what a selector fits, none for one that nobody understands."""
        simple = _SIMPLE.fullmatch(selector)
        if simple and simple[2]:
            found = self._by_class.get(simple[2], [])
            return [it for it in found if it.tag == simple[1]] if simple[1] else found
        if simple and simple[1]:
            return self._by_tag.get(simple[1], [])
        path = _xpath(selector)
        return cast("list[HtmlElement]", path(self._root)) if path else []


@lru_cache(512)
def specificity(selector: str) -> tuple[int, int, int]:
    """Return the weight of a selector: ids, classes, tags."""
    try:
        return max(it.specificity() for it in cssselect.parse(selector))
    except cssselect.SelectorError:
        return (0, 0, 0)


@lru_cache(512)
def _xpath(selector: str) -> etree.XPath | None:
    try:
        return etree.XPath(cssselect.HTMLTranslator().css_to_xpath(selector))
    except (cssselect.SelectorError, etree.XPathSyntaxError):
        return None
