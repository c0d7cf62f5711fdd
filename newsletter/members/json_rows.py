"""A member list as JSON: a list of objects, or an object on each line, read a piece at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, TextIO

from newsletter.errors import MemberRowsError
from newsletter.members.columns import EMAIL, LIST_SEPARATOR, column_name
from newsletter.members.records import MAX_RECORD
from newsletter.members.row_reader import RowReader
from newsletter.members.types import BadRow, MemberRow

_PIECE = 65_536
_BETWEEN = " \t\r\n,"
_SHAPE = 'write a list of objects: [{"email": "anna@example.org", "audiences": ["governors"]}, …]'


def looks_like_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON and no CSV: no heading begins with a bracket."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def read_json_rows(
    file: BinaryIO, name: str, audiences: Mapping[str, str], newsletters: Mapping[str, str]
) -> Iterator[MemberRow | BadRow]:
    """Yield the members of a list of objects, each with its number in the list as its line.

    The keys are what the columns of a member file are; a value may be a text, a number, a truth value, a list
    of these, or null. file: at its beginning, UTF-8; left open. name: what errors call it.
    Raises MemberRowsError where it is no such list; what was yielded before is then worth nothing.
    """
    readers: dict[tuple[str, ...], RowReader] = {}
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    try:
        for number, record in enumerate(_objects(text, name), 1):
            keys = tuple(map(column_name, record))
            if EMAIL not in keys:
                yield BadRow(number, "has no email")
                continue
            reader = readers.get(keys) or RowReader(keys, "utf-8", audiences, newsletters)
            readers[keys] = reader
            yield from reader.rows([(number, [_cell(value) for value in record.values()])])
    except UnicodeDecodeError:
        raise MemberRowsError(name, [(1, "is not UTF-8, as JSON has to be")], hint=_SHAPE) from None
    finally:
        if not file.closed:
            text.detach()  # or it would close the file


def _objects(text: TextIO, name: str) -> Iterator[dict[str, Any]]:
    decode, rest, number = json.JSONDecoder().raw_decode, "", 0
    while piece := text.read(_PIECE):
        rest = (rest + piece).lstrip(_BETWEEN)
        if number == 0:
            rest = rest.removeprefix("[").lstrip(_BETWEEN)
        while rest and rest[0] != "]":
            try:
                found, end = decode(rest)
            except ValueError:
                break  # it may go on in the next piece
            number += 1
            if not isinstance(found, dict):
                raise MemberRowsError(name, [(number, "is no object")], hint=_SHAPE)
            yield found
            rest = rest[end:].lstrip(_BETWEEN)
        if len(rest) > MAX_RECORD + _PIECE:
            break
    if rest.strip() not in ("", "]"):
        raise MemberRowsError(name, [(number + 1, f"is no JSON: {rest[:40]!r}")], hint=_SHAPE)
    if number == 0:
        raise MemberRowsError(name, [(1, "the list is empty")], hint=_SHAPE)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return LIST_SEPARATOR.join(map(_cell, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
