"""The membership system as the truth: what differs from our list, and bringing it up to date."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import SOME_FAILED, App, counted, pass_app, printable
from newsletter.cli.commands import Command
from newsletter.cli.member_words import basis_option, left_out_json, tell_left_out, terms
from newsletter.cli.screen import progress

if TYPE_CHECKING:
    from newsletter.members.types import ListDifference
    from newsletter.workflows.sync import MemberQuery

_KINDS = ("added", "changed", "ended")


@click.command("sync", cls=Command, example="newsletter member sync members.csv --go")
@click.argument("source", metavar="FILE|URL")
@click.option("--go", is_flag=True, help="Do it; otherwise only the difference is shown.")
@click.option("--confirm", metavar="COUNT", type=int, help="How many go, where that is more than a tenth.")
@click.option(
    "--query", "sql", metavar="SQL", help="For a URL: the SELECT whose columns are those of a file."
)
@click.option(
    "--query-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file that holds the SELECT.",
)
@click.option("--password-env", metavar="NAME", help="The variable that holds the password of the URL.")
@click.option("--password-file", type=click.Path(path_type=Path), help="The file that holds the password.")
@basis_option
@pass_app
def sync(
    app: App,
    *,
    source: str,
    go: bool,
    confirm: int | None,
    sql: str | None,
    query_file: Path | None,
    password_env: str | None,
    password_file: Path | None,
    basis: str,
) -> None:
    """Bring the list up to date with all of the membership system.

    FILE is the whole list, as CSV or JSON; "-" reads standard input. URL is a database, such as
    postgresql+psycopg://reader@host/members, which --query asks; nothing is changed there.

    Whoever is new is added, whoever differs is changed, and whoever is not on the list any more gets no more,
    unless they gave their own consent. Who left, bounced or was forgotten stays out. Without --go nothing is
    changed, and with it nothing when more than one in ten would go.
    """
    from newsletter.workflows.sync import Titles, compare_members, sync_members

    query = sql if query_file is None else query_file.read_text("utf-8")
    passwords = {"password_env": password_env, "password_file": password_file}
    where = _query(source, query, passwords) if "://" in source else _file(source, query, passwords)
    project = app.open()
    titles = Titles(
        {rules.slug: rules.title for rules in project.config.audiences},
        {n.name: n.display_title for n in project.config.settings.newsletters},
    )
    name = where.name if isinstance(where, Path) else "membership system"
    agreed = terms(project, basis, f"sync with {name}")
    with progress("Reading members") as tell:

        def on(_step: str, done: int, _total: int) -> None:
            tell(done, None, f"Read {done:,} members")

        if go:
            found = sync_members(project.members, where, agreed, titles, on, confirmed=confirm)
        else:
            found = compare_members(project.members, where, agreed, titles, on)
    again = app.command(f"member sync {shlex.quote(source)} --go") if isinstance(where, Path) else ""
    app.show(_json(found, done=go), lambda: _tell(app, found, again, done=go))
    _end(app, found, name)


def _query(url: str, sql: str | None, passwords: Mapping[str, str | Path | None]) -> MemberQuery:
    import os

    from newsletter.workflows.secrets import from_environment, from_file
    from newsletter.workflows.sync import MemberQuery

    if url.startswith(("http://", "https://")):
        raise click.UsageError("a web address is not read: save the list as a file, or pipe it in with -")
    if sql is None:
        raise click.UsageError('a database needs --query "SELECT email, … FROM …", or --query-file')
    name, file = passwords["password_env"], passwords["password_file"]
    if isinstance(name, str):
        return MemberQuery(url, sql, from_environment("sync", name, os.environ))
    return MemberQuery(url, sql, from_file("sync", file) if isinstance(file, Path) else None)


def _file(name: str, sql: str | None, passwords: Mapping[str, str | Path | None]) -> Path:
    if sql is not None or any(passwords.values()):
        raise click.UsageError("--query and --password-… go with the URL of a database, not with a file")
    return Path("/dev/stdin") if name == "-" else Path(name)


def _json(found: ListDifference, *, done: bool) -> dict[str, object]:
    return {
        **{kind: getattr(found, kind) for kind in (*_KINDS, "unchanged", "known")},
        **left_out_json(found.left_out),
        "examples": {kind: found.examples.get(kind, []) for kind in _KINDS},
        "bad_rows": [{"line": row.line, "problem": row.problem} for row in found.bad_rows],
        "done": done,
    }


def _tell(app: App, found: ListDifference, again: str, *, done: bool) -> None:
    from newsletter.workflows.sync import is_wipe_out

    would = "" if done else "would be "
    for kind in _KINDS:
        number, named = getattr(found, kind), found.examples.get(kind, [])
        more = f", and {number - len(named):,} more" if number > len(named) else ""
        people = f": {', '.join(named)}{more}" if named else ""
        click.echo(printable(f"{number:>9,} {would}{kind}{people}"))
    click.echo(f"{found.unchanged:>9,} as before")
    tell_left_out(found.left_out)
    if done:
        return
    if not (found.added or found.changed or found.ended):
        click.echo("Nothing differs.")
        return
    confirm = f" --confirm {found.ended}" if is_wipe_out(found) else ""
    if confirm:
        share = f"{found.ended:,} of {found.known:,}"
        app.note(f"More than a tenth would go ({share}): is the list whole?")
    click.echo(f"Nothing was changed. To do it:  {again or 'the same command with --go'}{confirm}")


def _end(app: App, found: ListDifference, name: str) -> None:
    for row in found.bad_rows:
        app.note(printable(f"{name}:{row.line}: {row.problem}"))
    if found.bad_rows:
        bad = counted(len(found.bad_rows), "row")
        app.note(f"{bad} could not be used; whom they are about stays as they are")
        click.get_current_context().exit(SOME_FAILED)
