"""Markdown, as editors write introductions: read into blocks, so that only our own tags reach a mail.

markdown-it-py reads it (CommonMark), with HTML switched off: tags in the text are shown as they are written.
"""

from __future__ import annotations

from newsletter.render.story import Block, read_story


def read_markdown(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text; none where it says nothing. Pictures are left out."""
    if not text.strip():
        return ()
    from markdown_it import MarkdownIt  # noqa: PLC0415 - most editions have no such text

    return read_story(MarkdownIt("commonmark", {"html": False}).render(text))
