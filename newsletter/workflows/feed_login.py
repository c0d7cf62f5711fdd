"""How we show ourselves to the servers of feeds: our name, and the logins that the environment holds."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

from newsletter.config import Config
from newsletter.config.settings import FeedSettings
from newsletter.errors import FetchError
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.types import FeedSource


def make_fetcher(config: Config, environ: Mapping[str, str] = os.environ) -> Fetcher:
    """Return what fetches the feeds of a project."""
    settings = {feed.name: feed for feed in config.settings.feeds if feed.has_login}

    def credentials(source: FeedSource) -> Mapping[str, str]:
        found = settings.get(source.name)
        return feed_headers(found, environ) if found else {}

    return Fetcher(config.folder, config.settings.fetch.allow, config.user_agent, credentials=credentials)


def feed_headers(feed: FeedSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a feed's login; raises FetchError for a variable that is missing or no header."""
    headers = {}
    for name, variable in feed.headers_env.items():
        headers[name] = _secret(feed, f"headers_env.{name}", variable, environ)
    if feed.username and feed.password_env:
        pair = f"{feed.username}:{_secret(feed, 'password_env', feed.password_env, environ)}"
        # RFC 7617 §2.1: UTF-8 is what servers of today expect.
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if feed.token_env:
        headers["Authorization"] = f"Bearer {_secret(feed, 'token_env', feed.token_env, environ)}"
    return headers


def _secret(feed: FeedSettings, key: str, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "").strip()
    if not value:
        raise _fault(feed, f"{key} names {variable}, which is not set in the environment", variable)
    if not (value.isascii() or key == "password_env") or not value.isprintable():
        raise _fault(feed, f"{variable} ({key}) holds characters that no header may have", variable)
    return value


def _fault(feed: FeedSettings, problem: str, variable: str) -> FetchError:
    return FetchError(
        f"{feed.url}: {problem}", feed_url=feed.url, hint=f"export {variable}=…, also where cron starts us"
    )
