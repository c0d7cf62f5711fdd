"""What a web page says about itself: JSON-LD of schema.org, OpenGraph, meta elements, microdata, `<time>`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from lxml import html as lxml_html

from newsletter.feeds.blocks import Block
from newsletter.feeds.clean import absolute_url, one_line, title_line
from newsletter.feeds.dates import read_date_line, read_timestamp
from newsletter.feeds.entries import language_tag
from newsletter.feeds.pictures import make_picture

#: Types of schema.org that are a piece of news; "NewsArticle" and its like end with the first.
_NEWS_TYPES = ("Article", "BlogPosting", "NewsPosting", "Report", "PressRelease")
_MAX_JSON_CHARS = 1_000_000
_MAX_OBJECTS = 500
_SITE_NAME = re.compile(r"\s+[|–—·»-]\s+")
_SCALED = re.compile(r"[-_@]\d{2,4}(?:x\d{2,4})?(?:px|w)?$|-scaled$")
_HOME = {"home", "hafan", "homepage", "news home"}
_PUBLISHED = (
    "article:published_time", "date", "pubdate", "publication_date", "dc.date", "dc.date.issued",
    "dcterms.date", "dcterms.issued", "dcterms.created", "parsely-pub-date", "sailthru.date",
)  # fmt: skip
_UPDATED = (
    "article:modified_time",
    "og:updated_time",
    "dcterms.modified",
    "dc.date.modified",
    "last-modified",
)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """None, "" or empty where the page does not say.

    titles: the likeliest first. headline: a heading of the page that one of them confirms. is_article:
    whether it calls itself a piece of news; its dates and section are then its own, and not those of a site.
    """

    titles: list[str]
    headline: str
    link: str | None
    published: datetime | None
    updated: datetime | None
    section: str | None
    author: str | None
    language: str | None
    picture: Block | None
    is_article: bool


def read_facts(root: lxml_html.HtmlElement, url: str | None) -> PageFacts:
    """Return what a whole page, nothing dropped yet, says about itself. url: where it came from, if known."""
    said = _Said(root, url)
    titles = list(said.titles())
    author = title_line(said.author(), markup=False)[:200]
    section = title_line(said.section(), markup=False)
    return PageFacts(
        titles=titles,
        headline=next((heading for heading in said.headings() if _confirmed(heading, titles)), ""),
        link=said.link(),
        published=said.date("datePublished", _PUBLISHED, "//time[@pubdate]/@datetime", "//time/@datetime"),
        updated=said.date("dateModified", _UPDATED),
        section=section or None,
        author=author or None,
        language=next(filter(None, map(language_tag, said.languages())), None),
        picture=said.picture(),
        is_article=bool(said.news) or said.meta("og:type") == "article" or bool(said.meta(_PUBLISHED[0])),
    )


class _Said:
    def __init__(self, root: lxml_html.HtmlElement, url: str | None) -> None:
        self.root = root
        self.url = url
        self.objects = list(_objects(root))
        self.news = next((it for it in self.objects if _is_news(it)), {})
        self.metas: dict[str, str] = {}
        for meta in root.iter("meta"):
            name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip().lower()
            if name and (content := (meta.get("content") or "").strip()):
                self.metas.setdefault(name, content)

    def meta(self, *names: str) -> str:
        return next((self.metas[name] for name in names if name in self.metas), "")

    def titles(self) -> Iterator[str]:
        page_title = next((it.text_content() for it in self.root.iter("title")), "")
        given = (_text(self.news.get("headline")), self.meta("og:title"), self.meta("twitter:title"))
        whole = [title_line(text, markup=False) for text in given]
        cut = [_SITE_NAME.split(one_line(text))[0] for text in (*given, page_title)]
        return iter(
            dict.fromkeys(text for text in (*whole, *(title_line(t, markup=False) for t in cut)) if text)
        )

    def headings(self) -> Iterator[str]:
        return (title_line(it.text_content(), markup=False) for it in self.root.iter("h1"))

    def link(self) -> str | None:
        canonical = (
            it.get("href")
            for it in self.root.iter("link")
            if "canonical" in (it.get("rel") or "").lower().split()
        )
        entity = self.news.get("mainEntityOfPage")
        own = _text(entity.get("@id")) if isinstance(entity, dict) else _text(entity)
        for text in (*canonical, self.meta("og:url"), _text(self.news.get("url")), own):
            found = absolute_url(text or "", self.url)
            # Some sites call their front page the canonical address of everything.
            if found and found.startswith("http") and (urlsplit(found).path.strip("/") or not self.url):
                return found
        return self.url

    def date(self, field: str, names: Iterable[str], *paths: str) -> datetime | None:
        marked = f"//*[@itemprop='{field}']"
        for text in (
            _text(self.news.get(field)),
            *(self.metas.get(name, "") for name in names),
            *_strings(self.root, f"{marked}/@datetime", f"{marked}/@content", *paths),
        ):
            line = read_date_line(one_line(text)) if text and not text[:4].isdigit() else None
            if found := line.when if line else read_timestamp(text):
                return found
        return None

    def section(self) -> str:
        named = self.news.get("articleSection")
        named = (
            next((text for text in named if isinstance(text, str)), "") if isinstance(named, list) else named
        )
        return _text(named) or self.meta("article:section", "parsely-section") or self._breadcrumb()

    def _breadcrumb(self) -> str:
        for it in self.objects:
            trail = it.get("itemListElement")
            if it.get("@type") == "BreadcrumbList" and isinstance(trail, list):
                names = [
                    _text(step.get("name")) or _thing_name(step.get("item"))
                    for step in trail
                    if isinstance(step, dict)
                ]
                above = [name for name in names[:-1] if name and name.strip().lower() not in _HOME]
                return above[-1] if above else ""
        return ""

    def author(self) -> str:
        authors = self.news.get("author")
        names = [_name(it) for it in (authors if isinstance(authors, list) else [authors])]
        joined = ", ".join(dict.fromkeys(name for name in names if name))
        return joined or next(
            (n for n in (self.meta("author"), self.meta("article:author")) if "://" not in n), ""
        )

    def languages(self) -> Iterator[str]:
        yield self.root.get("lang") or ""
        yield _text(self.news.get("inLanguage"))
        yield from (self.meta("content-language"), self.meta("og:locale"))

    def picture(self) -> Block | None:
        """Return the lead picture: the one that the page gives to others, with the words of its own <img>."""
        image = self.news.get("image")
        first = image[0] if isinstance(image, list) and image else image
        from_news = _text(first.get("url")) if isinstance(first, dict) else _text(first)
        caption = _text(first.get("caption")) if isinstance(first, dict) else ""
        for source in (self.meta("og:image:secure_url", "og:image", "twitter:image"), from_news):
            url = absolute_url(source, self.url) if source else None
            alt = self.meta("og:image:alt", "twitter:image:alt") or self._alt_of(url) or caption
            if picture := make_picture(url, one_line(alt)):
                return picture
        return None

    def _alt_of(self, url: str | None) -> str:
        stem = _stem(url or "")
        return next(
            (
                it.get("alt") or ""
                for it in self.root.iter("img")
                if it.get("alt") and _stem(it.get("src") or "") == stem
            ),
            "",
        )


def same_picture(one: Block, other: Block) -> bool:
    """Whether two pictures are one in two sizes."""
    sources = [re.search(r'src="([^"]*)"', it.html) for it in (one, other)]
    first, second = (_stem(found[1]) if found else "" for found in sources)
    return bool(first) and first == second


def _stem(url: str) -> str:
    """Return the name of a picture's file without ending and size."""
    try:
        return _SCALED.sub("", PurePosixPath(urlsplit(url).path).stem).lower()
    except ValueError:
        return ""


