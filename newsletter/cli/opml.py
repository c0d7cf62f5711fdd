"""newsletter feed import, feed export: lists of feeds from and for other feed readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import SOME_FAILED, App, counted, now, pass_app, printable
from newsletter.cli.commands import Command

if TYPE_CHECKING:
    from newsletter.workflows.feed_lists import ImportedFeeds


@click.command("import", cls=Command, example="newsletter feed import feeds.opml")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@pass_app
def import_(app: App, file: Path) -> None:
    """Add all feeds of an OPML file to newsletter.toml.

    OPML is what other feed readers export. The folders of the list become categories of its feeds. Feeds that
    are there already stay as they are, and so do comments and order of the file. "-" reads standard input.
    """
    from newsletter.workflows.feed_lists import import_feeds

    done = import_feeds(app.folder, Path("/dev/stdin") if file == Path("-") else file)
    data = {
        "added": [{"name": feed.name, "url": feed.url, "categories": feed.categories} for feed in done.added],
        "known": done.known,
        "problems": [{"line": line, "problem": problem} for line, problem in done.problems],
    }
    app.show(data, lambda: _tell(app, done))
    for line, problem in done.problems:
        app.note(printable(f"{file.name}:{line}: {problem}"))
    if done.problems:
        left_out = counted(len(done.problems), "line")
        app.note(f"{left_out} of the list could not be used; the rest is in newsletter.toml")
        click.get_current_context().exit(SOME_FAILED)


@click.command("export", cls=Command, example="newsletter feed export > feeds.opml")
@pass_app
def export(app: App) -> None:
    """Write the feeds as OPML, for other feed readers."""
    from newsletter.workflows.feed_lists import export_feeds

    project = app.open()
    text, left_out = export_feeds(project, now())
    app.show({"opml": text}, lambda: click.echo(text, nl=False))
    if left_out:
        names = ", ".join(feed.name for feed in left_out)
        app.note(f"not in the list, as they are files of this project: {names}")


def _tell(app: App, done: ImportedFeeds) -> None:
    for feed in done.added:
        filed = f"  ({', '.join(feed.categories)})" if feed.categories else ""
        click.echo(printable(f"{feed.name}: {feed.url}{filed}"))
    known = f", {done.known:,} there already" if done.known else ""
    more = f". Read them:  {app.command('feed pull')}" if done.added else ""
    click.echo(f"{counted(len(done.added), 'feed')} added{known}{more}")
