"""newsletter edition report: what became of an edition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import App, now, pass_app, shown_time
from newsletter.cli.commands import Command
from newsletter.cli.edition_view import (
    counts_json,
    is_how,
    needless,
    standstill_json,
    state_json,
    tell_counts,
    tell_standstill,
    tell_way_on,
)
from newsletter.cli.screen import table

if TYPE_CHECKING:
    from newsletter.editions.types import Edition
    from newsletter.store.reports import DeliveryReport
    from newsletter.workflows.project import Project


@click.command("report", cls=Command, example="newsletter edition report weekly")
@click.argument("edition_id", metavar="EDITION")
@click.option("--all", "everyone", is_flag=True, help="List those that are sent, too.")
@pass_app
def report(app: App, edition_id: str, *, everyone: bool) -> None:
    """Say what became of an edition, and why in the relay's words.

    Each delivery that is not sent is listed with its last try: when, through which relay, and what it said.
    """
    from newsletter.workflows.find import find_edition
    from newsletter.workflows.standstill import standstill

    project = app.open()
    found = find_edition(project, edition_id)
    if app.as_json:
        order = project.config.newsletter(found.id.newsletter).audiences
        rows = project.reports.deliveries(found, unfinished_only=not everyone)
        head = state_json(found) | {
            "counts": counts_json(project, found),
            "standstill": standstill_json(standstill(project, found, now())),
        }
        app.show_with_rows(head, "deliveries", (_delivery_json(row, order) for row in rows))
    else:
        _tell_report(app, project, found, everyone=everyone)


def _tell_report(app: App, project: Project, edition: Edition, *, everyone: bool) -> None:
    from newsletter.workflows.standstill import standstill

    counts = counts_json(project, edition)
    click.echo(f"{edition.id} {is_how(edition)}: {tell_counts(counts)}")
    reasons = standstill(project, edition, now())
    tell_standstill(edition, reasons)
    # Those that only wait their turn may be very many, and there is nothing to say about each.
    rows = project.reports.deliveries(edition, unfinished_only=not everyone, tried_only=True)
    if counts["planned"] > counts["pending"] + (0 if everyone else counts["sent"]):
        click.echo()
        columns = ["EMAIL", "STATUS", "LAST TRY", "RELAY", "WHY"]
        table(columns, map(_cells, rows), whole=["STATUS", "LAST TRY"], narrow=["EMAIL", "RELAY"])
    tell_way_on(app, edition, without=("What became of it", *needless(reasons)))
    if counts["unknown"]:
        _tell_unknown(app, edition)


def _tell_unknown(app: App, edition: Edition) -> None:
    """Say what unknown means, and what a person can do about it."""
    resume = app.command(f"edition resume {edition.id} --unknown")
    click.echo("\nUnknown ones left, and the relay's answer never came: look into its log, then")
    if edition.status != "cancelled":
        click.echo(f"  send them once more:  {resume} resend")
    click.echo(f"  take them as sent:    {resume} sent")


def _cells(row: DeliveryReport) -> tuple[str | None, ...]:
    again = f"again from {shown_time(row.retry_at)}" if row.retry_at else ""
    leaving = "leaves at this moment, or did when its sender stopped" if row.status == "sending" else ""
    why = "; ".join(filter(None, [leaving or row.reply, again]))
    return row.email, row.status, shown_time(row.at, "now" if leaving else "not tried"), row.relay, why


def _delivery_json(row: DeliveryReport, order: Sequence[str]) -> dict[str, object]:
    from newsletter.editions.names import variant_name

    return {
        "email": row.email,
        "status": row.status,
        "variant": variant_name(row.audiences, row.number, order),
        "attempts": row.attempts,
        "at": row.at,
        "relay": row.relay,
        "reply": row.reply,
        "retry_at": row.retry_at,
    }
