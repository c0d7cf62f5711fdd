"""The shell of all pages: frame, style in the organisation's colours, and the policy that goes with them."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from newsletter.config import Config
from newsletter.web.words import LANGUAGES, PageWords


class Shell:
    """Writes pages as the mails look. policy: what browsers may do with them (Content-Security-Policy)."""

    def __init__(self, config: Config) -> None:
        design = config.design
        self._environment = Environment(
            loader=PackageLoader("newsletter.web", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Colours are checked to be colours and fonts to be names; quotes of neither need escaping.
        style = self._environment.get_template("page.css").render(design=design).strip()
        self._environment.globals.update(
            organisation=config.organisation,
            logo=design.logo,
            languages=tuple(LANGUAGES.values()),
            style=Markup(style),  # noqa: S704 - our own
        )
        digest = b64encode(sha256(style.encode()).digest()).decode()
        self.policy = _policy(digest, design.logo.url if design.logo else "")

    def page(self, template: str, words: PageWords, title: str, **values: object) -> str:
        """Return a page. above: a line over its title."""
        found = self._environment.get_template(template)
        return found.render({"above": "", **values, "words": words, "title": title}) + "\n"


def _policy(style_digest: str, logo: str) -> str:
    parts = urlsplit(logo)
    pictures = f"{parts.scheme}://{parts.netloc}" if logo else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{style_digest}'; img-src {pictures}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
