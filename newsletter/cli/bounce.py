"""`newsletter bounce`: what comes back, and whom it is reason not to mail again."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import App, counted, now, pass_app, printable, shown_time
from newsletter.cli.commands import Group
from newsletter.cli.screen import heading

if TYPE_CHECKING:
    from newsletter.bounces.types import Bounce
    from newsletter.workflows.bounces import BounceSummary

_KINDS = ("hard", "soft", "complaint", "notice", "reply", "leave", "unknown")
#: Kinds that need no proof to be what they are.
_PLAIN = ("reply", "notice", "leave", "unknown")
_WORDS = {
    "hard": "nobody there",
    "soft": "not this time",
    "complaint": "called spam",
    "notice": "only delayed, or arrived",
    "reply": "automatic replies",
    "leave": "asked to leave",
    "unknown": "not understood",
}


@click.group(cls=Group, example="newsletter bounce collect")
def bounce() -> None:
    """Read what comes back, and see what was made of it."""


@bounce.command("collect", example="newsletter bounce collect")
@click.argument("source", required=False, metavar="[-]")
@pass_app
def collect(app: App, source: str | None) -> None:
    """Read the bounce mailbox.

    With `-`, or `url = "-"` under [bounces], one mail is read from standard input, as a mail system pipes it.
    Nothing in the mailbox is deleted, and no mail is taken twice.
    """
    from newsletter.bounces.mail import MAX_BYTES
    from newsletter.errors import ConfigError
    from newsletter.workflows.bounces import collect_bounces, take_mail

    if source not in (None, "-"):
        raise click.BadParameter(f"{source!r}: only - is known, for standard input", param_hint="SOURCE")
    project = app.open()
    given = project.config.settings.bounces
    if source == "-" or (given and given.url == "-"):
        raw = sys.stdin.buffer.read(MAX_BYTES)
        if not raw.strip():
            raise click.UsageError("no mail came on standard input")
        _tell(app, take_mail(project, raw, now()))
        return
    if given is None:
        raise ConfigError(
            "no bounce mailbox is set",
            hint='[bounces] url = "imaps://bounces@mail.example.org" in newsletter.toml; see docs/bounces.md',
        )
    _tell(app, collect_bounces(project, now()))


@bounce.command("list", example="newsletter bounce list --kind unknown")
@click.option("--kind", type=click.Choice(_KINDS), help="Only these.")
@pass_app
def list_(app: App, kind: str | None) -> None:
    """List what came back, oldest first, and what it was taken for."""
    from newsletter.bounces.types import Kind

    bounces = app.open().bounces.all(Kind(kind) if kind else None)
    if app.as_json:
        app.show_all(map(bounce_json, bounces))
        return
    first = next(bounces, None)
    for it in itertools.chain(filter(None, [first]), bounces):
        click.echo(printable(f"{it.id:>6}  {shown_time(it.came_at)}  {bounce_line(it)}"))
    if first is None:
        app.note("Nothing came back so far." if kind is None else f"Nothing came back that is {kind}.")


@bounce.command("show", example="newsletter bounce show 7")
@click.argument("number", type=click.IntRange(1))
@click.option("--raw", is_flag=True, help="The whole mail, as it came.")
@pass_app
def show(app: App, number: int, *, raw: bool) -> None:
    """Show one mail that came back, and what was made of it."""
    from newsletter.errors import MemberError

    store = app.open().bounces
    found = next((it for it in store.all() if it.id == number), None)
    if found is None:
        raise MemberError(f"no mail that came back has the number {number}", hint="newsletter bounce list")
    mail = store.raw(number) or b""
    if raw and not app.as_json:
        click.echo(mail, nl=False)
        return
    data = bounce_json(found) | {"raw": mail.decode("utf-8", "replace")}
    app.show(data, lambda: _show_one(found))


@bounce.command("read", example="newsletter bounce read mail.eml")
@click.argument("file", type=click.Path(path_type=Path))
@pass_app
def read(app: App, file: Path) -> None:
    """Say what a saved mail would be taken for.

    Nothing is kept and nobody is suppressed.
    """
    from newsletter.bounces.judge import judge_failure, judge_mail
    from newsletter.bounces.read import read_mail
    from newsletter.errors import MailboxError

    try:
        mail = read_mail(file.read_bytes())
    except OSError as fault:
        raise MailboxError(f"cannot read {file}: {fault.strerror}") from None
    kind = judge_mail(mail)
    people = [
        {
            "address": it.address,
            "kind": kind if kind in ("complaint", "reply", "leave", "unknown") else judge_failure(it),
            "action": it.action,
            "status": it.status,
            "said": it.diagnostic,
        }
        for it in mail.failures
    ]
    data = {"form": mail.form, "kind": kind, "subject": mail.subject, "recipients": people}

    def human() -> None:
        click.echo(printable(f"{kind} ({_WORDS[kind]}), by its form: {mail.form}"))
        for it in people:
            click.echo(printable(f"  {it['address'] or '(no address)'}: {it['kind']}  {it['said']}"[:200]))

    app.show(data, human)


@bounce.command("replay", example="newsletter bounce replay")
@pass_app
def replay(app: App) -> None:
    """Judge all that came back once more.

    For when a rule or the program has changed. Whoever is found not to deserve it is mailed again, and the
    other way round.
    """
    from newsletter.workflows.bounces import replay_bounces

    summary = replay_bounces(app.open(), now())

    def human() -> None:
        click.echo(
            f"{counted(summary.taken, 'mail')} judged again, {summary.changed:,} otherwise than before"
        )
        _tell_people(summary)

    app.show(_summary_json(summary) | {"changed": summary.changed}, human)


def bounce_json(it: Bounce) -> dict[str, object]:
    """Return a bounce as programs read it."""
    said = it.judgement
    return {
        "id": it.id,
        "came_at": it.came_at,
        "kind": said.kind,
        "form": said.form,
        "recipient": said.recipient,
        "status": said.status,
        "said": said.said,
        "subject": said.subject,
        "proof": said.proof,
        "edition": it.edition,
    }


def bounce_line(it: Bounce) -> str:
    """Return a bounce in a line: kind, whom, about which edition, and what was said."""
    said = it.judgement
    about = f" ({it.edition})" if it.edition else ""
    unproven = "" if said.proof or said.kind in _PLAIN else ", not shown to be ours"
    words = said.said or said.subject
    return f"{said.kind:9} {said.recipient or '-'}{about}{unproven}: {words[:100]}"


def _show_one(it: Bounce) -> None:
    said = it.judgement
    heading(f"{it.id}: {said.subject or '(no subject)'}")
    click.echo(printable(f"{said.kind} ({_WORDS[said.kind]}), came {shown_time(it.came_at)}"))
    click.echo(printable(f"  recipient: {said.recipient or 'not named'}"))
    click.echo(printable(f"  said: {' '.join(filter(None, [said.status, said.said])) or 'nothing'}"))
    click.echo(f"  about: {it.edition or 'no delivery of ours that it proves'}")
    if said.proof:
        click.echo(
            f"  proof: {said.proof if said.proof == 'sender' else f'our signature in the {said.proof}'}"
        )


def _tell(app: App, summary: BounceSummary) -> None:
    def human() -> None:
        if not summary.taken:
            click.echo("Nothing new has come back.")
        else:
            kinds = ", ".join(f"{summary.kinds[it]:,} {it} ({_WORDS[it]})" for it in summary.kinds)
            click.echo(f"{counted(summary.taken, 'mail')} came back: {kinds}")
        _tell_people(summary)
        if summary.unproven:
            click.echo(
                f"not shown to be about our mail, so nobody is suppressed for it: {summary.unproven:,}"
            )
        if summary.kinds["unknown"]:  # type: ignore[index] # a str, as the kinds are
            app.note(f"to look at: {app.command('bounce list --kind unknown')}")

    app.show(_summary_json(summary), human)


def _tell_people(summary: BounceSummary) -> None:
    for email in summary.suppressed:
        click.echo(printable(f"not mailed any more: {email}"))
    for left in summary.left:
        click.echo(printable(f"ended on their own word: {left}"))
    for email in summary.lifted:
        click.echo(printable(f"mailed again: {email}"))


def _summary_json(summary: BounceSummary) -> dict[str, object]:
    return {
        "taken": summary.taken,
        **{str(kind): summary.kinds.get(kind, 0) for kind in _KINDS},  # type: ignore[call-overload] # str, as above
        "unproven": summary.unproven,
        "suppressed": summary.suppressed,
        "lifted": summary.lifted,
        "left": summary.left,
    }
