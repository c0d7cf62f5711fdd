"""A member file, as spreadsheets really write it, becomes usable rows and bad ones."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, TextIO

from newsletter.errors import MemberRowsError
from newsletter.members.columns import EMAIL, column_name
from newsletter.members.encoding import REPLACEMENT, decide_encoding
from newsletter.members.records import MAX_RECORD, Records
from newsletter.members.row_reader import CONTROL, RowReader
from newsletter.members.types import BadRow, MemberRow

DELIMITERS = ",;\t"
MAX_HEADING = 200

# ZIP (xlsx, ods) and the compound file of old (xls).
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_AS_CSV = "save it as CSV UTF-8 in the spreadsheet program"
_A_HEADER = "the first line names the columns: email, and if you like first_name, last_name, audiences"


def read_rows(
    file: BinaryIO, name: str, audiences: Mapping[str, str], newsletters: Mapping[str, str]
) -> Iterator[MemberRow | BadRow]:
    """Yield the rows of a member file in its order; empty rows are none.

    file: seekable, at its beginning; read twice, a piece at a time, and left open. name: what errors call it.
    audiences, newsletters: title by slug; a cell may say either.
    Raises MemberRowsError before the first row when no row can be used: no email column, a workbook, empty.
    """
    if file.read(4) in _WORKBOOKS:
        raise MemberRowsError(name, [(1, "this is a workbook, not a CSV file")], hint=_AS_CSV)
    file.seek(0)
    encoding = decide_encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    try:
        records = iter(Records(text, _delimiter(text)))
        names = _columns(records, name)
        yield from RowReader(names, encoding, audiences, newsletters).rows(records)
    finally:
        if not file.closed:
            text.detach()  # or it would close the file


def _delimiter(text: TextIO) -> str:
    """Return what parts the cells of the header: the one that makes an email column, and the most columns."""
    header = "\n"
    while header.isspace():
        header = text.readline(MAX_RECORD)
    text.seek(0)

    def columns(delimiter: str) -> tuple[bool, int]:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return EMAIL in map(column_name, cells), len(cells)

    return max(DELIMITERS, key=columns)


def _columns(records: Iterator[tuple[int, list[str]] | BadRow], name: str) -> list[str]:
    """Return the name of each column, "" for one without a heading, when it can be told which is which."""
    said = (it for it in records if isinstance(it, BadRow) or any(map(str.strip, it[1])))
    header = next(said, BadRow(1, "the file is empty"))
    if isinstance(header, BadRow):
        raise MemberRowsError(name, [(header.line, header.problem)], hint=_A_HEADER)
    line, headings = header
    return column_names(headings, name, line)


def column_names(headings: Sequence[str], name: str, line: int = 1) -> list[str]:
    """Return what headings stand for, "" for an empty one.

    Raises MemberRowsError when it cannot be told which is which. name: what it calls the list.
    """
    names = [column_name(heading) for heading in headings]
    if EMAIL not in names:
        found = ", ".join(repr(heading.strip()[:80]) for heading in headings if heading.strip())
        problem = f"no column is called email; the columns are {found}"
        raise MemberRowsError(name, [(line, problem)], hint=_A_HEADER)
    twice = [column for column, times in Counter(names).items() if column and times > 1]
    if twice:
        problems = [(line, f"two columns are called {column[:80]!r}") for column in twice]
        raise MemberRowsError(name, problems, hint="rename one of them, or take it out")
    if any(CONTROL.search(column) or REPLACEMENT in column or len(column) > MAX_HEADING for column in names):
        problem = "the names of the columns are too long, or hold characters that cannot be read"
        raise MemberRowsError(name, [(line, problem)], hint=_AS_CSV)
    return names
