"""Slips of the keyboard in an address, so that a search by index can find whom somebody meant."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase, digits

#: What addresses are made of, nearly all of them.
_KEYS = f"{ascii_lowercase}{digits}.-_+@"
#: Nobody types more; the work grows with the length.
_LONGEST = 100


def one_slip_away(key: str) -> Iterator[str]:
    """Yield every text that is one slip from an address: a letter too few, too many, mistaken, or swapped.

    key: in lower case. About 80 texts for each of its letters, some of them twice.
    """
    if len(key) > _LONGEST:
        return
    for at in range(len(key) + 1):
        head, tail = key[:at], key[at:]
        for letter in _KEYS:
            yield f"{head}{letter}{tail}"
            yield f"{head}{letter}{tail[1:]}"
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
