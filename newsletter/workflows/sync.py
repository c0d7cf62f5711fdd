"""Sync: the membership system is the truth, and our list of members is brought up to date with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from newsletter.errors import MemberError
from newsletter.members.json_rows import looks_like_json, read_json_rows
from newsletter.members.row_reader import RowReader
from newsletter.members.rows import column_names, read_rows
from newsletter.members.types import BadRow, ListDifference, MemberRow, Terms
from newsletter.store.members import MemberStore
from newsletter.store.outside import query_outside
from newsletter.store.staged import StagedRows
from newsletter.workflows.members import BATCH, Progress, opened, usable

#: Of those who get something on the ground of the list: when more would go, a person has to say so.
_MOST = 0.1
_HEAD_BYTES = 1_000

Rows = Iterator[MemberRow | BadRow]


@dataclass(frozen=True, slots=True)
class Titles:
    """What cells may name: title by slug."""

    audiences: Mapping[str, str]
    newsletters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MemberQuery:
    """A query in another database. password: None where the URL needs none."""

    url: str
    sql: str
    password: str | None = None


def compare_members(
    store: MemberStore,
    source: Path | MemberQuery,
    terms: Terms,
    titles: Titles,
    progress: Progress = lambda *_: None,
) -> ListDifference:
    """Return what `sync_members` would change, and change nothing."""
    with _staged(source, titles, progress) as (rows, bad_rows):
        difference = store.compare(rows.pages(BATCH), _keys(bad_rows), terms)
    difference.bad_rows = bad_rows
    return difference


def sync_members(
    store: MemberStore,
    source: Path | MemberQuery,
    terms: Terms,
    titles: Titles,
    progress: Progress = lambda *_: None,
    *,
    confirmed: int | None = None,
) -> ListDifference:
    """Add, change and end members so that ours says what the membership system says.

    source: a file of CSV or JSON, or a query. confirmed: how many a person knows to go, where that is more
    than a tenth. Who left, bounced or was forgotten is not brought back. Raises MemberError where too many
    would go, and MemberRowsError where no row can be used; nothing has changed then.
    """
    with _staged(source, titles, progress) as (rows, bad_rows):
        difference = store.sync(
            rows.pages(BATCH), _keys(bad_rows), terms, lambda found: _refuse_wipe_out(found, confirmed)
        )
    difference.bad_rows = bad_rows
    return difference


def is_wipe_out(difference: ListDifference) -> bool:
    """Whether so many would go that the list is more likely to be wrong than the members to have left."""
    return difference.ended > difference.known * _MOST


def _refuse_wipe_out(difference: ListDifference, confirmed: int | None) -> None:
    if confirmed is not None and confirmed != difference.ended:
        raise MemberError(
            f"{difference.ended:,} members would go, not the {confirmed:,} of --confirm",
            hint="look again at what it would change, without --go",
        )
    if confirmed is None and is_wipe_out(difference):
        raise MemberError(
            f"{difference.ended:,} of {difference.known:,} members would go, more than a tenth;"
            " nothing was changed",
            hint=f"is the list whole? If that is right, add: --confirm {difference.ended}",
        )


def _keys(bad_rows: list[BadRow]) -> list[str]:
    return [row.email_key for row in bad_rows if row.email_key]


@contextmanager
def _staged(
    source: Path | MemberQuery, titles: Titles, progress: Progress
) -> Iterator[tuple[StagedRows, list[BadRow]]]:
    bad_rows: list[BadRow] = []
    with StagedRows() as staged:
        with _rows(source, titles) as rows:
            done = count(BATCH, BATCH)
            staged.add(usable(rows, bad_rows, lambda: progress("reading", next(done), 0)))
        yield staged, bad_rows


@contextmanager
def _rows(source: Path | MemberQuery, titles: Titles) -> Iterator[Rows]:
    if isinstance(source, MemberQuery):
        with query_outside(source.url, source.password, source.sql) as (headings, found):
            reader = RowReader(
                column_names(headings, "the query"), "utf-8", titles.audiences, titles.newsletters
            )
            yield reader.rows((number, [*map(_cell, row)]) for number, row in enumerate(found, 1))
        return
    with opened(source) as file:
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        read = read_json_rows if looks_like_json(head) else read_rows
        yield read(file, source.name, titles.audiences, titles.newsletters)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
