"""The bytes of a feed document as a `ParsedFeed`: RSS 0.9x to 2.0, RDF, Atom; JSON Feed by its own reader."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import feedparser

from newsletter.errors import FeedParseError
from newsletter.feeds.bounds import MAX_ENTRIES, Bounded, bound
from newsletter.feeds.charset import decode
from newsletter.feeds.clean import (
    Fragment,
    absolute_url,
    one_line,
    read_fragment,
    text_fragment,
    title_line,
)
from newsletter.feeds.dates import from_struct
from newsletter.feeds.entries import (
    EntryDraft,
    EntryList,
    category_names,
    finish_entry,
    language_tag,
)
from newsletter.feeds.jsonfeed import parse_json_feed
from newsletter.feeds.types import Fetched, ParsedEntry, ParsedFeed

#: XML 1.0 §2.2 forbids these; one of them would make the whole document malformed.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
#: No markup has many of them in a row; looking at each by itself takes half a minute for 15 million.
_RUN = re.compile("<{10,}")
_ROOT_ENDS = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
#: The Channel Definition Format, which feedparser reads too.
_CDF_ROOT = re.compile(
    r"(?:\s+|<\?[^<>]*>|<!--(?:(?!-->).)*+-->|<!DOCTYPE[^<>]*>)*+<channel\b", re.IGNORECASE | re.DOTALL
)
_ENTRY_TAG = re.compile(r"<(/?)(?:\w+:)?(?:item|entry)(?=[\s>])[^<>]*>", re.IGNORECASE)
#: Quoted attributes without end; feedparser takes time in the square of them, half a minute for 50,000.
_CROWDED_TAG = re.compile(
    r"""<([A-Za-z_][^\s<>/="']*+)(?:\s++[^\s<>="']++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')){100,}+\s*+(/?)>"""
)
_MARKUP = re.compile(r"<[a-zA-Z/!]")
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_ROOTS = (
    (
        re.compile(r"<opml\b", re.IGNORECASE),
        "a list of feeds (OPML)",
        "take over the feeds that it lists: newsletter feed import FILE",
    ),
    (re.compile(r"<(?:urlset|sitemapindex)\b", re.IGNORECASE), "a site map", "look on the site for its feed"),
)
_HTML_PAGE = re.compile(r"<!doctype\s+html|<html\b|<body\b", re.IGNORECASE)
_FEED_LINK = re.compile(
    r"<link\b[^<>]*\btype\s*=\s*[\"']?application/(?:rss|atom|feed)\+(?:xml|json)[^<>]*>", re.IGNORECASE
)
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
_HEAD_CHARS = 20_000
#: From this on a document is cut before it is decoded.
_LARGE_BYTES = 2_000_000
#: A byte order mark and white space. UTF-16 and UTF-32 have other marks, or NUL, and are left alone.
_BEFORE_XML, _ROOM_BEFORE = b"\xef\xbb\xbf \t\r\n", 1000

#: What feedparser found in an entry, a feed or a text, by its own names.
_Raw = dict[str, Any]


def parse_feed(document: Fetched) -> ParsedFeed:
    """Read a feed document; at most 500 entries, each key once, in the document's order.

    A document in disorder keeps the entries that can be read, and a warning names the trouble; of one that
    is cut off, only whole entries. Raises FeedParseError when there is nothing to read.
    """
    cut = _cut_bytes(document.body)
    body = cut.text.encode("latin-1") if cut else document.body
    text, trouble = decode(body, document.content_type)
    text = _CROWDED_TAG.sub(r"<\1\2>", _RUN.sub("<", _NOT_XML.sub("", text)).lstrip("\ufeff \t\r\n"))
    warnings = [f"The encoding is in disorder: {trouble}."] if trouble else []
    if text.startswith(("{", "[")):
        parsed = parse_json_feed(text, document.url)
    else:
        parsed = _parse_xml(text, document.url, cut)
    return replace(parsed, warnings=(*warnings, *parsed.warnings))


def _cut_bytes(body: bytes) -> Bounded | None:
    """Return what is read of a large document, as characters that are bytes; None where that is all of it.

    As text it takes up to four bytes a character, and one of 15 MB would need more memory than all else.
    """
    if len(body) <= _LARGE_BYTES or not body[:_ROOM_BEFORE].lstrip(_BEFORE_XML).startswith(b"<"):
        return None
    bounded = bound(_whole_entries(body.decode("latin-1"))[0])
    return bounded if bounded and bounded.kept < bounded.total else None


def _parse_xml(text: str, url: str, cut: Bounded | None) -> ParsedFeed:
    """Read RSS, RDF or Atom. cut: how that much was cut out of a larger document."""
    if not text:
        raise _no_feed(url, "is empty", "check the address in a browser; the site may have moved its feed")
    whole, is_cut_off = _whole_entries(text)
    bounded = bound(whole)
    if bounded is None:
        raise _no_feed(
            url, "holds more markup than anybody writes", "nothing of it was read; tell its publisher"
        )
    result = _ask_feedparser(bounded.text, url)
    version = result.get("version") or ""
    if not result.entries and (is_cut_off or not version):
        raise _diagnosed(text, url, has_feed_root=bool(version))
    warnings = []
    if is_cut_off:
        warnings.append("The document is cut off; its whole entries were read.")
    elif result.bozo:
        warnings.append(f"The XML is in disorder and was read as well as possible: {_fault(result)}.")
    if not result.entries:
        warnings.append("The feed has no entries.")
    feed = dict(result.feed)
    language = language_tag(_own_language(feed))
    total, from_end = (cut.total, cut.from_end) if cut else (bounded.total, bounded.from_end)
    found = EntryList(beyond=total - bounded.kept, are_last=from_end)
    for entry in result.entries[:MAX_ENTRIES]:
        # feedparser's own dict looks up other names too, warns, and is slow.
        found.add(_entry(dict(entry), url, language, is_atom=version.startswith("atom")))
    entries = found.finish()
    warnings += found.warnings()
    title = title_line(_str(feed.get("title")), markup=True)
    return ParsedFeed(title or None, entries, language, tuple(warnings), found.shares_ids)


def _ask_feedparser(text: str, url: str) -> feedparser.FeedParserDict:
    # The header has its charset from us, and no Content-Location: see the room's docstring.
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        return feedparser.parse(
            io.BytesIO(text.encode()),
            response_headers=headers,
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except Exception as fault:
        raise _no_feed(
            url,
            f"cannot be read as XML ({type(fault).__name__})",
            "tell its publisher; other feeds are not affected",
        ) from fault


def _whole_entries(text: str) -> tuple[str, bool]:
    """Return a document up to the end of its last whole entry where its root never ends, and whether so."""
    if _ROOT_ENDS.search(text, max(0, len(text) - _HEAD_CHARS)) or _CDF_ROOT.match(text):
        return text, False
    tags = list(_ENTRY_TAG.finditer(text))
    if not tags:
        return text, not text.rstrip().endswith("/>") and bool(re.search(r"<(?:rss|feed|rdf:RDF)\b", text))
    ends = [tag.end() for tag in tags if tag[1] or tag[0].endswith("/>")]
    return text[: ends[-1] if ends else tags[0].start()], True


def _diagnosed(text: str, url: str, *, has_feed_root: bool) -> FeedParseError:
    head = text[:_HEAD_CHARS]
    if has_feed_root:
        return _no_feed(
            url, "is cut off before its first entry ends", "try again; it may have been a bad line"
        )
    for root, what, cure in _ROOTS:
        if root.search(head):
            return _no_feed(url, f"is {what}, not a feed", cure)
    if _HTML_PAGE.search(head):
        link = _FEED_LINK.search(head)
        target = link and _HREF.search(link[0])
        address = target and absolute_url(html.unescape(target[1]), url)
        cure = f"the page names its feed: {address}" if address else "this is a web page; look for its feed"
        return _no_feed(url, "is an HTML page, not a feed", cure)
    return _no_feed(
        url,
        f"is no feed that we know; it begins with {one_line(head[:60])!r}",
        "RSS, Atom and JSON Feed can be read; check the address in a browser",
    )


def _no_feed(url: str, what: str, cure: str) -> FeedParseError:
    return FeedParseError(f"{url}: {what}", feed_url=url, hint=cure)


def _fault(result: feedparser.FeedParserDict) -> str:
    fault = result.bozo_exception
    line = getattr(fault, "getLineNumber", lambda: None)()
    message = getattr(fault, "getMessage", lambda: str(fault))()
    return one_line(f"line {line}: {message}" if line else message)[:200]


def _entry(entry: _Raw, url: str, language: str | None, *, is_atom: bool) -> ParsedEntry | None:
    # Atom says whether a title is markup; RSS does not, and titles there are often escaped twice.
    published = _date(entry, "published") or _date(entry, "created")
    updated = _date(entry, "updated")
    return finish_entry(
        EntryDraft(
            id=_str(entry.get("id")),
            title=_str(entry.get("title")),
            title_is_markup=(entry.get("title_detail") or {}).get("type") != "text/plain" or not is_atom,
            link=_link(entry, url),
            content=_content(entry, url),
            standfirst=_standfirst(entry, url),
            published=published or updated,
            updated=updated,
            categories=category_names(tag.get("label") or tag.get("term") for tag in entry.get("tags", ())),
            author=_author(entry),
            language=language_tag(_own_language(entry)) or language,
        )
    )


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _link(entry: _Raw, url: str) -> str | None:
    link = _str(entry.get("link"))
    if link == entry.get("id") and "://" not in link:
        link = ""  # a guid that nobody called a permalink
    # Of a recording without a page, the recording is its page.
    recordings = (_str(it.get("href")) for it in entry.get("links", ()) if it.get("rel") == "enclosure")
    found = (absolute_url(address, url) for address in (link, *recordings) if address)
    return next((address for address in found if address), None)


def _date(entry: _Raw, name: str) -> datetime | None:
    return from_struct(entry.get(f"{name}_parsed"), _str(entry.get(name)))


def _content(entry: _Raw, url: str) -> Fragment | None:
    return next(_fragments(entry.get("content", ()), url), None)


def _standfirst(entry: _Raw, url: str) -> Fragment | None:
    # Without a detail it is only feedparser's copy of the content.
    detail = entry.get("summary_detail")
    return next(_fragments([detail] if detail else (), url), None)


def _fragments(details: Sequence[_Raw], url: str) -> Iterator[Fragment]:
    for detail in sorted(details, key=lambda one: one.get("type") not in _HTML_TYPES):
        value, base = _str(detail.get("value")), absolute_url(_str(detail.get("base")), url) or url
        kind = detail.get("type")
        if kind in _HTML_TYPES:
            # RSS calls everything HTML; a text without a tag has line ends that mean something.
            is_text = not _MARKUP.search(value)
            fragment = text_fragment(html.unescape(value)) if is_text else read_fragment(value, base)
        elif kind == "text/plain":
            fragment = text_fragment(value)
        else:
            continue
        if fragment.blocks:
            yield fragment


def _author(entry: _Raw) -> str:
    named = [_str(author.get("name")) for author in entry.get("authors", ())]
    return ", ".join(dict.fromkeys(name for name in named if name)) or _str(entry.get("author"))


def _own_language(source: _Raw) -> object:
    """Return an entry's or a feed's language: its own element's, or the xml:lang that holds at its title."""
    return source.get("language") or (source.get("title_detail") or {}).get("language")
