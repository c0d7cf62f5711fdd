"""Markdown, as editors write introductions: read into blocks, so that only our own tags reach a mail.

markdown-it-py reads it (CommonMark), with HTML switched off: tags in the text are shown as they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.render.story import Block, read_story, web_link

if TYPE_CHECKING:
    from markdown_it.token import Token

_HTML = "HTML is shown as it is written; **bold**, *italics* and lists need none"
#: Parts of a text, by the name of their token, that a mail does not have.
_PLAIN = {
    "table_open": "a table is shown as it is written, with its strokes; a list can be read on a phone",
    "html_block": _HTML,
    "html_inline": _HTML,
    "image": "a picture is left out; pictures come with stories",
}


def read_markdown(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text; none where it says nothing. Pictures are left out."""
    if not text.strip():
        return ()
    from markdown_it import MarkdownIt  # noqa: PLC0415 - most editions have no such text

    return read_story(MarkdownIt("commonmark", {"html": False}).render(text))


def not_in_mail(text: str) -> list[str]:
    """Return what of a text a mail does not show as it was meant, a sentence each, with its line."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - most editions have no such text

    reader = MarkdownIt("commonmark").enable("table")
    reader.validateLink = lambda _: True  # type: ignore[method-assign, assignment]
    found: list[str] = []
    for token in reader.parse(text):
        line = (token.map or [0])[0] + 1
        found += (f"line {line}: {said}" for it in (token, *(token.children or ())) if (said := _told(it)))
    return list(dict.fromkeys(found))


def _told(token: Token) -> str | None:
    if token.type == "link_open":
        address = str(token.attrGet("href"))
        leads = web_link(address) or address.lower().startswith("mailto:")
        return None if leads else f"the link to {address!r} leads nowhere; write a whole address, https://…"
    if token.type == "text" and ("{{" in token.content or "{%" in token.content):
        return "{{ and {% work in templates only, and keep the edition from being approved; take them out"
    return _PLAIN.get(token.type)
