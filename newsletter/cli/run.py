"""newsletter run: what cron calls."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import DONE, INTERRUPTED, SOME_FAILED, App, now, pass_app, printable, shown_time
from newsletter.cli.commands import Command

if TYPE_CHECKING:
    from newsletter.workflows.happened import Happened
    from newsletter.workflows.project import Project

_MINUTE_S = 60.0


@click.command("run", cls=Command, example="newsletter -C /srv/our-news run")
@click.option(
    "--now",
    "at",
    metavar="TIME",
    help="Do what is due at that time: 2026-11-27T07:00, in UTC; with --dry-run, only say it.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--loop", is_flag=True, help="Go on, once a minute, until it is stopped.")
@click.option(
    "--metrics",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write how things stand into a file for Prometheus: NAME.prom in the folder of node_exporter.",
)
@click.option("--restored", is_flag=True, help="The database was put back from a copy: send nothing twice.")
@pass_app
def run(app: App, at: str | None, metrics: Path | None, *, dry_run: bool, loop: bool, restored: bool) -> None:
    """Do whatever is due; this is what cron calls.

    Feeds are read, editions drafted and sent, and what was interrupted goes on. Safe to call every minute,
    and twice at once. It says what it did, in one line, and a trouble once; when nothing was due, nothing.
    """
    if loop and (at or dry_run):
        raise click.UsageError("--loop goes by the clock, so it takes neither --now nor --dry-run")
    if metrics and metrics.suffix != ".prom":
        raise click.UsageError(f"--metrics {metrics}: node_exporter reads only files that end in .prom")
    if restored and (loop or dry_run):
        raise click.UsageError("--restored is said once, so it takes neither --loop nor --dry-run")
    began = _time(at)
    if dry_run:
        _foresee(app, app.open(), began)
    elif loop:
        _go_on(app, app.open(), metrics)
    elif at or metrics or restored:
        click.get_current_context().exit(_round(app, app.open(), began, metrics, restored=restored))
    else:
        click.get_current_context().exit(_round_or_quiet(app, began))


def _round_or_quiet(app: App, began: datetime) -> int:
    """Do one round, unless the one before left word that there is nothing to do yet."""
    from newsletter.store.quiet import QuietNote

    note = QuietNote(app.folder)
    if note.holds(began):
        return _report(app, [])
    from newsletter.workflows.quiet import run_noted_round

    return _report(app, run_noted_round(app.open(), note, began))


def _round(
    app: App, project: Project, began: datetime, metrics: Path | None, *, restored: bool = False
) -> int:
    from newsletter.workflows.round import run_round, tell_once

    clock = monotonic()
    happened = run_round(project, began, restored=restored)
    if metrics:
        from newsletter.workflows.metrics import RunFacts, write_metrics

        failed = write_metrics(project, metrics, RunFacts(began, monotonic() - clock, happened))
        happened += tell_once(project, failed, {"metrics"}, began)
    return _report(app, happened)


def _report(app: App, happened: list[Happened]) -> int:
    """Tell of a round; return the exit code for it."""
    app.show([asdict(it) for it in happened], lambda: _tell(app, happened))
    if any(it.kind == "interrupted" for it in happened):
        return INTERRUPTED
    return SOME_FAILED if any(it.is_trouble for it in happened) else DONE


def _tell(app: App, happened: list[Happened]) -> None:
    if done := [it for it in happened if not it.is_trouble]:
        click.echo(printable("; ".join(_words(app, it) for it in done)))
    for it in happened:
        if it.is_trouble and not it.told:
            app.note(printable(f"newsletter: {it.subject}: {it.words}"))
            if it.hint:
                app.note(printable(f"  {app.runnable(it.hint)}"))
    if not happened and sys.stderr.isatty():
        app.note("Nothing was due.")


def _words(app: App, it: Happened) -> str:
    hint = f" ({app.runnable(it.hint)})" if it.hint else ""
    return f"{it.subject}: {it.words}{hint}"


def _go_on(app: App, project: Project, metrics: Path | None) -> None:
    """Do a round each minute until a signal comes; one that is under way ends first."""
    stopped = threading.Event()
    while not stopped.is_set():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # sending takes them for itself
            signal.signal(number, lambda *_: stopped.set())
        if _round(app, project, now(), metrics) == INTERRUPTED:
            return
        stopped.wait(_MINUTE_S)


def _foresee(app: App, project: Project, at: datetime) -> None:
    from newsletter.workflows.due import what_is_due

    due = what_is_due(project, at)
    data = {
        "feeds": due.feeds,
        "changed": [{"edition": str(edition.id), "reason": reason} for edition, reason in due.changed],
        "steps": [
            {"edition": f"{name}/{step.date}", "action": step.action, "due": step.due, "reason": step.reason}
            for name, step in due.steps
        ],
        "mails": [
            {"edition": str(edition.id), "kind": kind, "to": names} for edition, kind, names in due.mails
        ],
        "going_out": [str(edition.id) for edition in due.going_out],
    }

    def human() -> None:
        for name in due.feeds:
            click.echo(f"would read feed {name}")
        for edition, reason in due.changed:
            click.echo(printable(f"would draft {edition.id} again: {reason}"))
        for name, step in due.steps:
            click.echo(f"would {step.action} {name}/{step.date}, due {shown_time(step.due)}: {step.reason}")
        for edition, _, names in due.mails:
            click.echo(printable(f"would write to {' and '.join(names)} about {edition.id}"))
        for edition in due.going_out:
            click.echo(f"would go on sending {edition.id}")
        if not any(data.values()):
            app.note("Nothing is due.")

    app.show(data, human)


def _time(text: str | None) -> datetime:
    """Read a time, in UTC where it names no zone; a date alone is noon."""
    if text is None:
        return now()
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--now {text!r} is not a time; write it as 2026-11-27T07:00") from None
    if len(text) <= len("2026-11-27"):
        read = datetime.combine(read, time(12))
    return read if read.tzinfo else read.replace(tzinfo=UTC)
