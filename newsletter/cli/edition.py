"""newsletter edition: what goes out."""

from __future__ import annotations

import getpass
import os
import webbrowser
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import App, counted, now, pass_app, shown_time
from newsletter.cli.commands import Group
from newsletter.cli.edition_view import (
    counts_json,
    edition_json,
    is_how,
    tell_counts,
    tell_edition,
    tell_way_on,
)
from newsletter.cli.screen import prose, table
from newsletter.cli.send import send

if TYPE_CHECKING:
    from newsletter.store.reports import DeliveryReport
    from newsletter.workflows.draft import Draft


@click.group(cls=Group, example="newsletter edition draft weekly")
def edition() -> None:
    """Compose, approve and send editions.

    An edition is called weekly/2026-11-27; a bare newsletter name means its newest edition.
    """


edition.add_command(send)


@edition.command("list", example="newsletter edition list")
@pass_app
def list_(app: App) -> None:
    """List the editions, newest first."""
    project = app.open()
    data: list[dict[str, Any]] = [
        {
            "id": str(found.id),
            "newsletter": found.id.newsletter,
            "date": found.id.date,
            "status": found.status,
            "approved_by": found.approved_by,
            "counts": counts_json(project, found),
        }
        for found in project.editions.all()
    ]
    numbers = ["PLANNED", "SENT"]
    rows = [
        (d["id"], d["status"], d["approved_by"], *(d["counts"][n.lower()] for n in numbers)) for d in data
    ]
    columns = ["EDITION", "STATUS", "APPROVED BY", *numbers]
    app.show(data, lambda: table(columns, rows, right=numbers, whole=["STATUS"]))
    if not rows:
        app.note(f"no editions yet: {app.command('edition draft NEWSLETTER')}")


@edition.command("draft", example="newsletter edition draft weekly")
@click.argument("newsletter")
@click.option(
    "--date", "day", metavar="YYYY-MM-DD", help="The day it is for; by default the next scheduled one."
)
@click.option("--reopen", is_flag=True, help="Draft an approved edition again; its approval is dropped.")
@pass_app
def draft(app: App, newsletter: str, day: str | None, *, reopen: bool) -> None:
    """Choose the items of an edition and render it. Drafting again brings it up to date."""
    from newsletter.workflows.draft import draft_edition

    asked = _date(day)
    project = app.open()
    made = draft_edition(project, newsletter, now(), day=asked, reopen=reopen)
    notes = _notes(made, project.config.newsletter(newsletter).audiences)

    def human() -> None:
        tell_edition(project, made.edition)
        if notes:
            click.echo()
        for note in notes:
            prose(note)
        if project.editions.variants(made.edition):
            tell_way_on(app, made.edition)
        else:
            click.echo(f"\nRead the feeds, then draft it again:  {app.command('feed pull')}")

    app.show(edition_json(project, made.edition) | {"notes": notes}, human)


def _notes(made: Draft, order: tuple[str, ...]) -> list[str]:
    nothing_new = [
        f"nothing new for {counted(group.members, 'member')}: {_names(group.audiences, order)}"
        for group in made.nothing_new
        if group.members
    ]
    findings = [
        f"{variant}: {'; '.join(filter(None, [finding.message, finding.hint]))}"
        for variant, finding in made.findings
    ]
    return nothing_new + findings


@edition.command("show", example="newsletter edition show weekly")
@click.argument("edition_id", metavar="EDITION")
@pass_app
def show(app: App, edition_id: str) -> None:
    """Show an edition's variants and items, and how far it is."""
    from newsletter.workflows.find import find_edition

    project = app.open()
    found = find_edition(project, edition_id)

    def human() -> None:
        tell_edition(project, found)
        tell_way_on(app, found)

    app.show(edition_json(project, found), human)


