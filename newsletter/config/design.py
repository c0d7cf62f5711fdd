"""The table [design]: colours, fonts, logo and footer, as they are written, and the `Design` they make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from newsletter.config.fields import WebUrl
from newsletter.render.colours import LEAST_CONTRAST, nearest_readable, read_colour, too_faint
from newsletter.render.design import DARK, DESIGN, LIGHT, Design, Logo, Palette

#: Contrast that an accent gets in the dark, where nobody chose one.
_DARK_ACCENT = 7.0
_FONTS = re.compile(r"[A-Za-z][A-Za-z0-9 -]*(?:, ?[A-Za-z][A-Za-z0-9 -]*)*")
_GENERIC = ("serif", "sans-serif", "monospace")
_RASTER = (".png", ".jpg", ".jpeg", ".gif")


def _colour(value: str) -> str:
    colour = read_colour(value)
    if colour is None:
        raise ValueError('not a colour; write it as "#0b5062"')
    return colour


def _fonts(value: str) -> str:
    if not _FONTS.fullmatch(value):
        raise ValueError('not a list of fonts; write it as "Georgia, Times New Roman, serif"')
    if value.rpartition(",")[2].strip() not in _GENERIC:
        raise ValueError("must end with serif, sans-serif or monospace, for machines without the others")
    return value


def _picture(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https":
        raise ValueError("mail programs show pictures only from https addresses")
    if not parts.path.lower().endswith(_RASTER):
        raise ValueError("must be a PNG or JPEG file: many mail programs show no SVG and no WebP")
    return value


Colour = Annotated[str, AfterValidator(_colour)]
Fonts = Annotated[str, AfterValidator(_fonts)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class PaletteSettings(_Table):
    """Colours by role; see `newsletter.render.design.Palette`."""

    page: Colour | None = None
    card: Colour | None = None
    panel: Colour | None = None
    text: Colour | None = None
    heading: Colour | None = None
    muted: Colour | None = None
    link: Colour | None = None
    accent: Colour | None = None
    line: Colour | None = None

    @property
    def given(self) -> dict[str, str]:
        """The colours that are set."""
        return self.model_dump(exclude_none=True)


class LogoSettings(_Table):
    """A picture in the place of the organisation's name, with its size as shown."""

    url: Annotated[WebUrl, AfterValidator(_picture)]
    width: int = Field(ge=16, le=400)
    height: int = Field(ge=16, le=120)


class DesignSettings(_Table):
    """How mail looks. accent: the one colour beside those of text and paper."""

    accent: Colour | None = None
    heading_font: Fonts = DESIGN.heading_font
    text_font: Fonts = DESIGN.text_font
    footer: Annotated[str, StringConstraints(max_length=2000)] = ""
    logo: LogoSettings | None = None
    light: PaletteSettings = Field(default_factory=PaletteSettings)
    dark: PaletteSettings = Field(default_factory=PaletteSettings)

    @property
    def design(self) -> Design:
        """What these settings make. A dark accent that nobody chose is the light one, made lighter."""
        light, dark = LIGHT, replace(DARK, **self.dark.given)
        if self.accent:
            light = replace(light, accent=self.accent, link=self.accent)
            shade = nearest_readable(self.accent, (dark.card, dark.panel), _DARK_ACCENT) or dark.accent
            dark = replace(dark, accent=shade, link=shade)
        return Design(
            replace(light, **self.light.given),
            replace(dark, **self.dark.given),
            self.heading_font,
            self.text_font,
            Logo(self.logo.url, self.logo.width, self.logo.height) if self.logo else None,
        )


def faint_colours(table: object) -> Iterator[str]:
    """Tell which colours of [design] cannot be read. table: as it stands in the file, of any shape."""
    try:
        settings = DesignSettings.model_validate(table)
    except ValidationError:  # which is told elsewhere
        return
    design = settings.design
    for name, palette in (("light", design.light), ("dark", design.dark)):
        yield from _faint(name, palette, settings)


def _faint(name: str, palette: Palette, settings: DesignSettings) -> Iterator[str]:
    told: dict[str, Any] = {}
    for fault in too_faint(palette):
        by_accent = fault.role in ("accent", "link") and fault.role not in getattr(settings, name).given
        place = "design.accent" if by_accent and settings.accent else f"design.{name}.{fault.role}"
        cure = (
            f"{fault.cure} is the nearest colour that passes"
            if fault.cure
            else f"no shade of it can be read on {fault.ground_colour}: change the {fault.ground}"
        )
        told.setdefault(
            place,
            f"{place} = {fault.colour!r}: {fault.ratio:.2f}:1 against {fault.ground} "
            f"{fault.ground_colour!r}, and reading takes {LEAST_CONTRAST}:1; {cure}",
        )
    yield from told.values()
