"""newsletter feed: where news comes from."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import FAILED, SOME_FAILED, App, now, pass_app, printable, shown_time
from newsletter.cli.commands import Group
from newsletter.cli.opml import export, import_
from newsletter.cli.screen import each, progress, table

if TYPE_CHECKING:
    from newsletter.feeds.types import FeedStatus, PullSummary
    from newsletter.workflows.find_feed import FoundFeed


@click.group(cls=Group, example="newsletter feed pull")
def feed() -> None:
    """Keep and read the sources of news."""


@feed.command("add", example="newsletter feed add https://www.example.gov.uk/education.atom --name dfe")
@click.argument("url")
@click.option("--name", help="What to call it; by default made from the URL.")
@click.option(
    "--kind",
    type=click.Choice(["feed", "pages"]),
    default="feed",
    show_default=True,
    help="A feed, or a folder of saved pages.",
)
@pass_app
def add(app: App, url: str, name: str | None, kind: str) -> None:
    """Add a feed to newsletter.toml.

    URL is an address, or a path below the project folder. The address of a site is enough where its pages
    name their feeds. Comments and order of the file stay as they are.
    """
    from newsletter.config import load_config
    from newsletter.workflows.add_feed import add_feed
    from newsletter.workflows.find_feed import FoundFeed, find_feed

    found = find_feed(load_config(app.folder), url) if kind == "feed" else FoundFeed(url)
    source = add_feed(app.folder, found.url, name, kind)
    data = {
        "name": source.name,
        "url": source.url,
        "kind": source.kind,
        "title": found.parsed.title if found.parsed else None,
        "entries": len(found.parsed.entries) if found.parsed else None,
        "others": [{"url": other.url, "title": other.title} for other in found.others],
        "problem": found.problem,
    }
    app.show(data, lambda: _tell_added(app, source.name, found))
    for other in found.others:
        app.note(printable(f"the site also offers {other.title or 'a feed'}: {other.url}"))
    if found.problem:
        app.note(printable(f"it could not be read now: {found.problem}"))
        if found.hint:
            app.note(printable(f"  {app.runnable(found.hint)}"))


feed.add_command(import_)
feed.add_command(export)


@feed.command("list", example="newsletter feed list")
@pass_app
def list_(app: App) -> None:
    """List the feeds, when they were read, and what is wrong with them."""
    project = app.open()
    statuses = project.feeds.statuses(project.config.feeds)
    data = [
        {
            "name": status.source.name,
            "url": status.source.url,
            "kind": status.source.kind,
            "title": status.title,
            "items": status.items,
            "last_pulled": status.last_pulled_at,
            "last_success": status.last_success_at,
            "problem": status.problem,
            "failing_since": status.failing_since,
            "waits_until": status.waits_until,
            "retired": status.retired_at,
            "moved_to": status.moved_to,
            "warnings": status.warnings,
        }
        for status in statuses
    ]
    rows = [(s.source.name, s.items, shown_time(s.last_success_at), _state(s)) for s in statuses]
    columns = ["FEED", "ITEMS", "LAST READ", "STATE"]
    app.show(data, lambda: table(columns, rows, right=["ITEMS"], whole=["FEED", "LAST READ"]))
    if not rows:
        app.note(f"no feeds yet: {app.command('feed add URL')}")


@feed.command("pull", example="newsletter feed pull")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@pass_app
def pull(app: App, names: tuple[str, ...]) -> None:
    """Read the feeds now, all of them or those named. One bad feed never stops the rest."""
    from newsletter.workflows.pull import pull_feeds

    project = app.open()
    with progress("Reading feeds") as tell:
        total = len(names) or len(project.config.feeds)
        summaries = pull_feeds(project, now(), names, each(tell, total))
    app.show([asdict(summary) for summary in summaries], lambda: _tell(summaries))
    # cron mails every line: there a trouble that lasts is told once, and then once a day.
    watched = bool(names) or sys.stderr.isatty()
    for summary in summaries:
        if watched or summary.due:
            _note(app, summary)
    if failed := sum(summary.problem is not None for summary in summaries):
        click.get_current_context().exit(FAILED if failed == len(summaries) else SOME_FAILED)


def _tell_added(app: App, name: str, found: FoundFeed) -> None:
    if found.parsed:
        title, count = found.parsed.title or found.url, len(found.parsed.entries)
        click.echo(printable(f"{title}: {'1 entry' if count == 1 else f'{count:,} entries'}"))
    click.echo(f"{name} added. Read it:  {app.command(f'feed pull {name}')}")


def _tell(summaries: list[PullSummary]) -> None:
    for summary in summaries:
        if summary.problem:
            continue
        click.echo(f"{summary.feed}: {_brought(summary)}")


def _brought(summary: PullSummary) -> str:
    if summary.retired_at:
        return f"gone for good since {shown_time(summary.retired_at)}, not asked any more"
    if summary.waits_until:
        return f"not asked before {shown_time(summary.waits_until)}, as its server wishes"
    if summary.not_modified:
        return "not changed"
    parts = {
        "new": summary.new,
        "changed": summary.changed,
        "known from another feed": summary.joined,
        "as before": summary.unchanged,
    }
    return ", ".join(f"{count} {what}" for what, count in parts.items() if count or what == "new")


def _note(app: App, summary: PullSummary) -> None:
    """Tell what was wrong with a feed."""
    if summary.problem:
        app.note(printable(f"newsletter: feed {summary.feed}: {summary.problem}"))
        if summary.hint:
            app.note(printable(f"  {app.runnable(summary.hint)}"))
    for warning in summary.warnings:
        app.note(printable(f"note: feed {summary.feed}: {warning}"))


def _state(status: FeedStatus) -> str:
    """Return how a feed does, in a sentence or two."""
    if status.retired_at:
        return (
            f"gone for good since {shown_time(status.retired_at)}, not asked any more: take it out of"
            f" newsletter.toml, or ask once more with feed pull {status.source.name}"
        )
    parts = []
    if status.problem and status.failing_since:
        parts.append(f"failing since {shown_time(status.failing_since)}: {status.problem}")
    elif status.problem:
        parts.append(status.problem)
    else:
        parts += status.warnings
    if status.waits_until and status.waits_until > now():
        parts.append(f"Not asked before {shown_time(status.waits_until)}, as its server wishes.")
    if status.moved_to:
        parts.append(f"It has moved to {status.moved_to}: write that into newsletter.toml.")
    return " ".join(parts) or "ok"