def _confirmed(heading: str, titles: Iterable[str]) -> bool:
    plain = heading.casefold()
    return bool(plain) and any(title.casefold() == plain for title in titles)


def _objects(root: lxml_html.HtmlElement) -> Iterator[dict[str, Any]]:
    """Yield the objects of a page's JSON-LD, graphs taken apart; what is no JSON is left out."""
    waiting: list[object] = []
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            text = (script.text_content() or "").strip()[:_MAX_JSON_CHARS]
            text = re.sub(r"^(?:<!--|/\*<!\[CDATA\[\*/|<!\[CDATA\[)|(?:-->|/\*\]\]>\*/|\]\]>)$", "", text)
            try:
                waiting.append(json.loads(text, strict=False))
            except (ValueError, RecursionError):
                continue
    for _ in range(_MAX_OBJECTS):
        if not waiting:
            return
        found = waiting.pop(0)
        if isinstance(found, list):
            waiting = [*found, *waiting]
        elif isinstance(found, dict):
            yield found
            waiting += [found[key] for key in ("@graph", "mainEntity") if key in found]


def _is_news(found: dict[str, Any]) -> bool:
    kinds = found.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.endswith(_NEWS_TYPES) for name in names)


def _name(found: object) -> str:
    return _thing_name(found) or _text(found)


def _thing_name(found: object) -> str:
    return _text(found.get("name")) if isinstance(found, dict) else ""


def _text(found: object) -> str:
    return found.strip() if isinstance(found, str) else ""


def _strings(root: lxml_html.HtmlElement, *paths: str) -> Iterator[str]:
    for path in paths:
        found = root.xpath(path)
        yield from map(str, found if isinstance(found, list) else [])
