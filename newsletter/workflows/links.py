"""Links: items whose page is gone are withdrawn before an edition is frozen."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from newsletter.errors import FetchError
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.types import FeedForUpdate, FeedSource, Item, ItemStatus
from newsletter.workflows.project import Project

#: RFC 9110 §15.5.5, §15.5.11. Any other trouble may pass.
_GONE = (404, 410)
_AT_ONCE = 8


def withdraw_gone(project: Project, items: Iterable[Item]) -> list[Item]:
    """Ask for the pages of items and withdraw those that are gone; return them. Pinned items stay."""
    asked = [item for item in items if item.link and item.status is ItemStatus.NEW]
    fetcher = Fetcher(project.config.folder, project.config.settings.fetch.allow, project.config.user_agent)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        statuses = list(pool.map(lambda item: _status(fetcher, item.link or ""), asked))
    gone = [(item, status) for item, status in zip(asked, statuses, strict=True) if status in _GONE]
    for item, status in gone:
        project.items.set_status(
            item.id, ItemStatus.WITHDRAWN, reason=f"its page is gone (HTTP status {status})"
        )
    return [item for item, _ in gone]


def _status(fetcher: Fetcher, link: str) -> int | None:
    """Return the status that a page was refused with; None where it came, or nobody answered."""
    if not link.startswith(("http://", "https://")):
        return None
    try:
        fetcher.fetch(FeedForUpdate(0, FeedSource("link", link)))
    except FetchError as fault:
        return fault.status
    return None
