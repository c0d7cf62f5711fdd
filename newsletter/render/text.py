"""What the text part needs: lines of 72 columns, rules, points, and stories in plain words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from newsletter.render.story import Block, Paragraph, Points, Quote, Run, plain

COLUMNS = 72
_INDENT = "    "


def wrap(text: str, first: str = "") -> str:
    """Return text in lines of 72 columns; words longer than that are never broken.

    first: what the first line begins with; the others are indented by as much.
    """
    return textwrap.fill(
        " ".join(text.split()),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def bullet(text: str) -> str:
    """Return a point with a hanging indent."""
    return wrap(text, "* ")


def heading(text: str) -> str:
    """Return the name of a section in capitals over a row of `=`."""
    return f"{wrap(text.upper())}\n{'=' * COLUMNS}"


def rule(mark: str) -> str:
    """Return a row of one mark."""
    return mark * COLUMNS


def quoted(text: str) -> str:
    """Return a quotation, indented."""
    return wrap(text, _INDENT)


def link(address: str, words: str) -> str:
    """Return `words: address`; the address ends a line and is never broken."""
    line = f"{words.strip()}: {address}"
    return line if len(line) <= COLUMNS else f"{wrap(words.strip() + ':')}\n{address}"


def story(blocks: Iterable[Block]) -> str:
    """Return a story as text, its blocks parted by empty lines."""
    return "\n\n".join(_block(block, "") for block in blocks)


def tidy(text: str) -> str:
    """Return a rendered text part without spaces at line ends and with at most one empty line at a time."""
    lines = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _block(block: Block, indent: str) -> str:
    if isinstance(block, Quote):
        return "\n\n".join(_block(part, indent + _INDENT) for part in block.blocks)
    if isinstance(block, Points):
        return "\n".join(_points(block, indent))
    if isinstance(block, Paragraph) and block.heading:
        return wrap(plain(block.runs).upper(), indent)
    return "\n".join([wrap(plain(block.runs), indent), *_links(block.runs, indent)])


def _points(block: Points, indent: str) -> Iterator[str]:
    for number, point in enumerate(block.points, 1):
        mark = f"{indent}{number}. " if block.ordered else f"{indent}* "
        yield wrap(plain(point.runs), mark)
        yield from _links(point.runs, " " * len(mark))
        for inner in point.lists:
            yield from _points(inner, " " * len(mark))


def _links(runs: Iterable[Run], indent: str) -> Iterator[str]:
    """Yield the addresses behind the words of a paragraph, a line each below it."""
    for run in runs:
        if run.link:
            yield textwrap.indent(link(run.link, run.text), indent)
