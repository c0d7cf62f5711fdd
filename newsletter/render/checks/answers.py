"""What links and pictures answered when they were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from newsletter.feeds.types import LinkAnswer
from newsletter.render.checks.page import Page
from newsletter.render.types import Finding

#: RFC 9110 §15.5.5, §15.5.11. Any other trouble may pass.
GONE = (404, 410)
_PICTURE_BYTES = 150_000


def check_answers(
    page: Page, addresses: Mapping[str, int | None], answers: Mapping[str, LinkAnswer]
) -> Iterator[Finding]:
    """Yield what does not answer, and what is too large. addresses: of the page, each with its item."""
    pictures = {image.get("src") for image in page.body.iter("img")}
    for url, item in addresses.items():
        answer = answers.get(url)
        if answer is None:
            continue
        hide = f"newsletter item hide {item}" if item else "mend it in the template, or the settings"
        if answer.status in GONE:
            text = f"nothing is there any more at {url} (HTTP status {answer.status})"
            yield Finding("link-dead", "error", text, hide, item=item)
        elif answer.trouble:
            text = f"{url} did not answer: {answer.trouble}"
            yield Finding("link-silent", "warning", text, "look at it in a browser", item=item)
        elif url in pictures and (answer.size_bytes or 0) > _PICTURE_BYTES:
            text = f"the picture {url} has {answer.size_bytes:,} bytes, which is much on a phone"
            cure = f"under {_PICTURE_BYTES:,}: twice as wide as it is shown is enough"
            yield Finding("picture-size", "warning", text, cure, item=item)
