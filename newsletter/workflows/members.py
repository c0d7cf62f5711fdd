"""Members come in from a file or one by one, and go out as a file."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from newsletter.address import parse_address
from newsletter.errors import MemberError, NewsletterError
from newsletter.members.export import write_rows
from newsletter.members.rows import read_rows
from newsletter.members.subscriptions import stays_out, to_begin_again
from newsletter.members.types import (
    BadRow,
    Frequency,
    ImportSummary,
    Lifting,
    Member,
    MemberRow,
    Subscription,
    Suppression,
    Terms,
)
from newsletter.store.members import MemberStore
from newsletter.store.staged import StagedRows
from newsletter.workflows.project import Project

#: Addresses that are written together.
BATCH = 5_000

#: Told what goes on ("reading" in bytes, "writing" in members), how much is done, and of how much.
Progress = Callable[[str, int, int], None]


def import_members(
    store: MemberStore,
    path: Path,
    terms: Terms,
    *,
    audiences: Mapping[str, str],
    newsletters: Mapping[str, str],
    progress: Progress = lambda *_: None,
) -> ImportSummary:
    """Bring members up to date with a CSV file and say what that changed; bad rows change nothing.

    audiences, newsletters: title by slug, as cells may name them. The whole file is taken over or nothing is.
    Raises MemberRowsError when no row can be used, NewsletterError when the file cannot be read.
    """
    bad_rows: list[BadRow] = []
    with StagedRows() as staged:
        with opened(path) as file:
            size = file.seek(0, SEEK_END)
            file.seek(0)
            rows = read_rows(file, path.name, audiences, newsletters)
            staged.add(usable(rows, bad_rows, lambda: progress("reading", file.tell(), size)))
        total = len(staged)
        written = itertools.accumulate(itertools.repeat(BATCH))
        summary = store.import_batches(
            staged.pages(BATCH), terms, lambda: progress("writing", min(next(written), total), total)
        )
    summary.bad_rows = bad_rows
    return summary


def usable(
    rows: Iterable[MemberRow | BadRow], bad_rows: list[BadRow], on_rows: Callable[[], None]
) -> Iterator[MemberRow]:
    """Yield what can be used and put aside what cannot."""
    for number, row in enumerate(rows, 1):
        if isinstance(row, BadRow):
            bad_rows.append(row)
        else:
            yield row
        if number % BATCH == 0:
            on_rows()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file that can be read twice; what comes through a pipe is put down first."""
    try:
        with path.open("rb") as file:
            if file.seekable():
                yield file
                return
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(file, copy)
                copy.seek(0)
                yield copy
    except OSError as fault:
        raise NewsletterError(f"cannot read {path}: {fault.strerror or fault}") from None


def add_member(project: Project, row: MemberRow, terms: Terms, *, again: bool = False) -> Member:
    """Make one member and return it; again: also who was forgotten, since they have asked to come back.

    Raises MemberError when there is one with this address, and for whoever was forgotten otherwise.
    Somebody whose address is suppressed becomes a member too, gets nothing, and has that status.
    """
    project.members.add(row, terms, again=again)
    member, _ = show_member(project, row.address.text, terms.now)
    return member


def unsubscribe_member(project: Project, email: str, newsletter: str | None, now: datetime) -> list[str]:
    """End a member's subscription of one newsletter, or all of them, because they asked; return which ended.

    No import begins one again that was ended so. Raises MemberError where there is nobody.
    """
    member, _ = show_member(project, email, now)
    return project.subscriptions.end(member.id, newsletter, "member unsubscribe", now)


def change_frequency(
    project: Project, email: str, frequency: Frequency, newsletter: str | None, now: datetime
) -> list[str]:
    """Change how often a member gets a newsletter, or all of them; return those for which that is new.

    What was carried stays carried, so nothing comes twice and nothing is lost. Raises MemberError where there
    is nobody, or nobody who is subscribed.
    """
    member, subscriptions = show_member(project, email, now)
    running = {it.newsletter for it in subscriptions if it.ended_at is None}
    if not running or (newsletter is not None and newsletter not in running):
        what = newsletter or "anything"
        raise MemberError(f"{email} is not subscribed to {what}", hint=f"newsletter why {email}")
    return project.subscriptions.change(
        member.id, newsletter, "member frequency", now, lambda it: replace(it, frequency=frequency.value)
    )


def unsuppress_member(
    project: Project, email: str, by: str, because: str, now: datetime
) -> tuple[Suppression, list[str]]:
    """Mail an address again that was suppressed; return what it was suppressed for, and what it gets again.

    What had ended because mail came back begins again. Raises MemberError where it is not suppressed, and for
    whoever complained, left or was forgotten: that is their own word.
    """
    key = parse_address(email).key
    suppression = project.suppressions.now(key)
    if suppression is None:
        hint = f"why somebody gets nothing: newsletter why {email}"
        raise MemberError(f"{email} is not suppressed", hint=hint)
    if not (by.strip() and because.strip()):
        raise MemberError("a name and a reason are needed", hint='--by NAME --because "..."')
    member = project.members.find(email, now)
    history = project.subscriptions.of(member.id) if member else []
    if stays_out(history, suppression):
        raise MemberError(
            f"{email} is not written to on their own word, and that is theirs to take back",
            hint=f"what they said, and when: newsletter member show {email}",
        )
    lifting = Lifting(now, " ".join(by.split()), " ".join(because.split()))
    again = to_begin_again(history, f"unsuppressed by {lifting.by}", now)
    project.suppressions.lift(key, lifting, member.id if member else None, again)
    return suppression, [it.newsletter for it in again]


def show_member(project: Project, email: str, now: datetime) -> tuple[Member, list[Subscription]]:
    """Return a member and all subscriptions, ended ones too. Raises MemberError where there is nobody."""
    member = project.members.find(email, now)
    if member is None:
        raise MemberError(f"no member has the address {email!r}", hint="newsletter member list")
    return member, project.subscriptions.of(member.id)


def export_members(store: MemberStore, now: datetime) -> Iterator[str]:
    """Yield the lines of a member file with everybody who has an address (see `members.export`)."""
    return write_rows(store.members(now), store.field_names())
