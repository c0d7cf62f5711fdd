"""Links: whether they answer; items whose page is gone are withdrawn before an edition is frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from newsletter.errors import DocumentTooLarge, FetchError
from newsletter.feeds.fetch import Fetcher, FetchLimits
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, Item, ItemStatus, LinkAnswer
from newsletter.render.checks.answers import GONE
from newsletter.workflows.project import Project

#: For so long an answer counts.
_FRESH = timedelta(hours=1)
_LIMITS = FetchLimits(connect_s=5, read_s=5, total_s=10)


def ask_links(project: Project, urls: Collection[str], now: datetime) -> dict[str, LinkAnswer]:
    """Return what these web addresses answer, asking those that were not asked within the hour."""
    known = project.links.answers(urls, now - _FRESH)
    asked = list(_ask(project, [url for url in urls if url not in known]))
    project.links.keep(asked, now)
    return known | {answer.url: answer for answer in asked}


def withdraw_gone(project: Project, items: Iterable[Item], now: datetime) -> list[Item]:
    """Ask for the pages of items and withdraw those that are gone; return them. Pinned items stay."""
    asked = [item for item in items if item.link and item.status is ItemStatus.NEW]
    links = {item.link for item in asked if item.link and item.link.startswith(("http://", "https://"))}
    answers = ask_links(project, links, now)
    gone = [
        (item, status)
        for item in asked
        if item.link in answers and (status := answers[item.link].status) in GONE
    ]
    for item, status in gone:
        project.items.set_status(
            item.id, ItemStatus.WITHDRAWN, reason=f"its page is gone (HTTP status {status})"
        )
    return [item for item, _ in gone]


def _ask(project: Project, urls: Collection[str]) -> Iterator[LinkAnswer]:
    settings = project.config.settings.fetch
    fetcher = Fetcher(project.config.folder, settings.allow, project.config.user_agent, limits=_LIMITS)
    for feed, outcome in fetcher.fetch_all([FeedForUpdate(0, FeedSource("link", url)) for url in urls]):
        url = feed.source.url
        if isinstance(outcome, Fetched):
            yield LinkAnswer(url, 200, "", len(outcome.body))
        elif isinstance(outcome, DocumentTooLarge):
            yield LinkAnswer(url, 200, "", _LIMITS.max_bytes)
        elif isinstance(outcome, FetchError):  # a host that asks for patience has answered well enough
            yield LinkAnswer(url, outcome.status, str(outcome).removeprefix(f"{url}: "))
