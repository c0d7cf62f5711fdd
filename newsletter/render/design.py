"""Design: an organisation's colours, fonts and logo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour for each role, as "#0b5062".

    page: around the card; panel: behind the contents and the footer; accent: rules, names of sections, and
    the ground of the button, whose words have the colour of the card; line: hairlines.
    """

    page: str
    card: str
    panel: str
    text: str
    heading: str
    muted: str
    link: str
    accent: str
    line: str


LIGHT = Palette(
    page="#f1efe9",
    card="#ffffff",
    panel="#f7f6f1",
    text="#1d2327",
    heading="#14181b",
    muted="#545b61",
    link="#0b5062",
    accent="#0b5062",
    line="#d9d5c9",
)
DARK = Palette(
    page="#121518",
    card="#1b1f23",
    panel="#22272b",
    text="#e8eaec",
    heading="#f6f7f8",
    muted="#b4bac0",
    link="#8ccbdc",
    accent="#8ccbdc",
    line="#3a4046",
)


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture in the place of the organisation's name. width, height: as shown, in CSS pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Design:
    """How an organisation's mail looks. Fonts are lists as CSS has them, without quotes."""

    light: Palette = LIGHT
    dark: Palette = DARK
    heading_font: str = "Georgia, Times New Roman, Times, serif"
    text_font: str = "Arial, Helvetica, sans-serif"
    logo: Logo | None = None


#: As it ships.
DESIGN = Design()
