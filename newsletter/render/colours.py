"""Colours that can be read: contrast as WCAG 2.2 measures it."""

from __future__ import annotations

import re

#: WCAG 2.2, success criterion 1.4.3.
LEAST_CONTRAST = 4.5
_HEX = re.compile("#[0-9a-f]{6}")


def read_colour(text: str) -> str | None:
    """Return "#0b5062" for "#0B5062" or "0B5062", "#00aaff" for "#0af"; None for what is no hex colour."""
    digits = text.strip().lower().removeprefix("#")
    colour = "#" + ("".join(2 * digit for digit in digits) if len(digits) == 3 else digits)  # noqa: PLR2004
    return colour if _HEX.fullmatch(colour) else None


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
