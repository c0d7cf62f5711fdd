"""newsletter member: who gets it."""

from __future__ import annotations

import itertools

import click

from newsletter.cli.app import App, now, pass_app, printable, shown_time
from newsletter.cli.commands import Group
from newsletter.cli.member_file import export, import_
from newsletter.cli.member_sync import sync
from newsletter.cli.member_will import forget, frequency, unsubscribe, unsuppress
from newsletter.cli.member_words import basis_option, member_json, ordered, terms
from newsletter.cli.screen import heading, prose, table

_STATUSES = click.Choice(["active", "paused", "unsubscribed", "suppressed", "forgotten"])


@click.group(cls=Group, example="newsletter member import members.csv")
def member() -> None:
    """Keep the list of who gets it."""


for command in (import_, sync, export, frequency, unsubscribe, unsuppress, forget):
    member.add_command(command)


@member.command("list", example="newsletter member list --audience governors")
@click.option("--audience", help="Only members of this audience.")
@click.option("--status", type=_STATUSES, help="Only members of this status.")
@pass_app
def list_(app: App, audience: str | None, status: str | None) -> None:
    """List the members."""
    from newsletter.cli.item_words import refuse_unknown
    from newsletter.members.types import MemberStatus

    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    refuse_unknown(audience, order)
    wanted = MemberStatus(status) if status else None
    found = project.members.members(now(), audience=audience, status=wanted)
    if app.as_json:
        app.show_all(member_json(member, order) for member in found)
        return
    rows = ((m.email, m.full_name, ", ".join(ordered(m, order)), m.status) for m in found)
    first = list(itertools.islice(rows, 1))
    columns = ["EMAIL", "NAME", "AUDIENCES", "STATUS"]
    table(columns, itertools.chain(first, rows), whole=["STATUS"], narrow=["NAME", "AUDIENCES"])
    if not first:
        app.note(f"no such members: {app.command('member import FILE')}")


@member.command("show", example="newsletter member show anna@example.org")
@click.argument("email")
@pass_app
def show(app: App, email: str) -> None:
    """Show one member and the history of their subscriptions."""
    from newsletter.cli.bounce import bounce_json, bounce_line
    from newsletter.members.story import story_of
    from newsletter.workflows.members import show_member

    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    found, subscriptions = show_member(project, email, now())
    bounces = project.bounces.of_member(found.id)
    data = member_json(found, order) | {
        "attributes": dict(found.attributes),
        "subscriptions": [
            {
                "newsletter": s.newsletter,
                "audiences": [slug for slug in order if slug in s.audiences],
                "frequency": s.frequency,
                "basis": s.basis,
                "source": s.source,
                "started": s.started_at,
                "paused_until": s.paused_until,
                "ended": s.ended_at,
                "end_reason": s.end_reason,
                "end_source": s.end_source,
                "wording": s.wording,
                "network_address": s.network_address,
                "end_network_address": s.end_network_address,
            }
            for s in subscriptions
        ],
        "bounces": [bounce_json(it) for it in bounces],
    }

    def human() -> None:
        heading(f"{found.full_name} <{found.email}>".strip())
        click.echo(f"{found.status} · {', '.join(ordered(found, order)) or 'no audience'}")
        for name, value in found.attributes.items():
            click.echo(printable(f"  {name}: {value}"))
        if subscriptions:
            click.echo()
        for when, words in story_of(subscriptions):
            prose(f"{shown_time(when)}  {words}")
        for it in bounces:
            click.echo(printable(f"Came back {shown_time(it.came_at)}: {bounce_line(it)}"))

    app.show(data, human)


@member.command("add", example="newsletter member add anna@example.org --audience governors")
@click.argument("email")
@click.option("--first-name", default="", help="May be empty.")
@click.option("--last-name", default="", help="May be empty.")
@click.option(
    "--audience", "audiences", multiple=True, help="What the member is; may be given several times."
)
@basis_option
@click.option("--again", is_flag=True, help="Also who was forgotten: they have asked to come back.")
@pass_app
def add(
    app: App,
    *,
    email: str,
    first_name: str,
    last_name: str,
    audiences: tuple[str, ...],
    basis: str,
    again: bool,
) -> None:
    """Add one member."""
    from newsletter.address import parse_address
    from newsletter.cli.item_words import refuse_unknown
    from newsletter.members.types import MemberRow
    from newsletter.workflows.members import add_member

    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    for slug in audiences:
        refuse_unknown(slug, order)
    row = MemberRow(1, parse_address(email), first_name.strip(), last_name.strip(), frozenset(audiences))
    added = add_member(project, row, terms(project, basis, "member add"), again=again)
    names = ", ".join(ordered(added, order))
    told = (
        f"{added.email} added for {names}"
        if names
        else f"{added.email} added, for no audience, and will get nothing"
    )
    app.show(member_json(added, order), lambda: click.echo(told))
