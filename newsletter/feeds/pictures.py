"""Which pictures of a feed or page are kept: by https, with words that say what they show, and no spy.

Kept is not shown: a digest loads a picture only from hosts that the organisation names (`[pictures] hosts`),
since each reader's mail program tells that host when it was opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

from newsletter.feeds.blocks import Block

#: Attributes of <img> that are looked at.
ATTRIBUTES = frozenset({"src", "alt", "width", "height", "style"})

_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
#: Smaller than this in CSS pixels, one way or the other, it is an icon, a spacer or a tracking pixel.
_LEAST_PX = 24
_MOST_PX = 10_000
_MAX_ALT_CHARS = 300
_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d*)?\s*(?:px)?\s*", re.IGNORECASE)
_STYLED_SIZE = re.compile(
    r"(?:^|[;\s])(?:max-)?(?:width|height)\s*:\s*(\d{1,5})(?:\.\d*)?\s*(?:px|;|$)", re.IGNORECASE
)
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)", re.IGNORECASE
)
#: Whole parts of a path that pictures without content go by; "open-day.jpg" and "beacon-school.jpg" are none.
_SPY = re.compile(
    r"(?:^|/)(?:pixel|beacon|track(?:ing|er)?|spacer|blank|1x1|count(?:er)?|open|b|utm|__utm)"
    r"(?:\.(?:gif|png|php|aspx?))?(?:[/?]|$)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"[^\s/\\]{1,120}\.(?:jpe?g|png|gif|svg|webp|avif|bmp|tiff?)", re.IGNORECASE)


def read_picture(
    markup: str, href: Callable[[str], str | None], normalise: Callable[[str], str]
) -> Block | None:
    """Return an <img> as a block whose text is its alt, or None for one that is not kept.

    markup: its attributes as nh3 wrote them. href: makes an address absolute, or None of it.
    """
    said = {name: unescape(value) for name, value in _ATTRIBUTE.findall(markup)}
    if _is_unseen(said):
        return None
    return make_picture(href(said.get("src", "")), normalise(said.get("alt", "")), _px(said.get("width")))


def make_picture(url: str | None, alt: str, width: int | None = None) -> Block | None:
    """Return a picture as a block, or None where its address is not https, or its words say nothing."""
    alt = re.sub(r"\s+", " ", alt).strip()[:_MAX_ALT_CHARS].strip()
    if not url or not url.startswith("https://") or not alt or _FILE_NAME.fullmatch(alt):
        return None
    if "@" in url.split("/", 3)[2] or _SPY.search(url.split("/", 3)[-1]):
        return None
    size = f' width="{width}"' if width and _LEAST_PX <= width <= _MOST_PX else ""
    return Block("img", f'<img src="{escape(url)}" alt="{escape(alt)}"{size}>', alt)


def _is_unseen(said: Mapping[str, str]) -> bool:
    style = said.get("style", "")
    sizes = [_px(said.get(name)) for name in ("width", "height")]
    sizes += [int(size) for size in _STYLED_SIZE.findall(style)]
    return bool(_UNSEEN.search(style)) or any(size is not None and size < _LEAST_PX for size in sizes)


def _px(text: str | None) -> int | None:
    found = _SIZE.fullmatch(text or "")
    return int(found[1]) if found else None
