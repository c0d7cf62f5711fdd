"""The documents of feeds, from the web or from the project folder: what a pull reads.

The one part of the room that does I/O. What it promises: nothing but http and https, and files below feeds/;
nobody inside our own network unless allowed; at most 15 MiB, counted before and after inflating; 20 seconds
for the whole answer, looking up the name and redirects included; at most two requests at a time to one host;
credentials for no origin but the configured one.

`post` hands a document to the organisation's webhook under the same guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from newsletter.errors import FeedError, FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.answers import Arrived
from newsletter.feeds.fetch.files import read_document, read_folder
from newsletter.feeds.fetch.http import get_document, scheme_of
from newsletter.feeds.fetch.limits import FetchLimits, PullLimits
from newsletter.feeds.fetch.together import fetch_together
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, NotModified, Postponed, SavedPage

__all__ = ["FetchLimits", "Fetcher"]


class Fetcher:
    """Fetches the feeds of one project; may be shared by threads.

    project: the folder that paths are below. allow: hosts or networks that may be private.
    user_agent: names the program and a way to reach whoever runs it. credentials: gives the headers that a
    feed's server wants to see; may raise FetchError.
    """

    def __init__(
        self,
        project: Path,
        allow: Sequence[str],
        user_agent: str,
        *,
        limits: FetchLimits | None = None,
        credentials: Callable[[FeedSource], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self.project = project
        self.allow = AllowList(allow)
        self.user_agent = user_agent
        self.limits = limits or FetchLimits()
        self.credentials = credentials

    def fetch(self, feed: FeedForUpdate) -> Fetched | NotModified:
        """Fetch a feed's document, or learn that it is as it was; raises FetchError."""
        url = feed.source.url
        if scheme_of(url) is None:
            return read_document(self.project, url, feed.etag, self.limits)
        found = self._get(feed)
        return found.read() if isinstance(found, Arrived) else found

    def fetch_all(
        self, feeds: Sequence[FeedForUpdate], limits: PullLimits | None = None
    ) -> Iterator[tuple[FeedForUpdate, Fetched | NotModified | Postponed | FeedError]]:
        """Fetch feeds by HTTP, several at a time, and yield each with what came of it, first come first."""
        for feed, outcome in fetch_together(feeds, self._get, limits or PullLimits()):
            yield feed, outcome.read() if isinstance(outcome, Arrived) else outcome

    def _get(self, feed: FeedForUpdate) -> Arrived | NotModified:
        scheme = scheme_of(feed.source.url)
        if scheme not in {"http", "https"}:
            raise FetchError(
                f"{feed.source.url}: feeds are fetched by http and https only, not by {scheme}",
                feed_url=feed.source.url,
                hint="for a file, write its path below feeds/: feeds/news.xml",
            )
        return get_document(feed, self.allow, self.user_agent, self.limits, self.credentials(feed.source))

    def read_pages(self, source: FeedSource) -> tuple[SavedPage, ...]:
        """Read a folder of saved pages: its *.txt, *.html and *.htm files, by name.

        Raises FetchError when the folder or a file cannot be read, FeedParseError when it holds no page.
        """
        return read_folder(self.project, source.url, self.limits)
