"""How a draft is shown: the edition, what its editor should know, and the way on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import FAILED, App, counted, now
from newsletter.cli.edition_view import edition_json, tell_edition, tell_way_on
from newsletter.cli.findings import findings_json, has_errors, tell_findings
from newsletter.cli.screen import prose

if TYPE_CHECKING:
    from newsletter.workflows.draft import Draft
    from newsletter.workflows.project import Project

#: A day further away was hardly meant.
_FAR_AHEAD = timedelta(days=366)


def tell_draft(app: App, project: Project, made: Draft, *, asked: date | None = None) -> None:
    """Show what drafting made, and end with 1 where the checks found what has to be mended first.

    asked: the day that was asked for.
    """
    settings = project.config.newsletter(made.edition.id.newsletter)
    notes = [*_odd_day(asked), *_notes(made, settings.audiences), *_waiting(made, settings.max_items)]

    def human() -> None:
        tell_edition(project, made.edition, ())
        if notes:
            click.echo()
        for note in notes:
            prose(note)
        tell_findings(app, made.findings)
        if project.editions.variants(made.edition):
            tell_way_on(app, made.edition, without=("Approve it",) if has_errors(made.findings) else ())
        else:
            click.echo(f"\nRead the feeds, then draft it again:  {app.command('feed pull')}")

    more = {"notes": notes, "waiting": made.waiting}
    app.show(edition_json(project, made.edition) | findings_json(made.findings) | more, human)
    if has_errors(made.findings):
        click.get_current_context().exit(FAILED)


def _odd_day(day: date | None) -> Iterator[str]:
    """Say where a day that was asked for looks like a slip of the pen."""
    today = now().date()
    if day and day < today:
        yield f"{day} is past"
    elif day and day > today + _FAR_AHEAD:
        yield f"{day} is more than a year ahead, and until then the newest edition, which a bare name means"


def _notes(made: Draft, order: tuple[str, ...]) -> list[str]:
    nothing_new = [
        f"nothing new for {counted(group.members, 'member')}: {_names(group.audiences, order)}"
        for group in made.nothing_new
        if group.members
    ]
    gone = [f"withdrawn, as its page is gone: item {item.id}, {item.title}" for item in made.withdrawn]
    return gone + nothing_new


def _waiting(made: Draft, max_items: int) -> Iterator[str]:
    """Say for each feed how many items have to wait, and which feeds bring more than anybody can read."""
    for feed, count in made.waiting.items():
        wait = "it waits" if count == 1 else "they wait"
        yield f"no room for {counted(count, 'item')} of {feed}: {wait} for a later edition"
        if count > max_items:
            yield (
                f"{feed} floods: that is more than another edition holds; hide what nobody needs, or raise"
                f" max_items ({max_items} now):  newsletter item list --feed {feed}"
            )


def _names(audiences: frozenset[str], order: tuple[str, ...]) -> str:
    return " + ".join(slug for slug in order if slug in audiences)
