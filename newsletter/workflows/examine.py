"""Examine: is everything in place? Configuration, database, feeds, relay, templates, people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from newsletter.config import SmtpSettings
from newsletter.errors import NewsletterError
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.pages import parse_pages
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched
from newsletter.workflows.draft import try_template
from newsletter.workflows.project import Project
from newsletter.workflows.ways import make_transport


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. cure: what to do about it; empty where it is well."""

    level: Literal["ok", "note", "fault"]
    subject: str
    text: str
    cure: str = ""


def examine(project: Project, now: datetime) -> Iterator[Finding]:
    """Look at every part of a project, one after another; a fault of one does not stop the rest.

    Fetches feeds and logs in to relays; stores nothing and sends nothing.
    """
    yield Finding("ok", "configuration", str(project.config.folder))
    yield Finding("ok", "database", project.database.engine.url.render_as_string(hide_password=True))
    for notice in project.config.notices:
        subject, _, text = notice.partition(": ")
        yield Finding("note", subject, text)
    for feed in project.config.feeds:
        yield _feed(project, feed)
    for relay in project.config.relays:
        yield _relay(project, relay)
    yield from _newsletters(project, now)


def _feed(project: Project, source: FeedSource) -> Finding:
    fetcher = Fetcher(project.config.folder, project.config.settings.fetch.allow, project.config.user_agent)
    try:
        if source.kind == "pages":
            parsed = parse_pages(fetcher.read_pages(source))
        else:
            fetched = fetcher.fetch(FeedForUpdate(0, source))
            assert isinstance(fetched, Fetched)  # noqa: S101 - nothing to compare with was given
            parsed = parse_feed(fetched)
    except NewsletterError as fault:
        return Finding("fault", f"feed {source.name}", str(fault), fault.hint)
    count = f"{len(parsed.entries)} entries"
    if parsed.warnings:
        return Finding("note", f"feed {source.name}", f"{count}; {' '.join(parsed.warnings)}")
    return Finding("ok", f"feed {source.name}", count)


def _relay(project: Project, relay: SmtpSettings) -> Finding:
    async def try_out() -> None:
        link = await make_transport(project.config, relay).connect()
        await link.close()

    try:
        asyncio.run(try_out())
    except NewsletterError as fault:
        subject = f"relay {relay.name}"
        return Finding("fault", subject, str(fault).removeprefix(f"{subject}: "), fault.hint)
    if relay.outbox:
        return Finding(
            "note",
            "relay",
            f"messages are written into the folder {relay.outbox}, nothing is sent",
            "name your relay under [smtp] when you are ready",
        )
    return Finding("ok", f"relay {relay.name}", "answers" + (", login accepted" if relay.username else ""))


def _newsletters(project: Project, now: datetime) -> Iterator[Finding]:
    for newsletter in project.config.settings.newsletters:
        subject = f"newsletter {newsletter.name}"
        try:
            try_template(project, newsletter, now)
        except NewsletterError as fault:
            yield Finding("fault", subject, str(fault), fault.hint)
            continue
        members = sum(group.members for group in project.recipients.groups(newsletter.name, (), now))
        if members:
            yield Finding("ok", subject, f"{members:,} recipient{'s' * (members != 1)}")
        else:
            yield Finding("note", subject, "no recipients yet", "newsletter member import FILE")
