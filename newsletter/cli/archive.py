"""newsletter edition archive: what went out, for a web server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import App, counted, pass_app
from newsletter.cli.commands import Command
from newsletter.cli.screen import progress, prose

if TYPE_CHECKING:
    from newsletter.workflows.archive import Archived


@click.command(
    "archive",
    cls=Command,
    example="newsletter edition archive --out public",
)
@click.argument("newsletters", metavar="[NEWSLETTER…]", nargs=-1)
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it.",
)
@click.option(
    "--url", metavar="URL", help="Where that folder will be reached; by default /v/ below [web] url."
)
@pass_app
def archive(app: App, newsletters: tuple[str, ...], folder: Path, url: str | None) -> None:
    """Write what was sent as web pages, to publish.

    An index, a page for each variant, and feeds; they hold nothing of any member. Run again, it adds what is
    new. It replaces no file that it did not write, and deletes none.
    """
    from newsletter.workflows.archive import write_archive

    if url and not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise click.UsageError(f"--url {url!r} is no web address; write it as https://news.example.org/v/")
    project = app.open()
    with progress("Writing pages") as tell:
        archived = write_archive(project, folder, newsletters, url or "", tell)
    data = {
        "index": str(archived.front_page) if archived.issues else None,
        "editions": archived.issues,
        "pages": archived.pages,
        "written": archived.written,
        "url": archived.address or None,
    }
    app.show(data, lambda: _tell(archived))
    if not archived.issues:
        app.note("nothing was sent yet, so there is nothing to publish")
    elif not archived.address:
        app.note("links in its feeds are relative; feed readers want whole ones: --url, or url under [web]")


def _tell(archived: Archived) -> None:
    if archived.issues:
        what = f"{counted(archived.issues, 'edition')} on {counted(archived.pages, 'page')}"
        prose(f"{what}; {counted(len(archived.written), 'file')} written, the rest is as it was.")
        click.echo(str(archived.front_page))
