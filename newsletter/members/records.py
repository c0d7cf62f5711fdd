"""CSV records of a text; a stray quote or an endless line costs its own line and no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from newsletter.members.types import BadRow

#: Of one record, in characters; a row of a member list is some hundred.
MAX_RECORD = 65_536


class Records:
    """Iterate over (line, cells) and BadRow, in file order; lines count from 1, where the record begins.

    text: opened with newline="", so that line breaks within quotes stay as they are.
    Blank lines are passed over. Never more than `MAX_RECORD` characters of the text are held.
    """

    def __init__(self, text: TextIO, delimiter: str) -> None:
        self._lines = _Lines(text)
        self._cells = csv.reader(self._lines, delimiter=delimiter, strict=True)

    def __iter__(self) -> Iterator[tuple[int, list[str]] | BadRow]:
        lines = self._lines
        while True:
            lines.forget()
            try:
                cells = next(self._cells)
            except csv.Error as fault:
                yield BadRow(lines.begin, _in_plain_words(str(fault)))
                lines.give_back_all_but_first()
            except StopIteration:
                return
            else:
                if cells:
                    yield lines.begin, cells


class _Lines:
    """Physical lines that can be read again when the record they seemed to form turns out to be none."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._taken_characters = 0
        #: Number of the line with which the present record begins.
        self.begin = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MAX_RECORD)
        if not line:
            raise StopIteration
        self._taken.append(line)
        self._taken_characters += len(line)
        if self._taken_characters >= MAX_RECORD:
            self._pass_over_rest(line)
            raise csv.Error(f"longer than {MAX_RECORD} characters")
        return line

    def forget(self) -> None:
        """Begin a record."""
        self.begin += len(self._taken)
        self._taken.clear()
        self._taken_characters = 0

    def give_back_all_but_first(self) -> None:
        """Let the next record begin on the line after the one with which this one began."""
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def _pass_over_rest(self, line: str) -> None:
        while len(line) == MAX_RECORD and not line.endswith(("\n", "\r")):
            line = self._text.readline(MAX_RECORD)


def _in_plain_words(fault: str) -> str:
    if "expected after" in fault:
        return "a quote stands where none can stand; a quote within a quoted cell is written twice"
    if "end of data" in fault:
        return "a quote is opened and never closed"
    return f"{fault}; is a quote opened and never closed?"
