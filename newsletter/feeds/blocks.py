"""Blocks, of which cleaned texts consist, written as HTML and as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LISTS = ("ul", "ol")


@dataclass(slots=True)
class Block:
    """One block. tag: p, h2, h3 or h4 with html and text; or ul, ol, li, blockquote with children.

    html: its inline markup, escaped. text: the same, plain, with LF for a line break. A picture, whose tag is
    img, has all of its markup in html and its alt in text; it is no part of a plain text.
    """

    tag: str
    html: str = ""
    text: str = ""
    children: list[Block] = field(default_factory=list)


def write_html(blocks: Sequence[Block]) -> str:
    """Return blocks as HTML, one to a line."""
    return "\n".join(_html(block) for block in blocks)


def _html(block: Block) -> str:
    if block.tag == "img":
        return block.html
    if not block.children:
        inner = block.html
    elif block.tag == "li":
        inner = item_html(block)
    else:
        inner = "".join(_html(child) for child in block.children)
    return f"<{block.tag}>{inner}</{block.tag}>"


def item_html(item: Block) -> str:
    """Return what stands between <li> and </li>: a single paragraph needs no <p>."""
    first, *rest = item.children
    if first.tag == "p" and not any(child.tag == "p" for child in rest):
        return first.html + "".join(_html(child) for child in rest)
    return "".join(_html(child) for child in item.children)


def write_text(blocks: Sequence[Block], indent: str = "") -> str:
    """Return blocks as plain text, parted by empty lines; list items are lines that begin with a mark."""
    return "\n\n".join(_text(block, indent) for block in blocks if block.tag != "img")


def _text(block: Block, indent: str) -> str:
    if block.tag == "blockquote":
        return write_text(block.children, indent)
    if block.tag in LISTS:
        marks = ("•" if block.tag == "ul" else f"{number}." for number in range(1, len(block.children) + 1))
        return "\n".join(
            f"{indent}{mark} {item_text(item, indent + '  ').lstrip()}"
            for mark, item in zip(marks, block.children, strict=False)
        )
    return "\n".join(indent + line for line in block.text.split("\n"))


def item_text(item: Block, indent: str = "") -> str:
    """Return a list item as plain text, its own lists on further lines."""
    return "\n".join(_text(child, indent) for child in item.children)


def running_text(blocks: Sequence[Block]) -> Iterator[str]:
    """Yield paragraphs that stand by themselves: none of a list or quotation, none that leads into one."""
    return (block.text for block in blocks if block.tag == "p" and not block.text.endswith(":"))
