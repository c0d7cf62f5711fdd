"""Contrast of two colours, as WCAG 2 counts it."""

from __future__ import annotations

import re
from functools import lru_cache

#: WCAG 2.2, success criterion 1.4.3.
LEAST_CONTRAST = 4.5
_HEX = re.compile(r"#?([0-9a-f]{6})", re.IGNORECASE)


def read_colour(text: str) -> str | None:
    """Return "#rrggbb" in lower case; None for anything else."""
    found = _HEX.fullmatch(text.strip())
    return f"#{found[1].lower()}" if found else None


@lru_cache(512)
def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours "#rrggbb", from 1 to 21, whichever is the text."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2, definition of that name)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= 0.04045:  # noqa: PLR2004 - of sRGB
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
