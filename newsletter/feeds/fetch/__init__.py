"""The documents of feeds, from the web or from the project folder: what a pull reads.

The one part of the room that does I/O. What it promises: nothing but http and https; nobody inside our own
network unless allowed; at most 15 MiB, counted after inflating; 20 seconds for the whole answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from newsletter.errors import FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.files import read_document, read_folder
from newsletter.feeds.fetch.http import get_document, scheme_of
from newsletter.feeds.fetch.limits import FetchLimits
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, NotModified, SavedPage

__all__ = ["FetchLimits", "Fetcher"]


class Fetcher:
    """Fetches the feeds of one project; may be shared by threads.

    project: the folder that paths are below. allow: hosts or networks that may be private.
    user_agent: names the program and a way to reach whoever runs it.
    """

    def __init__(
        self, project: Path, allow: Sequence[str], user_agent: str, *, limits: FetchLimits | None = None
    ) -> None:
        self.project = project
        self.allow = AllowList(allow)
        self.user_agent = user_agent
        self.limits = limits or FetchLimits()

    def fetch(self, feed: FeedForUpdate) -> Fetched | NotModified:
        """Fetch a feed's document, or learn that it is as it was; raises FetchError."""
        url = feed.source.url
        scheme = scheme_of(url)
        if scheme is None:
            return read_document(self.project, url, feed.etag, self.limits)
        if scheme in {"http", "https"}:
            return get_document(feed, self.allow, self.user_agent, self.limits)
        raise FetchError(
            f"{url}: feeds are fetched by http and https only, not by {scheme}",
            feed_url=url,
            hint="for a file, write its path below the project folder: feeds/news.xml",
        )

    def read_pages(self, source: FeedSource) -> tuple[SavedPage, ...]:
        """Read a folder of saved pages: its *.txt, *.html and *.htm files, by name.

        Raises FetchError when the folder or a file cannot be read, FeedParseError when it holds no page.
        """
        return read_folder(self.project, source.url, self.limits)
