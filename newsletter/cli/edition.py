"""newsletter edition: what goes out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from newsletter.cli.app import App, now, pass_app
from newsletter.cli.archive import archive
from newsletter.cli.changes import diff
from newsletter.cli.commands import Group
from newsletter.cli.control import cancel, login_name, pause, resume
from newsletter.cli.edition_draft import tell_draft
from newsletter.cli.edition_view import (
    approval_json,
    counts_json,
    edition_json,
    needless,
    tell_approvals,
    tell_edition,
    tell_way_on,
)
from newsletter.cli.edition_write import closing, intro, subject
from newsletter.cli.findings import findings_json, tell_findings
from newsletter.cli.report import report
from newsletter.cli.screen import table
from newsletter.cli.send import send


@click.group(cls=Group, example="newsletter edition draft weekly")
def edition() -> None:
    """Compose, approve and send editions.

    An edition is called weekly/2026-11-27; a bare newsletter name means its newest edition.
    """


for command in (intro, closing, subject, diff, send, pause, resume, cancel, report, archive):
    edition.add_command(command)


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
            **approval_json(project, found),
            "counts": counts_json(project, found),
        }
        for found in project.editions.all()
    ]
    numbers = ["PLANNED", "SENT"]
    rows = [(d["id"], d["status"], _approved_by(d), *(d["counts"][n.lower()] for n in numbers)) for d in data]
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
    project = app.open_sorted()
    made = draft_edition(project, newsletter, now(), day=asked, reopen=reopen)
    tell_draft(app, project, made, asked=asked)


@edition.command("show", example="newsletter edition show weekly")
@click.argument("edition_id", metavar="EDITION")
@pass_app
def show(app: App, edition_id: str) -> None:
    """Show what an edition holds, and how far it is.

    Where it stands still, it says why; and it tells what the checks found.
    """
    from newsletter.workflows.find import find_edition
    from newsletter.workflows.inspect import inspect_edition
    from newsletter.workflows.standstill import standstill

    project = app.open()
    found = find_edition(project, edition_id)
    is_open = found.status in ("draft", "approved", "held")
    findings = inspect_edition(project, found, now()) if is_open else ()
    accepted = project.editions.accepted(found)

    def human() -> None:
        reasons = standstill(project, found, now())
        tell_edition(project, found, reasons)
        tell_findings(app, findings, accepted)
        tell_way_on(app, found, without=needless(reasons))

    app.show(edition_json(project, found) | findings_json(findings, accepted), human)


@edition.command("preview", example="newsletter edition preview weekly --open")
@click.argument("edition_id", metavar="EDITION")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it; by default the folder preview of the project.",
)
@click.option("--as", "email", metavar="EMAIL", help="Show the very mail that this member gets.")
@click.option("--open", "open_", is_flag=True, help="Open the page that shows all variants in a browser.")
@pass_app
def preview(app: App, edition_id: str, folder: Path | None, email: str | None, *, open_: bool) -> None:
    """Write every variant as HTML, text and .eml.

    Each is as one of its members would get it. A page, whose path is printed, shows them side by side: on a
    phone and a desk, light and dark, without styles and pictures, with what the checks found.
    """
    import webbrowser

    from newsletter.workflows.preview import write_preview

    project = app.open()
    made = write_preview(project, edition_id, folder or project.config.folder / "preview", now(), email=email)
    index = made.overview
    data = {"index": str(index), "folder": str(index.parent.parent), "as": made.shown}
    app.show(data, lambda: click.echo(str(index)))
    if made.shown:
        app.note(f"seen as {made.shown}")
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
@click.option(
    "--accept",
    metavar="RULE",
    multiple=True,
    help="A warning that you have seen and accept, by its name; may be given several times.",
)
@pass_app
def approve(app: App, edition_id: str, name: str | None, accept: tuple[str, ...]) -> None:
    """Approve an edition as it stands. That, byte for byte, is what will be sent.

    Where the newsletter asks for several approvals, nothing leaves before all of them have come. An edition
    in which the checks found errors is refused. Warnings are shown; which of them were accepted is kept with
    the approval.
    """
    from newsletter.workflows.approve import approve_edition
    from newsletter.workflows.inspect import inspect_edition

    project = app.open()
    by = login_name() if name is None else name
    approved = approve_edition(project, edition_id, by, now(), accept=accept)
    findings, accepted = inspect_edition(project, approved, now()), project.editions.accepted(approved)

    def human() -> None:
        if by := approval_json(project, approved)["approved_by"]:
            click.echo(f"{approved.id} is approved by {by}")
        else:
            click.echo(f"{approved.id} is not approved yet")
        tell_approvals(project, approved)
        tell_findings(app, findings, accepted)
        tell_way_on(app, approved)

    app.show(edition_json(project, approved) | findings_json(findings, accepted), human)


def _approved_by(data: dict[str, Any]) -> str:
    """Return "Anna and Ben", or "Anna (1 of 2)" where somebody else has to approve it too."""
    if data["approved_by"] or not data["approvals"]:
        return data["approved_by"] or ""
    names = " and ".join(it["name"] for it in data["approvals"])
    return f"{names} ({len(data['approvals'])} of {data['approvals_needed']})"


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--date {text!r} is not a date; write it as 2026-11-27") from None
