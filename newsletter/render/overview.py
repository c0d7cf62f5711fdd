"""All variants of an edition side by side, as a page to open in a browser."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from newsletter.render.types import Finding, OverviewPage

#: Widths at which each variant is shown: a phone, and a mail program on a desk.
_WIDTHS = (("Phone", 320), ("Desktop", 640))


def render_overview(edition: str, pages: Sequence[OverviewPage], findings: Sequence[Finding] = ()) -> str:
    """Return the page of an edition, named "weekly/2026-11-27" say.

    It is meant for `overview/index.html` beside the variants' files, which it shows and links to.
    """
    environment = Environment(
        loader=PackageLoader("newsletter.render", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("overview.html")
    return template.render(edition=edition, pages=pages, findings=findings, widths=_WIDTHS)
