"""What somebody asked for: how often, to leave, to be mailed again, to be forgotten."""

from __future__ import annotations

import click

from newsletter.cli.app import App, counted, now, pass_app, shown_time
from newsletter.cli.commands import Command


@click.command("frequency", cls=Command, example="newsletter member frequency anna@example.org monthly")
@click.argument("email")
@click.argument("how_often", metavar="weekly|monthly", type=click.Choice(["weekly", "monthly"]))
@click.option("--newsletter", help="Only this one; otherwise every newsletter that they get.")
@pass_app
def frequency(app: App, email: str, how_often: str, newsletter: str | None) -> None:
    """Let somebody get each edition, or one a month.

    "weekly" means each edition. "monthly" means the first edition of each calendar month that has something
    for them, with all that has come in since. Whatever is changed, nothing comes twice and nothing is lost.
    """
    from newsletter.members.types import Frequency
    from newsletter.workflows.members import change_frequency

    project = app.open()
    if newsletter is not None:
        project.config.newsletter(newsletter)
    often = Frequency.MONTHLY if how_often == "monthly" else Frequency.EACH
    changed = change_frequency(project, email, often, newsletter, now())
    words = "one edition a month" if often is Frequency.MONTHLY else "each edition"
    told = f"{email} gets {words} of: {', '.join(changed)}" if changed else f"{email} gets {words} already"
    app.show({"email": email, "frequency": often, "changed": changed}, lambda: click.echo(told))


@click.command("unsubscribe", cls=Command, example="newsletter member unsubscribe anna@example.org")
@click.argument("email")
@click.option("--newsletter", help="Only this one; otherwise every newsletter.")
@pass_app
def unsubscribe(app: App, email: str, newsletter: str | None) -> None:
    """End what somebody gets, because they asked.

    No later import brings them back.
    """
    from newsletter.workflows.members import unsubscribe_member

    project = app.open()
    if newsletter is not None:
        project.config.newsletter(newsletter)
    ended = unsubscribe_member(project, email, newsletter, now())
    told = f"{email} gets no more of: {', '.join(ended)}" if ended else f"{email} was subscribed to nothing"
    app.show({"email": email, "ended": ended}, lambda: click.echo(told))


@click.command(
    "unsuppress", cls=Command, example='newsletter member unsuppress anna@example.org --because "it works"'
)
@click.argument("email")
@click.option("--because", required=True, metavar="TEXT", help="Why, for everybody to read.")
@click.option("--by", "name", metavar="NAME", help="Who says so; by default your login name.")
@pass_app
def unsuppress(app: App, email: str, because: str, name: str | None) -> None:
    """Mail an address again to which mail came back.

    A relay or a bounce had said that nobody is there, so it was never mailed again. Who left, complained or
    was forgotten stays out: that was their own word. `why` tells what you said.
    """
    from newsletter.cli.control import login_name
    from newsletter.workflows.members import unsuppress_member

    by = login_name() if name is None else name
    project = app.open()
    lifted, again = unsuppress_member(project, email, by, because, now())
    found = project.members.find(email, now())
    data = {
        "email": email,
        "suppressed": {"reason": lifted.reason, "detail": lifted.detail, "since": lifted.since},
        "begun_again": again,
    }

    def human() -> None:
        click.echo(f"{email} is mailed again; it was not since {shown_time(lifted.since)} ({lifted}).")
        if again:
            click.echo(f"It gets again: {', '.join(again)}")
        elif found and not found.newsletters:
            click.echo("It is subscribed to nothing yet: import the member file again.")

    app.show(data, human)


@click.command("forget", cls=Command, example="newsletter member forget anna@example.org")
@click.argument("email")
@pass_app
def forget(app: App, email: str) -> None:
    """Erase all that is known of somebody, for good.

    Names, attributes, history, what relays said and mail that came back: all of it goes. What was sent is
    still counted, and a keyed hash of the address stays, so that no import and no sync adds them
    again. `member export EMAIL` gives them everything first.
    """
    from dataclasses import asdict

    from newsletter.workflows.forget import forget_member, wipe_traces

    project = app.open()
    erased = forget_member(project, email, now())
    wiped = wipe_traces(project, now())

    def human() -> None:
        click.echo(f"Forgotten. No import and no sync brings {email} back.")
        click.echo(
            f"Erased: {counted(erased.members, 'member')}, {counted(erased.subscriptions, 'subscription')}, "
            f"{counted(erased.suppressions, 'suppression')}, "
            f"what relays said in {counted(erased.attempts, 'try').replace('trys', 'tries')}, "
            f"mail that came back: {erased.bounces:,}."
        )
        if not wiped:
            app.note(f"Traces in the database's file are wiped later, by {app.command('run')}.")

    app.show({"email": email, "erased": asdict(erased), "wiped": wiped}, human)
