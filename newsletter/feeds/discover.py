"""The feeds that a web page names: `<link rel="alternate">` (HTML Standard §4.6.7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree
from lxml import html as lxml_html

from newsletter.feeds.charset import decode
from newsletter.feeds.clean import absolute_url, bound_nesting, title_line
from newsletter.feeds.types import Fetched

_TYPES = {
    "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml",
    "application/xml", "text/xml",
}  # fmt: skip
_COMMENTS = re.compile(r"\b(?:comments?|replies|sylwadau)\b", re.IGNORECASE)
_MAX_LINKS = 50


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names. title: "" where the page says none."""

    url: str
    title: str

    @property
    def is_of_comments(self) -> bool:
        """Whether it brings what readers say, not news."""
        return bool(_COMMENTS.search(self.title) or _COMMENTS.search(self.url))


def feed_links(page: Fetched) -> tuple[FeedLink, ...]:
    """Return the feeds of a page, each address once, those of comments last; none where it is no page."""
    text, _ = decode(page.body, page.content_type)
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        root = lxml_html.document_fromstring(bound_nesting(text).encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ()
    base = next((absolute_url(it.get("href") or "", page.url) for it in root.iter("base")), None) or page.url
    found: dict[str, FeedLink] = {}
    for link in root.iter("link"):
        rel = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        if ("alternate" in rel and kind in _TYPES) or rel == ["feed"]:
            url = absolute_url(link.get("href") or "", base)
            if url and not url.startswith("mailto:"):
                found.setdefault(url, FeedLink(url, title_line(link.get("title") or "", markup=False)))
    ordered = sorted(found.values(), key=lambda one: one.is_of_comments)
    return tuple(ordered[:_MAX_LINKS])
