"""A mail in the states in which it is read: what a preview shows without any mail program.

Each is the mail itself with as little changed as makes a browser show it so, whatever its reader has set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_STYLE = re.compile(r"<style\b.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
#: Conditions that hold in every window, and in none.
_ALWAYS, _NEVER = "(min-width:0px)", "(max-width:0px)"
#: Links open beside the preview.
_BASE = '<base target="_blank">'
_NO_PICTURES = '<meta http-equiv="Content-Security-Policy" content="img-src \'none\'">'
#: What mail programs do that turn every colour round; pictures they leave.
_INVERT = (
    "html{background:#ffffff;filter:invert(1) hue-rotate(180deg)}img{filter:invert(1) hue-rotate(180deg)}"
)


def light(html: str) -> str:
    """Return a mail in light colours."""
    return _with_head(_in_scheme(html, "light"), _scheme_style("light"))


def dark(html: str) -> str:
    """Return a mail with its dark colours, where it has any."""
    return _with_head(_in_scheme(html, "dark"), _scheme_style("dark"))


def inverted(html: str) -> str:
    """Return a mail whose light colours a mail program turns round, as some do that ignore dark ones."""
    return _with_head(_in_scheme(html, "light"), _scheme_style("light", _INVERT))


def unstyled(html: str) -> str:
    """Return a mail as programs show it that drop every style block."""
    return _with_head(_STYLE.sub("", html), _scheme_style("light"))


def without_pictures(html: str) -> str:
    """Return a mail as programs show it that block pictures."""
    return _with_head(_in_scheme(html, "light"), _scheme_style("light") + _NO_PICTURES)


def framed(html: str) -> str:
    """Return a mail as its reader's device shows it, whose links open beside the frame that it stands in."""
    return _with_head(html, "")


#: By the name of the state, in the order in which they are offered.
STATES: Mapping[str, Callable[[str], str]] = {
    "light": light,
    "dark": dark,
    "inverted": inverted,
    "unstyled": unstyled,
    "without-pictures": without_pictures,
}


def _in_scheme(html: str, scheme: str) -> str:
    """Return a page whose media queries for colours match as if the reader had asked for this scheme."""
    return _SCHEME.sub(lambda found: _ALWAYS if found[1].lower() == scheme else _NEVER, html)


def _scheme_style(scheme: str, more: str = "") -> str:
    return f"<style>:root{{color-scheme:{scheme} !important}}{more}</style>"


def _with_head(html: str, markup: str) -> str:
    """Return a page with markup at the end of its head; a page without one gets it at the front."""
    end = _HEAD_END.search(html)
    place = end.start() if end else 0
    return f"{html[:place]}{_BASE}{markup}{html[place:]}"
