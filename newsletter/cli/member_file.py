"""Members in from a file, and out into one."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import SOME_FAILED, App, counted, now, pass_app, printable
from newsletter.cli.commands import Command
from newsletter.cli.member_words import basis_option, left_out_json, member_json, tell_left_out, terms
from newsletter.cli.screen import PIECE, progress

if TYPE_CHECKING:
    from newsletter.members.types import ImportSummary


@click.command("import", cls=Command, example="newsletter member import members.csv")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@basis_option
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
            terms(project, basis, source.name),
            audiences={rules.slug: rules.title for rules in project.config.audiences},
            newsletters=newsletters,
            progress=lambda step, done, total: tell(done, total, f"{step.capitalize()} members"),
        )
    bad = [{"line": row.line, "problem": row.problem} for row in summary.bad_rows]
    names = ("added", "changed", "unchanged", "merged", "without_audience")
    data = {name: getattr(summary, name) for name in names} | left_out_json(summary.left_out)
    app.show(data | {"bad_rows": bad}, lambda: _tell_import(summary))
    for row in summary.bad_rows:
        app.note(printable(f"{source.name}:{row.line}: {row.problem}"))
    if summary.bad_rows:
        left_out = counted(len(summary.bad_rows), "row")
        app.note(f"{left_out} could not be used; mend what is named above and import the file again")
        click.get_current_context().exit(SOME_FAILED)


@click.command("export", cls=Command, example="newsletter member export > members.csv")
@click.argument("email", required=False)
@pass_app
def export(app: App, email: str | None) -> None:
    """Write all members as CSV, or what is held about one.

    The CSV can be imported again, and is safe to open in a spreadsheet. With EMAIL it is JSON, and what a
    person has a right to see: subscriptions with their history, every edition sent and every try, what came
    back.
    """
    if email is not None:
        from newsletter.workflows.held import everything_held

        app.show_json(everything_held(app.open(), email, now()))
        return
    from newsletter.workflows.members import export_members

    project = app.open()
    if app.as_json:
        order = [rules.slug for rules in project.config.audiences]
        app.show_all(member_json(m, order) for m in project.members.members(now()))
        return
    lines = export_members(project.members, now())
    while piece := "".join(itertools.islice(lines, PIECE)):
        click.echo(piece, nl=False)


def _tell_import(summary: ImportSummary) -> None:
    click.echo(f"{summary.added:,} added, {summary.changed:,} changed, {summary.unchanged:,} as before")
    if summary.merged:
        click.echo(f"{counted(summary.merged, 'row')} repeated an address; their audiences were joined")
    if summary.without_audience:
        click.echo(f"for no audience, and getting nothing: {counted(summary.without_audience, 'member')}")
    tell_left_out(summary.left_out)
