"""Message-IDs: made from the row and the edition's secret.

The same for every try, found again from a relay's log or a bounce, and not to be guessed for another member.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from hmac import compare_digest

_MARK_BYTES = 10
_LOOKS_OURS = re.compile(rb"\.([0-9]{1,19})\.([0-9a-f]{20})@")
_SOFT_BREAK = re.compile(rb"=\r?\n")


class MessageIds:
    """Makes the Message-IDs of one edition. key: its secret; begins, domain: what stands around them."""

    def __init__(self, key: str, begins: str = "", domain: str = "") -> None:
        self._state = blake2b(key=key.encode(), digest_size=_MARK_BYTES)
        self._begins, self._ends = f"<{begins}.", f"@{domain}>"

    def of(self, delivery: int) -> str:
        """Return the Message-ID of a delivery."""
        number = str(delivery)
        return f"{self._begins}{number}.{self._mark(number)}{self._ends}"

    def made(self, delivery: int, mark: str) -> bool:
        """Whether a mark is ours for a delivery."""
        return compare_digest(self._mark(str(delivery)), mark)

    def _mark(self, number: str) -> str:
        state = self._state.copy()
        state.update(number.encode())
        return state.hexdigest()


def marks_in(raw: bytes) -> Iterator[tuple[int, str]]:
    """Yield what may be our Message-IDs in a mail, as delivery and mark, each once."""
    found = _LOOKS_OURS.findall(_SOFT_BREAK.sub(b"", raw))
    yield from ((int(number), mark.decode()) for number, mark in dict.fromkeys(found))
