"""JSON Feed 1.0 and 1.1 (jsonfeed.org), read leniently: a value of the wrong type counts as missing.

What a digest has no use for is passed over: icons, avatars, hubs, images (see the room's docstring), and
further pages (`next_url`), which hold older items only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.errors import FeedParseError
from newsletter.feeds.clean import absolute_url, read_fragment, text_fragment, title_line
from newsletter.feeds.dates import read_timestamp
from newsletter.feeds.entries import EntryDraft, EntryList, category_names, finish_entry, language_tag
from newsletter.feeds.types import ParsedFeed

_VERSIONS = tuple(f"https://jsonfeed.org/version/{number}" for number in ("1", "1.0", "1.1"))
_Object = Mapping[str, Any]


def parse_json_feed(text: str, url: str) -> ParsedFeed:
    """Read a JSON Feed. text: the document; url: where it came from, base of its relative links.

    Faulty items are left out with a warning. Raises FeedParseError when the document is not JSON, or is some
    other JSON.
    """
    document = _load(text, url)
    warnings = []
    version = document.get("version")
    if version not in _VERSIONS:
        warnings.append(f"The version is {str(version)[:80]!r}, not that of a JSON Feed 1.0 or 1.1.")
    if document.get("expired") is True:
        warnings.append("The feed says that it has ended: nothing new will come.")
    language = language_tag(document.get("language"))
    found, faulty = EntryList(), []
    for place, item in enumerate(document["items"], start=1):
        if not isinstance(item, dict):
            faulty.append(place)
        elif found.is_full:
            found.beyond += 1
        else:
            found.add(finish_entry(_draft(item, document, url, language)))
    if faulty:
        places = ", ".join(map(str, faulty[:10]))
        warnings.append(f"Items that are not objects were left out: number {places}.")
    entries = found.finish()
    warnings += found.warnings()
    title = title_line(_text(document, "title"), markup=False)
    return ParsedFeed(title or None, entries, language, tuple(warnings))


def _load(text: str, url: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as fault:
        if isinstance(fault, json.JSONDecodeError):
            cause = f"line {fault.lineno}: {fault.msg}"
        else:  # Python's own bounds
            cause = "it nests too deep" if isinstance(fault, RecursionError) else "a number is too long"
        raise FeedParseError(
            f"{url}: begins like JSON and is not ({cause})",
            feed_url=url,
            hint="the document may be cut off; try again, or ask its publisher",
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise FeedParseError(
            f"{url}: is JSON, but no JSON Feed: it has no list of items",
            feed_url=url,
            hint="look on the site for the address of its RSS, Atom or JSON feed",
        )
    return document


def _draft(item: _Object, feed: _Object, base: str, language: str | None) -> EntryDraft:
    addresses = (_text(item, "url"), _text(item, "external_url"), *_attachments(item))
    link = next((url for address in addresses if (url := absolute_url(address, base))), None)
    content = read_fragment(_text(item, "content_html"), link or base)
    if not content.blocks:
        content = text_fragment(_text(item, "content_text"))
    tags = item.get("tags")
    updated = read_timestamp(item.get("date_modified"))
    return EntryDraft(
        id=_id(item),
        title=_text(item, "title"),
        link=link,
        content=content,
        standfirst=text_fragment(_text(item, "summary")),
        published=read_timestamp(item.get("date_published")) or updated,
        updated=updated,
        categories=category_names(tags if isinstance(tags, list) else ()),
        author=", ".join(_authors(item)) or ", ".join(_authors(feed)),
        language=language_tag(item.get("language")) or language,
    )


def _text(source: _Object, name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""


def _attachments(item: _Object) -> Iterator[str]:
    """Yield the addresses of recordings and files; of a story without a page, they are its page."""
    listed = item.get("attachments")
    return (_text(it, "url") for it in (listed if isinstance(listed, list) else ()) if isinstance(it, dict))


def _id(item: _Object) -> str:
    """Return an item's id; a number counts as its text, as the specification asks of readers."""
    value = item.get("id")
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _authors(source: _Object) -> Iterator[str]:
    listed = source.get("authors")  # 1.1; `author` is 1.0
    for author in [*(listed if isinstance(listed, list) else ()), source.get("author")]:
        if isinstance(author, dict) and (name := _text(author, "name")):
            yield name
            if author is source.get("author"):
                return
