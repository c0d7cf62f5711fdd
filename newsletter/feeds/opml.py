"""Lists of feeds as other feed readers write and read them: OPML 1.0 and 2.0 (opml.org/spec2.opml).

Read leniently, as hardly any program writes it by the book: names of attributes in any case, bare ampersands,
feed: addresses. A document that defines entities of its own is refused, as nothing needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from newsletter.errors import FeedParseError
from newsletter.feeds.charset import decode
from newsletter.feeds.clean import absolute_url, title_line
from newsletter.feeds.types import FeedSource

MAX_FEEDS = 5_000
_MAX_CATEGORIES = 8
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
#: "feed:https://…" and "feed://…", as some readers write it.
_FEED_SCHEME = re.compile(r"feed:(?:(?://)?(?P<whole>https?://)|//)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """One feed of a list. title: "" where there is none; categories: its folders, from the outermost."""

    url: str
    title: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedList:
    """What a document lists, in its order, each address once; problems are (line, what was left out)."""

    feeds: tuple[ListedFeed, ...]
    problems: tuple[tuple[int, str], ...]


def parse_opml(body: bytes, name: str) -> FeedList:
    """Read a list of feeds. name: of the file, for messages. Raises FeedParseError where it is none."""
    text = _NOT_XML.sub("", decode(body)[0])
    if "<!ENTITY" in text:
        raise _no_list(name, "defines entities of its own, which no list of feeds needs")
    text = _BARE_AMPERSAND.sub("&amp;", _DECLARATION.sub("", text, count=1))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, encoding="utf-8"
    )
    root = etree.fromstring(text.encode(), parser) if text.strip() else None
    if root is None or etree.QName(root).localname.lower() != "opml":
        found = "is empty" if not text.strip() else "is no list of feeds (OPML)"
        raise _no_list(name, found)
    feeds: dict[str, ListedFeed] = {}
    problems: list[tuple[int, str]] = []
    for element in root.iter("{*}outline"):
        said = {str(key).lower(): str(value) for key, value in element.attrib.items()}
        title = title_line(said.get("title") or said.get("text", ""), markup=True)
        address = said.get("xmlurl") or (said.get("url") if said.get("type", "").lower() == "rss" else "")
        if address:
            url = absolute_url(_web_address(address.strip()), None)
            if url is None or url.startswith("mailto:"):
                problems.append((_line(element), f"no http or https address: {address[:200]!r}"))
            elif len(feeds) >= MAX_FEEDS:
                problems.append((_line(element), f"more than {MAX_FEEDS:,} feeds"))
                break
            else:
                feeds.setdefault(url, ListedFeed(url, title, _categories(element, said.get("category", ""))))
        elif not len(element):
            problems.append((_line(element), f"names no address of a feed (xmlUrl): {title[:100]!r}"))
    return FeedList(tuple(feeds.values()), tuple(problems))


def write_opml(title: str, feeds: Iterable[FeedSource], titles: dict[str, str], when: datetime) -> str:
    """Return a list of feeds as OPML 2.0, each in the folders of its categories.

    titles: of the feeds, as they call themselves, by name. Feeds that are no addresses are left out.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    etree.SubElement(head, "dateCreated").text = format_datetime(when, usegmt=True)
    folders: dict[tuple[str, ...], etree._Element] = {(): etree.SubElement(root, "body")}
    for feed in feeds:
        if not is_listed(feed):
            continue
        for depth in range(1, len(feed.categories) + 1):
            path = feed.categories[:depth]
            if path not in folders:
                folders[path] = etree.SubElement(folders[path[:-1]], "outline", text=path[-1])
        named = titles.get(feed.name) or feed.name
        etree.SubElement(
            folders[feed.categories], "outline", type="rss", text=named, title=named, xmlUrl=feed.url
        )
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8").decode() + "\n"


def is_listed(feed: FeedSource) -> bool:
    """Whether others can read a feed, too: an address, not a file of ours."""
    return feed.kind == "feed" and feed.url.startswith(("http://", "https://"))


def _categories(element: etree._Element, own: str) -> tuple[str, ...]:
    """Return the names of the folders around a feed, then its own categories ("/News/Schools,Wales")."""
    folders = [_title(folder) for folder in element.iterancestors("{*}outline")][::-1]
    names = [*folders, *(title_line(name, markup=True) for name in _split(own))]
    return tuple(dict.fromkeys(name for name in names if name))[:_MAX_CATEGORIES]


def _split(text: str) -> Iterator[str]:
    return (name for path in text.split(",") for name in path.split("/"))


def _title(folder: etree._Element) -> str:
    said = {str(key).lower(): str(value) for key, value in folder.attrib.items()}
    return title_line(said.get("text") or said.get("title", ""), markup=True)


def _web_address(text: str) -> str:
    found = _FEED_SCHEME.match(text)
    return (found["whole"] or "http://") + text[found.end() :] if found else text


def _line(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0


def _no_list(name: str, what: str) -> FeedParseError:
    return FeedParseError(
        f"{name}: {what}",
        feed_url=name,
        hint="export the list of feeds (OPML) again from your feed reader; a feed's own address goes to: "
        "newsletter feed add URL",
    )
