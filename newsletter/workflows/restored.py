"""Restored: notice a database that was put back from an older copy, and send nothing twice for it.

Each sender counts its batches in the database, and then in a file of the project folder, before anything of
them leaves. A database that has counted less than the file is older than what was sent. What was approved or
going out in it then waits for a person, as does what was due until that moment and is not in it at all: they
alone can find out from the relay. A copy of the whole folder, or of the machine, takes the file back as well;
for those there is `run --restored`.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from newsletter.editions.types import RESTORE_GUARD, Edition, EditionStatus
from newsletter.errors import StoreError
from newsletter.store.settings import SettingStore
from newsletter.workflows.happened import Happened, Kind, counted
from newsletter.workflows.project import Project

_FILE = "newsletter.mark"
_DATABASE, _COUNT, _RESTORED = "database id", "batches begun", "restored at"
_WHY = "the database was put back from an older copy, and this may have gone out since"
#: Among so many last editions of a newsletter are all that may be going out.
_LAST = 10


class _Mark(NamedTuple):
    """What the file says. database: its id, so that another one is not taken for an older one."""

    database: str
    batches: int


def note_batch(project: Project) -> None:
    """Count a batch that is about to leave, in the database first.

    Where that cannot be done, sending goes on without: whoever cannot count cannot note deliveries either.
    """
    with suppress(StoreError, OSError):
        _write(project, _Mark(name_database(project), SettingStore(project.database).count(_COUNT)))


def name_database(project: Project) -> str:
    """Return the id that a database and all its copies have."""
    return SettingStore(project.database).first(_DATABASE, secrets.token_hex(8))


def restored_at(project: Project) -> datetime | None:
    """Return when the database was last found to be put back from a copy."""
    found = SettingStore(project.database).get(_RESTORED)
    return datetime.fromisoformat(found) if found else None


def guard_restored(project: Project, now: datetime, *, told: bool = False) -> Iterator[Happened]:
    """Hold and pause what may have gone out, where the database is older than what was sent.

    told: a person says that it is. May be cut off anywhere: until its end it is found again.
    """
    settings, mark = SettingStore(project.database), _read(project)
    older = mark is not None and _is_older(project, settings, mark)
    if not (older or told):
        return
    stopped = [*_stop(project, now)]
    yield from stopped
    settings.put(_RESTORED, now.isoformat())
    settings.count(_COUNT, least=mark.batches if mark and older else 0)
    words = f"put back from an older copy; {counted(stopped, 'edition')} held until somebody says so"
    yield Happened(Kind.RESTORED, "database", words)


def _is_older(project: Project, settings: SettingStore, mark: _Mark) -> bool:
    """Whether a database has counted less than its mark; one without a name may be older than all runs."""
    names = [newsletter.name for newsletter in project.config.settings.newsletters]
    name = settings.get(_DATABASE)
    ours = name == mark.database or (name is None and any(map(project.editions.newest, names)))
    return ours and int(settings.get(_COUNT) or 0) < mark.batches


def _stop(project: Project, now: datetime) -> Iterator[Happened]:
    for newsletter in project.config.settings.newsletters:
        for edition in project.editions.standing(newsletter.name, _LAST):
            if _stopped(project, edition, now, automatic=newsletter.approval == "automatic"):
                yield Happened(Kind.HELD, str(edition.id), f"held: {_WHY}", _cure(edition))


def _stopped(project: Project, edition: Edition, now: datetime, *, automatic: bool) -> bool:
    if edition.status in (EditionStatus.SENDING, EditionStatus.PAUSED):
        return project.editions.pause(edition, RESTORE_GUARD, _WHY, now)
    approved = edition.status is EditionStatus.APPROVED
    if approved or (automatic and edition.status is EditionStatus.DRAFT):
        return project.editions.hold(edition, _WHY, now)
    return False


def _cure(edition: Edition) -> str:
    verb = "resume" if edition.status in (EditionStatus.SENDING, EditionStatus.PAUSED) else "approve"
    look = "look in the relay's log who has got it; if nobody has, let it go"
    return f"{look}, else call it off with `edition cancel`: newsletter edition {verb} {edition.id}"


def _read(project: Project) -> _Mark | None:
    try:
        found = json.loads((project.config.folder / _FILE).read_text("utf-8"))
        return _Mark(str(found["database"]), int(found["batches"]))
    except (OSError, ValueError, KeyError, TypeError):  # no file, or none that we wrote
        return None


def _write(project: Project, mark: _Mark) -> None:
    """Put the mark in the place of a lower one, in one step."""
    old = _read(project)
    if old and old.database == mark.database and old.batches >= mark.batches:
        return
    path = project.config.folder / _FILE
    part = path.with_name(f"{_FILE}.{os.getpid()}")
    part.write_text(json.dumps({"database": mark.database, "batches": mark.batches}) + "\n", "utf-8")
    part.replace(path)
