"""The picture of an item: from a host that the organisation allows, or none.

Whoever serves a picture learns when, where and with what each member opened the mail; so the host decides,
and nothing is shown that nobody allowed. Sizes are those of mail programs that do not load it, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement, fragments_fromstring

from newsletter.render.merge import one_line
from newsletter.render.story import web_link

#: Between the paddings of a card.
COLUMN_PX = 552
#: What all mail programs show; WebP and SVG many do not.
_RASTER = (".png", ".jpg", ".jpeg", ".gif")


@dataclass(frozen=True, slots=True)
class Picture:
    """What a template needs for an <img>. alt: never empty.

    width: as shown, in CSS pixels; height: in proportion, None where nobody says.
    """

    url: str
    alt: str
    width: int = COLUMN_PX
    height: int | None = None


def first_picture(html: str, hosts: Collection[str]) -> Picture | None:
    """Return the first picture of a safe fragment that one of these hosts, in lower case, serves by https."""
    if not hosts or "<img" not in html:
        return None
    return next((shown for element in _images(html) if (shown := _shown(element, hosts))), None)


def picture_host(html: str) -> str | None:
    """Return the host of a safe fragment's first picture; None where there is none."""
    if "<img" not in html:
        return None
    return next((urlsplit(web_link(it.get("src")) or "").hostname for it in _images(html)), None)


def _images(html: str) -> Iterator[HtmlElement]:
    try:
        parts = fragments_fromstring(one_line(html))
    except (etree.ParserError, ValueError):
        return
    for part in parts:
        if isinstance(part, HtmlElement):
            yield from part.iter("img")


def _shown(element: HtmlElement, hosts: Collection[str]) -> Picture | None:
    url = web_link(element.get("src"))
    alt = " ".join(one_line(element.get("alt") or "").split())
    try:
        parts = urlsplit(url or "")
        allowed = parts.scheme == "https" and parts.username is None and parts.hostname in hosts
    except ValueError:
        return None
    if not url or not alt or not allowed or not parts.path.lower().endswith(_RASTER):
        return None
    width, height = (_pixels(element.get(name)) for name in ("width", "height"))
    shown = min(width or COLUMN_PX, COLUMN_PX)
    return Picture(url, alt, shown, round(height * shown / width) or 1 if width and height else None)


def _pixels(text: str | None) -> int | None:
    return int(text[:5]) or None if text and text.isascii() and text.isdecimal() else None
