"""One row of a member list: its cells become a member's values, or it is bad, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from newsletter.address import parse_address
from newsletter.errors import AddressError
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
    list_reader,
    read_frequency,
    unshielded,
)
from newsletter.members.encoding import Encoding, encoding_doubt
from newsletter.members.types import BadRow, Frequency, MemberRow

MAX_NAME = 200

# Controls C0 and C1, and the two line ends of Unicode.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: Where a cell of a spreadsheet goes on in another line, of an address say.
_LINE_BREAKS = re.compile(r"\s*[\r\n]\s*")


class _BadCell(ValueError):
    """What is wrong with a row, in a user's words."""


class RowReader:
    """Where in a row what stands, and how its cells are to be read.

    names: of the columns, `email` among them, "" for one without a heading. audiences, newsletters: title by
    slug; a cell may say either.
    """

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

    def rows(self, records: Iterable[tuple[int, list[str]] | BadRow]) -> Iterator[MemberRow | BadRow]:
        """Yield what records say, each with its line; empty ones are none."""
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
                    yield BadRow(line, str(fault), self._key(cells))

    def _key(self, cells: list[str]) -> str | None:
        """Return whom a bad row is about, as far as that can be read."""
        try:
            return parse_address(cells[self._email]).key
        except (AddressError, IndexError):
            return None

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
            if CONTROL.search(cells[at]):
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
