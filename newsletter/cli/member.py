"""newsletter member: who gets it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import SOME_FAILED, App, counted, now, pass_app, printable, shown_time
from newsletter.cli.commands import Group
from newsletter.cli.screen import PIECE, heading, progress, table

if TYPE_CHECKING:
    from newsletter.members.types import ImportSummary, Member, Subscription, Terms
    from newsletter.workflows.project import Project

_BASES = click.Choice(["membership", "consent", "soft-opt-in"])
_STATUSES = click.Choice(["active", "paused", "unsubscribed", "suppressed", "forgotten"])


_basis_option = click.option(
    "--basis", type=_BASES, default="membership", show_default=True, help="On what ground we write to them."
)


@click.group(cls=Group, example="newsletter member import members.csv")
def member() -> None:
    """Keep the list of who gets it."""


@member.command("import", example="newsletter member import members.csv")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@_basis_option
@pass_app
def import_(app: App, file: Path, basis: str) -> None:
    """Add and update members from a CSV file.

    The first line names the columns: email, and optionally first_name, last_name, audiences (several parted
    by ";") and newsletters; other columns are kept for merge fields. Bad rows are reported and left out.
    "-" reads from standard input.
    """
    from newsletter.workflows.members import import_members

    project = app.open()
    newsletters = {n.name: n.display_title for n in project.config.settings.newsletters}
    source = Path("/dev/stdin") if file == Path("-") else file
    with progress("Reading members") as tell:
        summary = import_members(
            project.members,
            source,
            _terms(project, basis, source.name),
            audiences={rules.slug: rules.title for rules in project.config.audiences},
            newsletters=newsletters,
            progress=lambda step, done, total: tell(done, total, f"{step.capitalize()} members"),
        )
    bad = [{"line": row.line, "problem": row.problem} for row in summary.bad_rows]
    names = ("added", "changed", "unchanged", "merged", "without_audience", "left_out")
    app.show(
        {name: getattr(summary, name) for name in names} | {"bad_rows": bad}, lambda: _tell_import(summary)
    )
    for row in summary.bad_rows:
        app.note(printable(f"{source.name}:{row.line}: {row.problem}"))
    if summary.bad_rows:
        left_out = counted(len(summary.bad_rows), "row")
        app.note(f"{left_out} could not be used; mend what is named above and import the file again")
        click.get_current_context().exit(SOME_FAILED)


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
        app.show_all(_member_json(member, order) for member in found)
        return
    rows = ((m.email, m.full_name, ", ".join(_ordered(m, order)), m.status) for m in found)
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
    from newsletter.workflows.members import show_member

    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    found, subscriptions = show_member(project.members, email, now())
    bounces = project.bounces.of_member(found.id)
    data = _member_json(found, order) | {
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
            }
            for s in subscriptions
        ],
        "bounces": [bounce_json(it) for it in bounces],
    }

    def human() -> None:
        heading(f"{found.full_name} <{found.email}>".strip())
        click.echo(f"{found.status} · {', '.join(_ordered(found, order)) or 'no audience'}")
        for name, value in found.attributes.items():
            click.echo(printable(f"  {name}: {value}"))
        rows = [
            (
                s.newsletter,
                ", ".join(slug for slug in order if slug in s.audiences),
                "monthly" if s.frequency == "monthly" else "each edition",
                shown_time(s.started_at),
                _ended(s),
                s.source,
            )
            for s in subscriptions
        ]
        if rows:
            click.echo()
            columns = ["NEWSLETTER", "AUDIENCES", "HOW OFTEN", "SINCE", "ENDED", "FROM"]
            table(columns, rows, whole=["HOW OFTEN", "SINCE"])
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
@_basis_option
@pass_app
def add(
    app: App, *, email: str, first_name: str, last_name: str, audiences: tuple[str, ...], basis: str
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
    added = add_member(project.members, row, _terms(project, basis, "member add"))
    names = ", ".join(_ordered(added, order))
    told = (
        f"{added.email} added for {names}"
        if names
        else f"{added.email} added, for no audience, and will get nothing"
    )
    app.show(_member_json(added, order), lambda: click.echo(told))


@member.command("frequency", example="newsletter member frequency anna@example.org monthly")
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
    changed = change_frequency(project.members, email, often, newsletter, now())
    words = "one edition a month" if often is Frequency.MONTHLY else "each edition"
    told = f"{email} gets {words} of: {', '.join(changed)}" if changed else f"{email} gets {words} already"
    app.show({"email": email, "frequency": often, "changed": changed}, lambda: click.echo(told))


@member.command("unsubscribe", example="newsletter member unsubscribe anna@example.org")
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
    ended = unsubscribe_member(project.members, email, newsletter, now())
    told = f"{email} gets no more of: {', '.join(ended)}" if ended else f"{email} was subscribed to nothing"
    app.show({"email": email, "ended": ended}, lambda: click.echo(told))


@member.command("unsuppress", example='newsletter member unsuppress anna@example.org --because "it works"')
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


@member.command("export", example="newsletter member export > members.csv")
@pass_app
def export(app: App) -> None:
    """Write all members as CSV. It can be imported again, and is safe to open in a spreadsheet."""
    from newsletter.workflows.members import export_members

    project = app.open()
    if app.as_json:
        order = [rules.slug for rules in project.config.audiences]
        app.show_all(_member_json(m, order) for m in project.members.members(now()))
        return
    lines = export_members(project.members, now())
    while piece := "".join(itertools.islice(lines, PIECE)):
        click.echo(piece, nl=False)


def _terms(project: Project, basis: str, source: str) -> Terms:
    from newsletter.members.types import Basis, Served, Terms

    served = tuple(Served(n.name, frozenset(n.audiences)) for n in project.config.settings.newsletters)
    return Terms(served, Basis(basis), source, now())


def _tell_import(summary: ImportSummary) -> None:
    click.echo(f"{summary.added:,} added, {summary.changed:,} changed, {summary.unchanged:,} as before")
    if summary.merged:
        click.echo(f"{counted(summary.merged, 'row')} repeated an address; their audiences were joined")
    if summary.without_audience:
        click.echo(f"for no audience, and getting nothing: {counted(summary.without_audience, 'member')}")
    if summary.left_out:
        gone = counted(summary.left_out, "member")
        click.echo(f"left earlier or suppressed, and not subscribed again: {gone}")


def _member_json(member: Member, order: list[str]) -> dict[str, object]:
    return {
        "email": member.email,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "audiences": _ordered(member, order),
        "status": member.status,
    }


def _ordered(member: Member, order: list[str]) -> list[str]:
    known = [slug for slug in order if slug in member.audiences]
    return known + sorted(member.audiences - set(known))


def _ended(subscription: Subscription) -> str:
    if subscription.ended_at is None:
        return ""
    return f"{subscription.ended_at:%Y-%m-%d} ({subscription.end_reason})"
