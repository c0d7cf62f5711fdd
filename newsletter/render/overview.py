"""All variants of an edition on one page: in every state, at two widths, and with what was found.

The page holds everything itself, mails included. Its own script, and nothing else, may run on it; mails stand
in sandboxed frames, where nothing runs.
"""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from newsletter.render.checks.size import LIMIT_BYTES, WARNING_BYTES
from newsletter.render.states import STATES
from newsletter.render.types import Overview

#: What can be looked at, in order: states of the mail, and what is no picture of it.
_VIEWS = {
    "light": ("Light", "As designed."),
    "dark": ("Dark", "Where the reader’s device is dark: Apple Mail, Outlook on phones and Mac, Samsung."),
    "inverted": (
        "Dark, forced",
        "Where a mail program turns colours round by itself, as Gmail and Outlook may.",
    ),
    "unstyled": ("No styles", "Where every style block is dropped, as some webmail does."),
    "without-pictures": ("No pictures", "Where pictures are blocked until the reader asks for them."),
    "text": ("Text", "The text part: for readers who want no HTML, for watches, and for search."),
    "headers": ("Headers", "The header lines of this message, decoded."),
}
#: Widths in CSS pixels: a phone, and a mail program on a desk.
_WIDTHS = (("Phone", 375), ("Desktop", 680))


def render_overview(overview: Overview) -> str:
    """Return the page for `overview/index.html` beside the variants' files, to which it links."""
    environment = Environment(
        loader=PackageLoader("newsletter.render", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _source(environment, "overview.js")
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("overview.html").render(
        overview=overview,
        mails={
            page.name: {state: show(page.html) for state, show in STATES.items()} for page in overview.pages
        },
        views=_VIEWS,
        widths=_WIDTHS,
        script=Markup(script),  # noqa: S704 - our own
        styles=Markup(_source(environment, "overview.css")),  # noqa: S704 - our own
        # Frames inherit it: pictures are the mails', and the page has none.
        policy=f"default-src 'none'; script-src 'sha256-{fingerprint}'; style-src 'unsafe-inline'; "
        "img-src https: http: data:; form-action 'none'",
        limit_bytes=LIMIT_BYTES,
        warning_bytes=WARNING_BYTES,
    )


def _source(environment: Environment, name: str) -> str:
    assert environment.loader  # noqa: S101 - given above
    return environment.loader.get_source(environment, name)[0]
