"""newsletter schedule: what will happen, and when."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import App, now, pass_app
from newsletter.cli.commands import Group
from newsletter.cli.edition_view import is_how
from newsletter.cli.screen import heading, prose, table

if TYPE_CHECKING:
    from newsletter.config import NewsletterSettings
    from newsletter.workflows.schedules import Forecast

_SERVICE = """\
[Unit]
Description=Newsletter: whatever is due
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={call}
# 3: some of it did not work, and the log says what.
SuccessExitStatus=3
"""
_TIMER = """\
[Unit]
Description=Newsletter: every minute

[Timer]
OnCalendar=*:*
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


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


@schedule.command("install", example="newsletter -C /srv/our-news schedule install --print")
@click.option(
    "--print",
    is_flag=True,
    required=True,
    expose_value=False,
    help="Print the lines; nothing is installed.",
)
@pass_app
def install(app: App) -> None:
    """Print what starts the runs.

    A line for crontab, or two units for systemd.
    """
    project = app.open()
    program = shutil.which(sys.argv[0]) or sys.argv[0]
    call = f"{shlex.quote(str(Path(program).resolve()))} -C {shlex.quote(str(project.config.folder))} run"
    parts = {
        "crontab": f"* * * * * {call}\n",
        "service": _SERVICE.format(call=call),
        "timer": _TIMER,
    }

    def human() -> None:
        heading("One line for crontab -e:")
        click.echo(f"\n{parts['crontab']}")
        heading("Or two units for systemd, and then: systemctl enable --now newsletter.timer")
        for name in ("service", "timer"):
            click.echo(f"\n# /etc/systemd/system/newsletter.{name}\n{parts[name]}", nl=False)

    app.show(parts, human)


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
