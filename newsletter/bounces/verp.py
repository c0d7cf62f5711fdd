"""Signed envelope senders: each delivery's own address for bounces, that nobody else can make.

`b-1-2f3-0123456789abcdef0123@bounces.example.org` says key 1, delivery 2f3 (hexadecimal) and a signature
of 80 bits (RFC 7693 §2.9). Some mail systems write addresses in lower case, so all of it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from hmac import compare_digest

from newsletter.address import Address

_MARK_BYTES = 10
_LOOKS_OURS = re.compile(rb"(?i)\bb-([0-9]{1,9})-([0-9a-f]{1,16})-([0-9a-f]{20})(?:@|=40|\+40|=)")
_SOFT_BREAK = re.compile(rb"=\r?\n")


class Verp:
    """Makes and checks envelope senders. keys: secrets by id; the newest id signs, all are good."""

    def __init__(self, domain: str, keys: Mapping[int, bytes]) -> None:
        self._states = {number: blake2b(key=key, digest_size=_MARK_BYTES) for number, key in keys.items()}
        self._newest = max(keys)
        self._begins, self._ends = f"b-{self._newest}-", f"@{domain}"

    def sender(self, delivery: int) -> Address:
        """Return the envelope sender of a delivery, the same at every try."""
        number = f"{delivery:x}"
        text = f"{self._begins}{number}-{self._mark(self._newest, number)}{self._ends}"
        return Address(text, text)

    def deliveries(self, raw: bytes) -> Iterator[int]:
        """Yield the deliveries whose signed sender stands anywhere in a mail, headers first."""
        for found in _LOOKS_OURS.finditer(_SOFT_BREAK.sub(b"", raw)):
            key, number, mark = (it.decode().lower() for it in found.groups())
            if int(key) in self._states and compare_digest(mark, self._mark(int(key), number)):
                yield int(number, 16)

    def _mark(self, key: int, number: str) -> str:
        state = self._states[key].copy()
        state.update(number.encode())
        return state.hexdigest()
