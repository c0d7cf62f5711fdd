"""A member file, as spreadsheets really write it, becomes usable rows and bad ones."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, TextIO

from newsletter.address import parse_address
from newsletter.errors import AddressError, MemberRowsError
from newsletter.members.columns import (
    AUDIENCES,
    EMAIL,
    FIRST_NAME,
    FREQUENCY,
    LAST_NAME,
    NEWSLETTERS,
    OWN_COLUMNS,
    STATUS,
    STATUSES,
    column_name,
    list_reader,
    read_frequency,
    unshielded,
)
from newsletter.members.encoding import REPLACEMENT, Encoding, decide_encoding, encoding_doubt
from newsletter.members.records import MAX_RECORD, Records
from newsletter.members.types import BadRow, Frequency, MemberRow

DELIMITERS = ",;\t"
MAX_NAME = 200
MAX_HEADING = 200

# Controls C0 and C1, and the two line ends of Unicode.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: Where a cell of a spreadsheet goes on in another line, of an address say.
_LINE_BREAKS = re.compile(r"\s*[\r\n]\s*")
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
        yield from _RowReader(names, encoding, audiences, newsletters).rows(records)
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
    names = [column_name(heading) for heading in headings]
    if EMAIL not in names:
        found = ", ".join(repr(heading.strip()[:80]) for heading in headings if heading.strip())
        problem = f"no column is called email; the columns are {found}"
        raise MemberRowsError(name, [(line, problem)], hint=_A_HEADER)
    twice = [column for column, times in Counter(names).items() if column and times > 1]
    if twice:
        problems = [(line, f"two columns are called {column[:80]!r}") for column in twice]
        raise MemberRowsError(name, problems, hint="rename one of them, or take it out")
    if any(_CONTROL.search(column) or REPLACEMENT in column or len(column) > MAX_HEADING for column in names):
        problem = "the names of the columns are too long, or hold characters that cannot be read"
        raise MemberRowsError(name, [(line, problem)], hint=_AS_CSV)
    return names


class _BadCell(ValueError):
    """What is wrong with a row, in a user's words."""


class _RowReader:
    """Where in a row what stands, and how its cells are to be read."""

    def __init__(
        self,
        names: Sequence[str],
        encoding: Encoding,
        audiences: Mapping[str, str],
        newsletters: Mapping[str, str],
    ) -> None:
        self._width = len(names)
        self._encoding = encoding
        self._email = names.index(EMAIL)
        place = {name: place for place, name in enumerate(names)}
        self._first_name, self._last_name = place.get(FIRST_NAME), place.get(LAST_NAME)
        self._audiences, self._newsletters = place.get(AUDIENCES), place.get(NEWSLETTERS)
        self._frequency = place.get(FREQUENCY)
        self._attributes = [(name, at) for name, at in place.items() if name and name not in OWN_COLUMNS]
        self._own = [place[name] for name in OWN_COLUMNS if name in place]
        self._nameless = [at for at, name in enumerate(names) if not name]
        self._read_audiences = list_reader("audience", audiences)
        self._read_newsletters = list_reader("newsletter", newsletters)

    def rows(self, records: Iterator[tuple[int, list[str]] | BadRow]) -> Iterator[MemberRow | BadRow]:
        for record in records:
            if isinstance(record, BadRow):
                yield record
                continue
            line, cells = record
            text = "".join(cells)
            if text and not text.isspace():
                try:
                    yield self._row(line, self._cleaned(cells, text))
                except (AddressError, _BadCell) as fault:
                    yield BadRow(line, str(fault))

    def _cleaned(self, cells: list[str], text: str) -> list[str]:
        """Return one cell for each column, without the white space around it."""
        cells = [cell.strip() for cell in cells]
        if "'" in text:
            cells = [unshielded(cell) for cell in cells]
        if len(cells) < self._width:  # spreadsheets leave empty cells at the end of a row out
            cells += [""] * (self._width - len(cells))
        if self._nameless or len(cells) > self._width:
            self._check_headings(cells)
        if not (text.isascii() and text.isprintable()):
            self._check_characters(cells, text)
        return cells

    def _check_headings(self, cells: list[str]) -> None:
        for at in (*self._nameless, *range(self._width, len(cells))):
            if cells[at]:
                raise _BadCell(
                    f"{cells[at][:80]!r} in column {at + 1} stands under no heading;"
                    " a cell that holds a separator needs quotes around it"
                )

    def _check_characters(self, cells: list[str], text: str) -> None:
        names = " ".join(cells[at] for at in (self._first_name, self._last_name) if at is not None)
        if doubt := encoding_doubt(self._encoding, text, names):
            raise _BadCell(doubt)
        if "\0" in text:  # PostgreSQL cannot keep it
            raise _BadCell("holds a NUL character")
        for at in self._own:
            if _CONTROL.search(cells[at]):
                raise _BadCell(f"a line break or control character in {cells[at][:80]!r}")

    def _row(self, line: int, cells: list[str]) -> MemberRow:
        return MemberRow(
            line,
            parse_address(cells[self._email]),
            _name(cells, self._first_name),
            _name(cells, self._last_name),
            _list(cells, self._audiences, self._read_audiences),
            _list(cells, self._newsletters, self._read_newsletters),
            {
                name: _LINE_BREAKS.sub(", ", cells[at])  # as no mail can hold it in a value
                for name, at in self._attributes
                if cells[at] and not (name == STATUS and cells[at] in STATUSES)
            },
            _frequency(cells, self._frequency),
        )


def _name(cells: list[str], at: int | None) -> str:
    name = "" if at is None else cells[at]
    if len(name) > MAX_NAME:
        raise _BadCell(f"a name of more than {MAX_NAME} characters: {name[:40]!r}")
    return name


def _frequency(cells: list[str], at: int | None) -> Frequency | None:
    found = None if at is None else read_frequency(cells[at])
    if found is None or isinstance(found, Frequency):
        return found
    raise _BadCell(found)


def _list(
    cells: list[str], at: int | None, read: Callable[[str], frozenset[str] | str]
) -> frozenset[str] | None:
    if at is None:
        return None
    found = read(cells[at])
    if isinstance(found, str):
        raise _BadCell(found)
    return found
