"""newsletter demo, init and check: getting started."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import FAILED, INTERRUPTED, App, counted, now, pass_app
from newsletter.cli.commands import Command
from newsletter.cli.screen import table
from newsletter.cli.send_bar import send_bar

if TYPE_CHECKING:
    from newsletter.workflows.demo import DemoResult

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("demo", cls=Command, example="newsletter demo")
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=Path("newsletter-demo"))
@pass_app
def demo(app: App, folder: Path) -> None:
    """Do everything once, with sample news and members.

    Makes a project in DIR (newsletter-demo), reads its feeds, drafts and approves an edition, and sends it
    to an inbox that it starts itself. Needs no configuration and no network. Run again, it sends nothing.
    """
    from newsletter.workflows.demo import run_demo

    folder = app.folder / folder
    with send_bar("Sending") as tell:
        result = run_demo(folder, now(), app.note, tell)
    rows = [(v.name, v.items, v.members, v.sent) for v in result.variants]
    data = {
        "folder": str(folder),
        "inbox": str(result.inbox.resolve()),
        "edition": result.edition,
        "sent_now": result.sent_now,
        "seconds": round(result.seconds, 2),
        "variants": [dict(zip(("variant", "items", "members", "sent"), row, strict=True)) for row in rows],
    }
    app.show(data, lambda: _tell_demo(folder, result))
    if result.interrupted:
        app.note(f"newsletter: interrupted; go on with: newsletter demo {shlex.quote(str(folder))}")
        click.get_current_context().exit(INTERRUPTED)


def _tell_demo(folder: Path, result: DemoResult) -> None:
    numbers = ["ITEMS", "MEMBERS", "SENT"]
    rows = [(v.name, v.items, v.members, v.sent) for v in result.variants]
    table(["VARIANT", *numbers], [*rows, ("all", "", result.members, result.sent)], right=numbers)
    click.echo()
    if result.sent_now:
        click.echo(f"{counted(result.sent_now, 'message')} sent in {result.seconds:.1f} seconds.")
    else:
        click.echo(f"Everything was sent already: {counted(result.sent, 'message')}. Nothing was sent now.")
    click.echo(f"The inbox, to open in a browser:\n  {result.inbox.resolve().as_uri()}")
    click.echo("The project, to play with:")
    click.echo(f"  newsletter -C {shlex.quote(str(folder))} edition show weekly")


@click.command("init", cls=Command, example="newsletter init our-news")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@pass_app
def init(app: App, folder: Path) -> None:
    """Make a new project folder that works at once.

    It gets a configuration to fill in, templates, and sample feeds; messages are written to files until
    newsletter.toml names a relay.
    """
    from newsletter.workflows.init import make_project

    folder = app.folder / folder
    make_project(folder)

    def human() -> None:
        click.echo(f"{folder} is ready. The next steps:")
        steps = ("check", "feed pull", "item list", "member import FILE", "edition draft weekly")
        for step in (f"cd {shlex.quote(str(folder))}", *(f"newsletter {step}" for step in steps)):
            click.echo(f"  {step}")

    app.show({"folder": str(folder)}, human)


@click.command("check", cls=Command, example="newsletter check")
@pass_app
def check(app: App) -> None:
    """Examine the project; each finding comes with its cure.

    Looks at configuration, database, feeds, relay and login, alerts, schedules, templates and recipients.
    Nothing is sent, and nothing but calendars is stored.
    """
    from newsletter.workflows.examine import examine

    project = app.open()
    findings = list(examine(project, now()))
    data = [{"level": f.level, "subject": f.subject, "text": f.text, "cure": f.cure} for f in findings]
    rows = [(f.level, f.subject, "\n".join(filter(None, [f.text, app.runnable(f.cure)]))) for f in findings]
    faults = sum(finding.level == "fault" for finding in findings)

    def human() -> None:
        table(["", "WHAT", "FOUND"], rows)
        if faults:
            click.echo(f"\n{counted(faults, 'fault')} to be mended.")

    app.show(data, human)
    if faults:
        click.get_current_context().exit(FAILED)
