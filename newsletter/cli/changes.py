"""newsletter edition diff: what has changed since somebody approved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import App, pass_app, printable, shown_time
from newsletter.cli.commands import Command
from newsletter.cli.screen import heading

if TYPE_CHECKING:
    from newsletter.editions.types import Edition
    from newsletter.workflows.changes import Difference


@click.command("diff", cls=Command, example="newsletter edition diff weekly")
@click.argument("edition_id", metavar="EDITION")
@pass_app
def diff(app: App, edition_id: str) -> None:
    """Show what has changed since an edition was approved.

    What was approved last is compared with what would be sent now: sender, subject, items and their order,
    and the words.
    """
    from newsletter.workflows.changes import difference
    from newsletter.workflows.find import find_edition

    project = app.open()
    found = find_edition(project, edition_id)
    made = difference(project, found)
    app.show(_json(found, made), lambda: _tell(app, found, made))


def _json(edition: Edition, made: Difference) -> dict[str, Any]:
    return {
        "id": str(edition.id),
        "approved_by": made.approved.name,
        "approved_at": made.approved.at,
        "changes": [
            {
                "kind": it.kind,
                "subject": it.subject,
                "title": made.titles.get(it.subject),
                "before": it.before,
                "after": it.after,
                "variants": variants,
            }
            for it, variants in made.changes.items()
        ],
    }


def _tell(app: App, edition: Edition, made: Difference) -> None:
    since = f"{made.approved.name} approved it on {shown_time(made.approved.at)}"
    if not made.changes:
        click.echo(f"{edition.id} is as it was when {since}.")
        return
    heading(f"{edition.id}: what has changed since {since}")
    before = ""
    for change, variants in made.changes.items():
        if not change.kind == before == "moved":
            click.echo()
        before = change.kind
        where = f" ({', '.join(variants)})" if variants else ""
        click.echo(printable(f"{change.told(made.titles)}{where}"))
        for sign, line in change.lines():
            click.echo(printable(f"  {sign} {line}"))
    if edition.status == "draft":
        click.echo(f"\nApprove it as it is now:  {app.command(f'edition approve {edition.id}')}")