@edition.command("preview", example="newsletter edition preview weekly --open")
@click.argument("edition_id", metavar="EDITION")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it; by default the folder preview of the project.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page that shows all variants in a browser.")
@pass_app
def preview(app: App, edition_id: str, folder: Path | None, *, open_: bool) -> None:
    """Write every variant as HTML, text and .eml.

    Each is as one of its members would get it. A page, whose path is printed, shows them side by side.
    """
    from newsletter.workflows.preview import write_preview

    project = app.open()
    index = write_preview(project, edition_id, folder or project.config.folder / "preview", now())
    app.show({"index": str(index), "folder": str(index.parent.parent)}, lambda: click.echo(str(index)))
    if open_:
        webbrowser.open(index.resolve().as_uri())


@edition.command("test", example="newsletter edition test weekly --to anna@example.org")
@click.argument("edition_id", metavar="EDITION")
@click.option(
    "--to",
    "addresses",
    metavar="ADDR",
    multiple=True,
    required=True,
    help="Who gets it; may be given several times.",
)
@pass_app
def test(app: App, edition_id: str, addresses: tuple[str, ...]) -> None:
    """Send every variant to yourself, marked "[Test]". Members get nothing."""
    from newsletter.workflows.proof import send_proofs
    from newsletter.workflows.ways import make_transport

    project = app.open()
    transport = make_transport(project.config, project.config.relays[0])
    proofs = send_proofs(project, edition_id, addresses, transport, now())
    data = [{"variant": p.variant, "to": p.to, "reply": str(p.reply)} for p in proofs]
    rows = [list(d.values()) for d in data]
    app.show(data, lambda: table(["VARIANT", "TO", "THE RELAY SAID"], rows))


@edition.command("approve", example="newsletter edition approve weekly --by Anna")
@click.argument("edition_id", metavar="EDITION")
@click.option("--by", "name", metavar="NAME", help="Who approves; by default your login name.")
@pass_app
def approve(app: App, edition_id: str, name: str | None) -> None:
    """Approve an edition as it stands. That, byte for byte, is what will be sent."""
    from newsletter.workflows.approve import approve_edition

    project = app.open()
    approved = approve_edition(project, edition_id, _login_name() if name is None else name, now())

    def human() -> None:
        click.echo(f"{approved.id} is approved by {approved.approved_by}")
        tell_way_on(app, approved)

    app.show(edition_json(project, approved), human)


@edition.command("report", example="newsletter edition report weekly")
@click.argument("edition_id", metavar="EDITION")
@pass_app
def report(app: App, edition_id: str) -> None:
    """Say what became of an edition, and why in the relay's words.

    Each delivery that is not sent is listed with its last try.
    """
    from newsletter.workflows.find import find_edition

    project = app.open()
    found = find_edition(project, edition_id)
    counts = counts_json(project, found)
    deliveries = project.reports.deliveries(found)
    if app.as_json:
        order = project.config.newsletter(found.id.newsletter).audiences
        rows = [_delivery_json(row, order) for row in deliveries]
        app.show(
            {"id": str(found.id), "status": found.status, "counts": counts, "deliveries": rows}, lambda: None
        )
        return
    click.echo(f"{found.id} {is_how(found)}: {tell_counts(counts)}")
    if counts["planned"] > counts["sent"] + counts["pending"]:
        click.echo()
        # Those that only wait their turn may be very many, and there is nothing to say about each.
        tried = (
            (row.email, row.status, shown_time(row.at, "not tried"), row.reply)
            for row in deliveries
            if row.attempts or row.status != "pending"
        )
        columns = ["EMAIL", "STATUS", "LAST TRY", "WHY"]
        table(columns, tried, whole=["STATUS", "LAST TRY"])
    if counts["pending"]:
        click.echo(f"\nGo on sending:  {app.command(f'edition send {found.id} --go')}")


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
    }


def _names(audiences: frozenset[str], order: tuple[str, ...]) -> str:
    return " + ".join(slug for slug in order if slug in audiences)


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--date {text!r} is not a date; write it as 2026-11-27") from None


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id that has no name, as in a container
        return f"user {os.getuid()}"
