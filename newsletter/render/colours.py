"""Colours that can be read: contrast as WCAG 2.2 measures it, and the nearest colour that has enough."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from newsletter.render.design import Palette

#: WCAG 2.2, success criterion 1.4.3: for text of the sizes in a mail.
LEAST_CONTRAST = 4.5
#: Steps of lightness that are tried; no eye tells two of them apart.
_STEPS = 500
_HEX = re.compile("#[0-9a-f]{6}")

#: What words are printed in, and what they stand on.
_PRINTED = {
    "text": ("card", "panel"),
    "heading": ("card", "panel"),
    "muted": ("card", "panel"),
    "link": ("card", "panel"),
    "accent": ("card", "panel"),
}


def read_colour(text: str) -> str | None:
    """Return "#0b5062" for "#0B5062" or "0B5062", "#00aaff" for "#0af"; None for what is no hex colour."""
    digits = text.strip().lower().removeprefix("#")
    colour = "#" + ("".join(2 * digit for digit in digits) if len(digits) == 3 else digits)  # noqa: PLR2004
    return colour if _HEX.fullmatch(colour) else None


@lru_cache(1024)
def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as "#0b5062", from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(colour: str, grounds: Collection[str]) -> float:
    """Return the lowest contrast of a colour with any of these grounds."""
    return min(contrast(colour, ground) for ground in grounds)


def nearest_readable(colour: str, grounds: Collection[str], ratio: float = LEAST_CONTRAST) -> str | None:
    """Return the colour of the same hue, as little darker or lighter as will do, that has this contrast.

    The colour itself where it has it; None where no lightness has, as on grounds both dark and light.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    steps = sorted(
        {*(step / _STEPS for step in range(_STEPS + 1)), lightness}, key=lambda it: abs(it - lightness)
    )
    shades = (_hex(colorsys.hls_to_rgb(hue, step, saturation)) for step in steps)
    return next((shade for shade in shades if least_contrast(shade, grounds) >= ratio), None)


@dataclass(frozen=True, slots=True)
class TooFaint:
    """A colour that cannot be read on its ground. cure: the nearest that can; None where there is none."""

    role: str
    colour: str
    ground: str
    ground_colour: str
    ratio: float
    cure: str | None


def too_faint(palette: Palette) -> Iterator[TooFaint]:
    """Yield the colours of a palette that cannot be read, each with the ground on which it is worst."""
    for role, names in _PRINTED.items():
        colour = getattr(palette, role)
        grounds = {name: getattr(palette, name) for name in names}
        worst = min(grounds, key=lambda name: contrast(colour, grounds[name]))
        ratio = contrast(colour, grounds[worst])
        if ratio < LEAST_CONTRAST:
            cure = nearest_readable(colour, grounds.values())
            yield TooFaint(role, colour, worst, grounds[worst], ratio, cure)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2, "relative luminance")."""
    linear = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
        for channel in _channels(colour)
    )
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
