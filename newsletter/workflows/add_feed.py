"""Add a feed to newsletter.toml, leaving the rest of the file as its owner wrote it.

tomlkit keeps comments and order, which no writer of the standard library does.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit
from tomlkit.items import Array

from newsletter.config import CONFIG_NAME, load_config
from newsletter.errors import ConfigError
from newsletter.feeds.types import FeedSource

#: Parts of a host name that say nothing about who it is.
_EMPTY_LABELS = {"www", "feeds", "rss", "news", "co", "gov", "org", "ac", "com", "uk", "net", "sch"}


def add_feed(folder: Path, url: str, name: str | None, kind: str) -> FeedSource:
    """Write a [[feeds]] table and return the feed; ConfigError, and nothing written, for a faulty one."""
    config = load_config(folder)
    taken = {feed.name for feed in config.feeds}
    if same := next((feed for feed in config.feeds if feed.url == url), None):
        raise ConfigError(f"{url} is there already, as the feed {same.name!r}")
    if name in taken:
        raise ConfigError(f"there is a feed {name!r} already", hint="choose another --name")
    path = folder / CONFIG_NAME
    before = path.read_bytes()
    document = tomlkit.parse(before.decode("utf-8-sig"))
    feeds = document.setdefault("feeds", tomlkit.aot())
    table = tomlkit.inline_table() if isinstance(feeds, Array) else tomlkit.table()
    table.update({"name": name or _name(url, taken), "url": url} | ({"kind": kind} if kind != "feed" else {}))
    feeds.append(table)
    _replace(path, tomlkit.dumps(document).encode())
    try:
        return next(feed for feed in load_config(folder).feeds if feed.url == url)
    except ConfigError:
        _replace(path, before)
        raise


def _name(url: str, taken: Collection[str]) -> str:
    try:
        host, path = urlsplit(url).hostname or "", urlsplit(url).path
    except ValueError:  # not an address at all, which is told when it is read
        host, path = "", ""
    labels = [label for label in host.split(".") if label and label not in _EMPTY_LABELS]
    stem = re.sub(r"[^a-z0-9]+", "-", (labels[0] if labels else Path(path).stem).lower()).strip("-")
    stem = (stem or "feed")[:50]
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as fault:
        raise ConfigError(
            f"{path} cannot be written: {fault.strerror}", hint="check who may write there"
        ) from None
