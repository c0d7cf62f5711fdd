"""The frame of a page: what mail programs and screen readers ask for before the first word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.render.checks.page import Page, place, some
from newsletter.render.types import Finding

_METAS = ("color-scheme", "supported-color-schemes")
_LAYOUT = {"cellpadding": "0", "cellspacing": "0", "border": "0"}
_CHARSET_WITHIN = 1024
_OUTLOOK_ONLY = re.compile(r"\[if mso\]>.*<!\[endif\]", re.DOTALL)
#: What wraps content that all but Outlook for Windows show: two comments around it.
_NOT_OUTLOOK = re.compile(r"\[if !mso\]><!|<!\[endif\]")
_TABLE_TAG = re.compile(r"<table\b[^>]*>")


def check_skeleton(page: Page) -> Iterator[Finding]:
    """Yield what is wrong with the frame."""
    yield from _head(page)
    yield from _language(page)
    yield from _tables(page)
    yield from _comments(page)


def _head(page: Page) -> Iterator[Finding]:
    if not page.source.startswith("<!DOCTYPE html>"):
        yield Finding(
            "doctype",
            "error",
            "the page does not begin with <!DOCTYPE html>, so browsers guess how to lay it out",
            "write it as the first line of the template, in capitals",
        )
    if 'charset="utf-8"' not in page.source[:_CHARSET_WITHIN].lower():
        yield Finding(
            "charset",
            "error",
            "the page does not say that it is UTF-8",
            'write <meta charset="utf-8"> first in <head>',
        )
    if not (page.root.findtext(".//title") or "").strip():
        yield Finding(
            "page-title", "error", "the page has no title", "<title>{{ subject }}</title> in <head>"
        )
    missing = [name for name in _METAS if not page.root.xpath(f"//meta[@name='{name}']/@content")]
    if missing:
        tags = " and ".join(f'<meta name="{name}" content="light dark">' for name in missing)
        yield Finding(
            "colour-scheme",
            "error",
            "the page does not say that it knows dark mode, so mail programs change its colours themselves",
            f"write {tags} in <head>",
        )
    if page.root.xpath("//meta[contains(@content,'user-scalable=no') or contains(@content,'maximum-scale')]"):
        yield Finding(
            "zoom",
            "error",
            "readers who need large letters cannot zoom in",
            "take user-scalable and maximum-scale out of the viewport meta",
        )


def _language(page: Page) -> Iterator[Finding]:
    wrappers = [it for it in page.body if it.get("role") == "article"]
    if len(wrappers) != 1:
        yield Finding(
            "wrapper",
            "error",
            'no element directly in <body> with role="article" holds the mail together',
            '<div role="article" aria-roledescription="email" aria-label="{{ subject }}" lang="{{ lang }}" '
            'dir="{{ dir }}"> around all of it',
        )
    silent = [it for it in (page.root, *wrappers) if not (it.get("lang") and it.get("dir"))]
    if silent:
        yield Finding(
            "language",
            "error",
            f"{some(place(it) for it in silent)} does not say its language and direction, so screen "
            "readers guess",
            'lang="{{ lang }}" dir="{{ dir }}" on <html> and, as some programs drop that, on the wrapper',
        )


def _tables(page: Page) -> Iterator[Finding]:
    tables = [place(it) for it in page.body.iter("table") if it.get("role") not in ("presentation", "none")]
    ghosts = [tag for text in page.comments for tag in _TABLE_TAG.findall(text) if "presentation" not in tag]
    if tables or ghosts:
        yield Finding(
            "layout-table",
            "error",
            f"{some([*tables, *ghosts])} is read out as a table of data",
            'role="presentation" on every table that is there for layout',
        )
    ragged = [it for it in page.body.iter("table") if any(it.get(k) != v for k, v in _LAYOUT.items())]
    if ragged:
        yield Finding(
            "table-spacing",
            "error",
            f"{some(map(place, ragged))} leaves its spacing to the mail program",
            'cellpadding="0" cellspacing="0" border="0" on every table',
        )


def _comments(page: Page) -> Iterator[Finding]:
    odd = [it for it in page.comments if not (_OUTLOOK_ONLY.fullmatch(it) or _NOT_OUTLOOK.fullmatch(it))]
    if odd:
        yield Finding(
            "comment",
            "error",
            f"<!--{odd[0][:60].strip()}--> is sent to everybody, and is not for Outlook",
            "explain in {# … #}; <!--[if mso]>…<![endif]--> is the one comment that mail needs",
        )
    inside = "".join(it for it in page.comments if _OUTLOOK_ONLY.fullmatch(it))
    uneven = [tag for tag in ("table", "tr", "td") if _opened(inside, tag) != inside.count(f"</{tag}>")]
    if uneven or "<!--[if" in inside:
        yield Finding(
            "outlook-comments",
            "error",
            f"<{some(uneven) or 'comment'}> is opened more or less often than closed inside <!--[if mso]>, "
            "so Outlook for Windows shows the mail broken",
            "open and close each of table, tr and td equally often there",
        )


def _opened(html: str, tag: str) -> int:
    return len(re.findall(rf"<{tag}[\s>]", html))
