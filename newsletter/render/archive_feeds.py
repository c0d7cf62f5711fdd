"""An archive's feeds, Atom 1.0 (RFC 4287) and JSON Feed 1.1: an entry for each issue, newest first."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence

from lxml import etree

from newsletter.render.archive import ATOM, FRONT_PAGE, JSON_FEED, Archive, Issue
from newsletter.render.web import Headline
from newsletter.render.words import words_for

#: How many issues stand in a feed.
FEED_ISSUES = 30
_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: Two characters that no XML may hold, and which are not controls.
_NOT_XML = re.compile("[\ufffe\uffff]")


def atom_feed(archive: Archive) -> bytes:
    """Return the Atom feed; the archive has an issue at least."""
    issues = archive.issues[:FEED_ISSUES]
    feed = etree.Element(f"{{{_ATOM}}}feed", {_LANG: archive.language}, nsmap={None: _ATOM})  # type: ignore[dict-item] # lxml takes None
    _add(feed, "id", _feed_id(archive))
    _add(feed, "title", _title(archive))
    _add(feed, "updated", max(issue.sent for issue in issues).isoformat())
    _add(feed, "link", rel="self", type="application/atom+xml", href=archive.address + ATOM)
    _add(feed, "link", rel="alternate", type="text/html", href=archive.address + FRONT_PAGE)
    _add(_add(feed, "author"), "name", archive.organisation)
    for issue in issues:
        _add_entry(feed, archive, issue)
    return etree.tostring(feed, encoding="utf-8", xml_declaration=True, pretty_print=True)


def json_feed(archive: Archive) -> bytes:
    """Return the JSON Feed."""
    addresses = {"home_page_url": archive.address + FRONT_PAGE, "feed_url": archive.address + JSON_FEED}
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(archive),
        **(addresses if archive.address else {}),
        "language": archive.language,
        "authors": [{"name": archive.organisation}],
        "items": [
            {
                "id": _entry_id(archive, issue),
                "url": archive.address + issue.page.href,
                "title": issue.title.text,
                "summary": issue.preheader,
                "content_html": _content(issue.headlines),
                "date_published": issue.sent.isoformat(),
                "language": issue.language,
                "tags": [issue.newsletter],
            }
            for issue in archive.issues[:FEED_ISSUES]
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _add_entry(feed: etree._Element, archive: Archive, issue: Issue) -> None:
    entry = _add(feed, "entry")
    entry.set(_LANG, issue.language)
    _add(entry, "id", _entry_id(archive, issue))
    _add(entry, "title", issue.title.text)
    _add(entry, "published", issue.sent.isoformat())
    _add(entry, "updated", issue.sent.isoformat())
    _add(entry, "link", rel="alternate", type="text/html", href=archive.address + issue.page.href)
    _add(entry, "category", term=issue.newsletter)
    _add(entry, "summary", issue.preheader)
    _add(entry, "content", _content(issue.headlines), type="html")


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    clean = {key: _NOT_XML.sub("", value) for key, value in attributes.items()}
    child = etree.SubElement(parent, f"{{{_ATOM}}}{name}", clean)
    child.text = _NOT_XML.sub("", text) or None
    return child


def _content(headlines: Sequence[Headline]) -> str:
    """Return what an issue holds, as HTML: its headlines, with links to their stories."""
    points = "".join(f"<li>{_linked(headline)}</li>" for headline in headlines)
    return f"<ul>{points}</ul>" if points else ""


def _linked(headline: Headline) -> str:
    words = html.escape(headline.text)
    return f'<a href="{html.escape(headline.link)}">{words}</a>' if headline.link else words


def _title(archive: Archive) -> str:
    return f"{archive.organisation}: {words_for(archive.language).archive}"


def _feed_id(archive: Archive) -> str:
    return f"tag:{archive.domain},{archive.issues[-1].day.year}:newsletters"


def _entry_id(archive: Archive, issue: Issue) -> str:
    """Return a name that stays when the archive moves (RFC 4151)."""
    return f"tag:{archive.domain},{issue.day.isoformat()}:{issue.id}"
