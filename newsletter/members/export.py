"""Members as a member file that any spreadsheet opens, and that our import reads back to the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from newsletter.members.columns import LIST_SEPARATOR, OWN_COLUMNS, STATUS, shielded
from newsletter.members.types import Member


def write_rows(members: Iterable[Member], fields: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a CSV file, header first, each with its CRLF (RFC 4180).

    fields: names of the attributes to give, a column each. Forgotten members have no address and no row.
    A cell that would be a formula is shielded by an apostrophe.
    """
    attributes = [field for field in fields if field != STATUS]
    yield _line([*OWN_COLUMNS, STATUS, *attributes])
    for member in members:
        if member.email:
            yield _line(
                [
                    member.email,
                    member.first_name,
                    member.last_name,
                    LIST_SEPARATOR.join(sorted(member.audiences)),
                    LIST_SEPARATOR.join(sorted(member.newsletters)),
                    member.frequency or "",
                    # A column of this name that came in with other words than ours is an attribute.
                    member.attributes.get(STATUS, member.status.value),
                    *(member.attributes.get(field, "") for field in attributes),
                ]
            )


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow([shielded(cell) for cell in cells])
    return line.getvalue()
