"""Quiet: after a round that found nothing to do, note until when the next ones will find nothing either."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from newsletter.store.quiet import QuietNote
from newsletter.workflows.due import quiet_until
from newsletter.workflows.happened import Happened
from newsletter.workflows.project import Project
from newsletter.workflows.round import run_round


def run_noted_round(project: Project, note: QuietNote, now: datetime) -> list[Happened]:
    """Do a round as `run_round` does; where nothing happened, leave a note of until when nothing will."""
    database = project.database.file
    # No file here shows what other machines do to a server, nor what arrives in a mailbox.
    if database is None or not database.is_file() or _reads_mail(project):
        return run_round(project, now)
    note.watch([database, _log_of(database), *_calendars(project)])
    happened = run_round(project, now)
    if not happened:
        note.leave(now, quiet_until(project, now))
    return happened


def _log_of(database: Path) -> Path:
    """Return the file that SQLite writes to first; it stands beside the file itself, not beside a link."""
    real = database.resolve()
    return real.with_name(f"{real.name}-wal")


def _reads_mail(project: Project) -> bool:
    bounces = project.config.settings.bounces
    return bounces is not None and bounces.url != "-"


def _calendars(project: Project) -> list[Path]:
    given = project.config.settings.calendars.values()
    return [project.config.folder / it.url for it in given if "://" not in it.url]
