"""Add feeds to newsletter.toml, leaving the rest of the file as its owner wrote it.

tomlkit keeps comments and order, which no writer of the standard library does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit
from tomlkit.items import Array

from newsletter.config import CONFIG_NAME, load_config
from newsletter.errors import ConfigError
from newsletter.feeds.types import FeedSource

#: Parts of a host name that say nothing about who it is.
_EMPTY_LABELS = {"www", "feeds", "rss", "news", "co", "gov", "org", "ac", "com", "uk", "net", "sch"}


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed to be added. name: None for one made from title or address."""

    url: str
    name: str | None = None
    kind: str = "feed"
    title: str = ""
    categories: tuple[str, ...] = ()


def add_feed(folder: Path, url: str, name: str | None, kind: str) -> FeedSource:
    """Write a [[feeds]] table and return the feed; ConfigError, and nothing written, for a faulty one."""
    config = load_config(folder)
    if same := next((feed for feed in config.feeds if feed.url == url), None):
        raise ConfigError(f"{url} is there already, as the feed {same.name!r}")
    if name in {feed.name for feed in config.feeds}:
        raise ConfigError(f"there is a feed {name!r} already", hint="choose another --name")
    [added] = add_feeds(folder, [NewFeed(url, name, kind)])
    return added


def add_feeds(folder: Path, wanted: Sequence[NewFeed]) -> list[FeedSource]:
    """Write a [[feeds]] table for each, all or none of them, and return the feeds.

    Those whose address is there already are left out. Raises ConfigError for a faulty one.
    """
    known = load_config(folder).feeds
    urls, taken = {feed.url for feed in known}, {feed.name for feed in known}
    path = folder / CONFIG_NAME
    before = path.read_bytes()
    document = tomlkit.parse(before.decode("utf-8-sig"))
    feeds = document.setdefault("feeds", tomlkit.aot())
    added = []
    for feed in wanted:
        if feed.url in urls:
            continue
        urls.add(feed.url)
        name = feed.name or _name(feed.url, taken, feed.title)
        taken.add(name)
        added.append(name)
        table = tomlkit.inline_table() if isinstance(feeds, Array) else tomlkit.table()
        table.update({"name": name, "url": feed.url} | ({"kind": feed.kind} if feed.kind != "feed" else {}))
        if feed.categories:
            table["categories"] = list(feed.categories)
        if not isinstance(feeds, Array):
            table.add(tomlkit.nl())
        feeds.append(table)
    if not added:
        return []
    _replace(path, tomlkit.dumps(document).encode())
    try:
        by_name = {feed.name: feed for feed in load_config(folder).feeds}
        return [by_name[name] for name in added]
    except ConfigError as fault:
        _replace(path, before)
        raise ConfigError(f"nothing was added to {CONFIG_NAME}", fault.faults, hint=fault.hint) from None


def _name(url: str, taken: Collection[str], title: str = "") -> str:
    try:
        host, path = urlsplit(url).hostname or "", urlsplit(url).path
    except ValueError:  # not an address at all, which is told when it is read
        host, path = "", ""
    labels = [
        label for label in host.split(".") if label and label not in _EMPTY_LABELS and not label.isdigit()
    ]
    stem = _slug(title) or _slug(labels[0] if labels else Path(path).stem) or "feed"
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # Tŷ -> Ty
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:50].rstrip("-")


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as fault:
        raise ConfigError(
            f"{path} cannot be written: {fault.strerror}", hint="check who may write there"
        ) from None
