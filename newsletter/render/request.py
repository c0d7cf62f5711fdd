"""The mail that asks editors for their approval: what they should know, and below it the edition itself.

It stands in the frame of the shipped templates, in the organisation's colours, whatever its own templates
are: they shape the edition, which follows as members get it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    select_autoescape,
)

from newsletter.render import text as plain_text
from newsletter.render.design import Design
from newsletter.render.html import FILLER, inline
from newsletter.render.tokens import fallback
from newsletter.render.types import Finding, Organisation

#: Above it Gmail cuts a mail off; the edition is attached then.
_MOST_BYTES = 100_000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>(.*)</body\s*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change as it is read. where: names of the variants it is in; lines: each after "-" or "+"."""

    told: str
    where: str = ""
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownChanges:
    """What has changed. since: "Ben approved it on Thu 26 Nov at 11:02"; left: how many more there are."""

    since: str
    changes: tuple[ShownChange, ...]
    left: int = 0


@dataclass(frozen=True, slots=True)
class ShownVariant:
    """A variant in a line. titles: of its audiences; file: the name of its attachment, "" for none."""

    titles: str
    recipients: str
    items: str
    subject: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A story in two lines. about: where it comes from and whom it is for; mark: "New", "Pinned"."""

    headline: str
    link: str | None
    about: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class RequestMail:
    """What the mail says, each text ready to be read.

    heading, opening: of the mail; dateline: the edition and its numbers. moment: until when, with what stands
    above and below it; None where that is past. button: its words and address, None
    without pages. aside: below the button. command: what approves it on the command line, "" where nobody
    can. findings: of the checks, warnings and errors. news: what is new since the last edition, a sentence
    each. shown: whose edition follows, "" where it is only attached. why: why the reader gets it.
    """

    subject: str
    preheader: str
    heading: str
    dateline: str
    opening: tuple[str, ...]
    command: str
    diff: str
    findings: tuple[Finding, ...]
    news: tuple[str, ...]
    variants: tuple[ShownVariant, ...]
    items: tuple[ShownItem, ...]
    why: str
    moment: tuple[str, str, str] | None = None
    button: tuple[str, str] | None = None
    aside: str = ""
    changes: ShownChanges | None = None
    shown: str = ""


def render_request(
    mail: RequestMail, organisation: Organisation, design: Design, folder: Path
) -> tuple[str, str]:
    """Return the HTML and the text of a mail. folder: of the shipped templates."""
    environment = _environment(folder)
    context = {
        "mail": mail,
        "subject": mail.subject,
        "preheader": mail.preheader,
        "organisation": organisation.name,
        "address": organisation.address,
        "design": design,
        "filler": FILLER,
        "lang": "en",
        "dir": "ltr",
        "start": "left",
        "end": "right",
    }
    page = inline(environment.get_template("request.html").render(context), "request.html")
    return page, plain_text.tidy(environment.get_template("request.txt").render(context))


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("newsletter.render", "."), FileSystemLoader(folder)]),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "fallback": fallback,  # which the frame knows
        "wrap": plain_text.wrap,
        "bullet": plain_text.bullet,
        "heading": plain_text.heading,
        "link": plain_text.link,
    }
    return environment


def with_edition(page: str, edition: str) -> str | None:
    """Return a mail with an edition's page below it, as members see that; None where it grows too long.

    What both have in their <style> blocks stands there once.
    """
    body = _BODY.search(edition)
    if body is None:
        return None
    blocks = _STYLE.findall(_COMMENT.sub("", edition.partition("<body")[0]))
    styles = "".join(f"{block}\n" for block in blocks if block not in page)
    head, close, rest = page.partition("</head>")
    front, end, tail = rest.rpartition("</body>")
    whole = f"{head}{styles}{close}{front}{body[1]}{end}{tail}"
    return whole if len(whole.encode()) <= _MOST_BYTES else None
