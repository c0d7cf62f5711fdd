"""What the text part needs: lines of 72 columns, rules, points, and stories in plain words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

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
    return "\n".join(_said(block.runs, indent))


def _points(block: Points, indent: str) -> Iterator[str]:
    for number, point in enumerate(block.points, 1):
        mark = f"{indent}{number}. " if block.ordered else f"{indent}* "
        yield from _said(point.runs, mark)
        for inner in point.lists:
            yield from _points(inner, " " * len(mark))


def _said(runs: Sequence[Run], first: str) -> Iterator[str]:
    """Yield running text, and the addresses behind its words, a line each below it.

    first: what the first line begins with. A paragraph that is nothing but a link is not said twice.
    """
    indent = " " * len(first)
    linked = [run for run in runs if run.link]
    alone = len(runs) == len(linked) == 1
    if not alone:
        yield wrap(plain(runs), first)
    for run in linked:
        line = textwrap.indent(link(run.link or "", run.text), indent)
        yield first + line[len(first) :] if alone else line
