"""How a received message's file is called."""

from __future__ import annotations

import re

# What every file system takes; "@" and "+" are harmless and make an address readable.
_UNSAFE = re.compile(r"[^A-Za-z0-9@+_.-]")
_MAX_CHARS = 80


def safe_name(address: str) -> str:
    """Return an address as a part of a file name: no separators, no controls, at most 80 characters.

    Two addresses may give the same name, so something else must tell files apart. It may begin with a dot.
    """
    return _UNSAFE.sub("_", address)[:_MAX_CHARS]
