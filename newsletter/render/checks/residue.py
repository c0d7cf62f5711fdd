"""What is left of templates, and characters that no mail should hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.render.checks.page import Page, one_spaced, snippet
from newsletter.render.types import Finding

_MARKS = ("{{", "{%", "{#", "%}", "}}", "Undefined", "None", "object at 0x", "View(")
_RESIDUE = re.compile(r"\{[{%#]|[%}]\}|\b(?:Undefined\b|None\b(?! [a-z]))|\bobject at 0x|View\(")
#: Controls but for tab and line ends; Gmail cuts mails that hold them, even small ones.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_REPLACEMENT = "\ufffd"
_AROUND = 30


def check_residue(page: Page) -> Iterator[Finding]:
    """Yield what a template did not fill in, and characters that got lost on the way."""
    for name, part in (("HTML", page.source), ("text", page.text)):
        left = _left(part, page)
        if left:
            context = one_spaced(part[max(0, left.start() - _AROUND) : left.end() + _AROUND])
            yield Finding(
                "template-residue",
                "error",
                f"the {name} part holds {left[0]!r}, "
                f"which looks like a rest of a template: {snippet(context)}",
                "mend that place of the template; words that shall stand there go into an item or a setting",
            )
        control = _CONTROL.search(part)
        if control:
            yield Finding(
                "odd-characters",
                "error",
                f"the {name} part holds the control character U+{ord(control[0]):04X}; Gmail cuts such mails",
                "take it out of the template",
            )
    yield from _lost(page)


def _left(part: str, page: Page) -> re.Match[str] | None:
    """Return the first thing that a template left; items may hold the same as their own words."""
    if not any(mark in part for mark in _MARKS):  # searching for all of them costs more than the rest
        return None
    return next((it for it in _RESIDUE.finditer(part) if it[0] not in page.from_outside), None)


def _lost(page: Page) -> Iterator[Finding]:
    if _REPLACEMENT not in page.source + page.text:
        return
    carriers = [item for item in page.items if _REPLACEMENT in item.title + item.summary + item.html]
    for item in carriers:
        yield Finding(
            "lost-characters",
            "warning",
            f"{snippet(item.title)} holds “{_REPLACEMENT}”, in whose place a character was lost",
            f"ask its publisher to mend it, or: newsletter item hide {item.id}",
            item=item.id,
        )
    if not carriers:
        yield Finding(
            "lost-characters",
            "error",
            f"the template or a setting holds “{_REPLACEMENT}”, in whose place a character was lost",
            "write it again, and save the file as UTF-8",
        )
