"""What an inbox shows of an edition before it is opened, and how much there is in it."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.render.checks.page import Page, snippet
from newsletter.render.subject import PREHEADER_LENGTH, SUBJECT_LENGTH
from newsletter.render.types import Finding

_MANY_ITEMS = 12


def check_inbox(page: Page) -> Iterator[Finding]:
    """Yield what is wrong with subject, preview line and number of items."""
    subject, preheader = page.rendered.subject, page.rendered.preheader
    if not subject.strip():
        yield Finding("subject", "error", "there is no subject", "give the newsletter a title")
    elif len(subject) > SUBJECT_LENGTH:
        yield Finding(
            "subject",
            "warning",
            f"the subject {snippet(subject)} has {len(subject)} characters, and phones show fewer",
            f"at most {SUBJECT_LENGTH}",
        )
    if len(preheader) not in PREHEADER_LENGTH:
        least, most = PREHEADER_LENGTH[0], PREHEADER_LENGTH[-1]
        yield Finding(
            "preheader",
            "warning",
            f"the preview line {snippet(preheader)} has {len(preheader)} characters",
            f"{least} to {most} are shown well",
        )
    if len(page.headlines) > _MANY_ITEMS:
        yield Finding(
            "many-items",
            "warning",
            f"{len(page.headlines)} items are more than most people read",
            f"max_items = {_MANY_ITEMS} for this newsletter, or: newsletter item hide ID",
        )
