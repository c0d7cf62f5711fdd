"""newsletter schedule: what will happen, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import App, now, pass_app
from newsletter.cli.commands import Group
from newsletter.cli.edition_view import is_how
from newsletter.cli.screen import heading, prose, table

if TYPE_CHECKING:
    from newsletter.config import NewsletterSettings
    from newsletter.workflows.schedules import Forecast


@click.group(cls=Group, example="newsletter schedule list")
def schedule() -> None:
    """See when newsletters come out."""


@schedule.command("list", example="newsletter schedule list weekly --next 5")
@click.argument("newsletter", required=False)
@click.option(
    "--next",
    "number",
    metavar="NUMBER",
    type=click.IntRange(1, 500),
    default=10,
    show_default=True,
    help="How many dates of each newsletter.",
)
@pass_app
def list_(app: App, newsletter: str | None, number: int) -> None:
    """List what will happen and when.

    Of one newsletter or of all, with the reason for whatever is left out or moved.
    """
    from newsletter.workflows.schedules import forecast

    project = app.open()
    config = project.config
    chosen = [config.newsletter(newsletter)] if newsletter else config.settings.newsletters
    moment = now()
    found = [(settings, forecast(project, settings, moment, number)) for settings in chosen]
    data = [_json(settings, it) for settings, dates in found for it in dates]

    def human() -> None:
        for place, (settings, dates) in enumerate(found):
            click.echo("\n" * (place > 0), nl=False)
            _tell(settings, dates)

    app.show(data, human)


def _json(settings: NewsletterSettings, it: Forecast) -> dict[str, Any]:
    return {
        "newsletter": settings.name,
        "id": f"{settings.name}/{it.occasion.date}",
        "date": it.occasion.date,
        "planned": it.occasion.planned,
        "comes_out": not it.occasion.skipped,
        "reason": it.occasion.reason,
        "due": it.local,
        "due_utc": it.occasion.due,
        "drafted_from": it.drafted_from,
        "status": it.edition.status if it.edition else None,
    }


def _tell(settings: NewsletterSettings, dates: list[Forecast]) -> None:
    heading(f"{settings.name}: {settings.schedule.text}, {settings.timezone}")
    if not dates:
        prose("  The schedule names no date to come.")
    rows = [
        (
            f"{it.occasion.date:%a} {it.occasion.date}",
            f"{it.local:%H:%M %Z}",
            f"{it.occasion.due:%Y-%m-%d %H:%M}",
            _what(it),
        )
        for it in dates
    ]
    table(["DATE", "LOCAL TIME", "UTC", "WHAT HAPPENS"], rows, whole=["DATE", "LOCAL TIME", "UTC"])


def _what(it: Forecast) -> str:
    if it.occasion.skipped:
        return f"left out: {it.occasion.reason}"
    coming = f"drafted from {it.drafted_from:%a %d %b %H:%M}"
    state = is_how(it.edition) if it.edition else coming
    return "; ".join(filter(None, [it.occasion.reason, state]))
