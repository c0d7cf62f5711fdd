"""Find the feed that somebody means by an address: of the feed itself, or of a site that names its feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from newsletter.config import Config
from newsletter.errors import FeedError, FeedParseError, FetchError
from newsletter.feeds.discover import FeedLink, feed_links
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, ParsedFeed

#: "www.example.org/news", as people write it; "news.xml" is a file.
_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)+(?!(?:xml|rss|atom|rdf|json|opml|html?|txt|php)(?:/|$))[a-z]{2,}(?::\d+)?(?:/\S*)?",
    re.IGNORECASE,
)
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
#: Of a page that names dozens, one for each of its sections.
_TRIED = 3


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """The address of a feed. others: what else the site offers; problem: why it could not be read now."""

    url: str
    parsed: ParsedFeed | None = None
    others: tuple[FeedLink, ...] = ()
    problem: str | None = None
    hint: str = ""


def find_feed(config: Config, address: str) -> FoundFeed:
    """Return the feed at an address, or the first that a web page there names, those of comments last.

    A path below the project folder is taken as it is. A server that does not answer at the moment is no
    reason to refuse; raises FeedError where there is an answer, and no feed.
    """
    url = address
    if "://" not in address and _HOST.fullmatch(address) and not (config.folder / address).exists():
        url = f"https://{address}"
    if not url.lower().startswith(("http://", "https://")) or any(feed.url == url for feed in config.feeds):
        return FoundFeed(url)
    fetcher = Fetcher(config.folder, config.settings.fetch.allow, config.user_agent)
    try:
        document = _fetch(fetcher, url)
    except FetchError as fault:
        if fault.status in _GONE:
            raise
        return FoundFeed(url, problem=str(fault), hint=fault.hint)
    try:
        return FoundFeed(url, parse_feed(document))
    except FeedParseError as no_feed:
        return _named_by_page(fetcher, document, no_feed)


def _named_by_page(fetcher: Fetcher, page: Fetched, no_feed: FeedParseError) -> FoundFeed:
    links = feed_links(page)
    fault: FeedError = no_feed
    for link in links[:_TRIED]:
        try:
            parsed = parse_feed(_fetch(fetcher, link.url))
        except FeedError as problem:
            fault = problem
            continue
        return FoundFeed(link.url, parsed, tuple(other for other in links if other != link))
    raise fault


def _fetch(fetcher: Fetcher, url: str) -> Fetched:
    found = fetcher.fetch(FeedForUpdate(0, FeedSource("new", url)))
    if not isinstance(found, Fetched):  # 304, and we have nothing that could be unchanged
        raise FetchError(f"{url}: the server sent no document", feed_url=url, hint="try again later")
    return found
