"""newsletter edition pause, resume and cancel: a person's word about an edition that goes out."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import FAILED, App, counted, now, pass_app
from newsletter.cli.commands import Command
from newsletter.cli.edition_view import is_how, tell_way_on, was_halted
from newsletter.cli.sending import send_rest, show_state

if TYPE_CHECKING:
    from newsletter.store.control import Settling
    from newsletter.workflows.control import Controlled
    from newsletter.workflows.project import Project

_by = click.option("--by", "name", metavar="NAME", help="Who says so; by default your login name.")
_because = click.option("--because", "reason", metavar="TEXT", default="", help="Why, for everybody to read.")


@click.command(
    "pause", cls=Command, example='newsletter edition pause weekly --because "a slip in the title"'
)
@click.argument("edition_id", metavar="EDITION")
@_by
@_because
@pass_app
def pause(app: App, edition_id: str, name: str | None, reason: str) -> None:
    """Stop sending an edition for a while, whoever sends it.

    Messages in hand are finished; within two seconds nothing more leaves. It goes on with `edition resume`,
    and with nothing else.
    """
    from newsletter.workflows.control import pause_edition

    paused = pause_edition(app.open(), edition_id, login_name() if name is None else name, reason, now())
    _tell(app, paused, _halt_words(paused))


@click.command("cancel", cls=Command, example="newsletter edition cancel weekly --yes")
@click.argument("edition_id", metavar="EDITION")
@_by
@_because
@click.option("--yes", is_flag=True, help="Ask nothing.")
@pass_app
def cancel(app: App, edition_id: str, name: str | None, reason: str, *, yes: bool) -> None:
    """Call an edition off for good.

    What has not left by then never leaves. On a terminal it asks first.
    """
    from newsletter.workflows.control import cancel_edition

    project = app.open()
    if not yes and sys.stdin.isatty() and not _is_sure(project, edition_id):
        app.note("Nothing was changed.")
        click.get_current_context().exit(FAILED)
    name = login_name() if name is None else name
    cancelled = cancel_edition(project, edition_id, name, reason, now())
    _tell(app, cancelled, _halt_words(cancelled))


@click.command("resume", cls=Command, example="newsletter edition resume weekly --unknown resend")
@click.argument("edition_id", metavar="EDITION")
@click.option(
    "--unknown",
    type=click.Choice(["resend", "sent"]),
    help="Send once more what nobody knows of, or take it as sent.",
)
@_by
@pass_app
def resume(app: App, edition_id: str, unknown: Settling | None, name: str | None) -> None:
    """Let a paused edition go on, and send the rest of it here and now.

    A delivery is unknown when it left and the relay's answer never came. With --unknown you say what to do
    about them, also when everything else is sent: "resend" sends them once more with the same Message-ID,
    "sent" takes them as sent.
    """
    from newsletter.workflows.control import resume_edition

    project = app.open()
    resumed = resume_edition(project, edition_id, login_name() if name is None else name, now(), unknown)
    settled = counted(resumed.settled, "message")
    if unknown == "resend" and resumed.settled:
        app.note(f"{settled} of which nobody knew will be sent once more.")
    if resumed.edition.status == "sending" and (resumed.changed or resumed.counts.open):
        send_rest(app, project, resumed.edition)
        return
    if resumed.changed:
        told = (
            f"{settled} of which nobody knew taken as sent."
            if resumed.settled
            else "Nothing was left to send."
        )
    else:
        told = f"{resumed.edition.id} is not paused" + (", and nothing is unknown." if unknown else ".")
    _tell(app, resumed, told)


def login_name() -> str:
    """Return the name under which somebody works who gives none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id that has no name, as in a container
        return f"user {os.getuid()}"


def _halt_words(controlled: Controlled) -> str:
    again = "" if controlled.changed else "Nothing changed: "
    return f"{again}{was_halted(controlled.edition)}."


def _tell(app: App, controlled: Controlled, told: str) -> None:
    show_state(app, controlled.edition, controlled.counts, told)
    if not app.as_json:
        tell_way_on(app, controlled.edition)


def _is_sure(project: Project, edition_id: str) -> bool:
    """Ask on the terminal whether an edition shall really be called off, where it can be."""
    from newsletter.workflows.find import find_edition

    edition = find_edition(project, edition_id)
    if edition.status in ("cancelled", "sent", "skipped"):
        return True
    counts = project.editions.counts(edition)
    rest = (
        f"{counted(counts.pending + counts.deferred, 'message')} will never leave. " if counts.planned else ""
    )
    return click.confirm(f"{edition.id} {is_how(edition)}. {rest}Call it off for good?", err=True)
