"""CSS as the checks read it: declarations of a style attribute, rules of a block, and what is no rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import tinycss2
from tinycss2.ast import AtRule, Comment, Declaration, Node, QualifiedRule

#: Styles repeat from item to item and from variant to variant.
_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class Style:
    """A declaration. important: as it is written, " !important" with its space, "!important", or ""."""

    name: str
    value: str
    important: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Selectors and their declarations. at: the at-rule around it, "@media print", or ""."""

    selectors: tuple[str, ...]
    styles: tuple[Style, ...]
    at: str
    line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A block of CSS. at_rules: each with its line; nested: those inside another; comments: their lines."""

    rules: tuple[Rule, ...]
    at_rules: tuple[tuple[str, int], ...]
    nested: tuple[tuple[str, int], ...]
    comments: tuple[int, ...]


@lru_cache(_REMEMBERED)
def read_style(text: str) -> Mapping[str, Style]:
    """Return the declarations of a style attribute by name; the last one of a name counts."""
    return MappingProxyType({style.name: style for style in _styles(text, 1)})


@lru_cache(64)
def read_sheet(css: str) -> Sheet:
    """Return the rules of a block, in order."""
    rules: list[Rule] = []
    at_rules: list[tuple[str, int]] = []
    nested: list[tuple[str, int]] = []
    comments: list[int] = []
    for node, at in _nodes(tinycss2.parse_stylesheet(css), ""):
        if isinstance(node, Comment):
            comments.append(node.source_line)
        elif isinstance(node, AtRule):
            (nested if at else at_rules).append((_head(node), node.source_line))
        elif isinstance(node, QualifiedRule):
            rules.append(_rule(node, at))
    return Sheet(tuple(rules), tuple(at_rules), tuple(nested), tuple(comments))


def _nodes(nodes: Sequence[Node], at: str) -> Iterator[tuple[Node, str]]:
    """Yield each node with the at-rule around it."""
    for node in nodes:
        yield node, at
        if isinstance(node, QualifiedRule):
            yield from ((inner, at) for inner in node.content if isinstance(inner, Comment))
        if isinstance(node, AtRule) and node.content is not None:
            yield from _nodes(tinycss2.parse_rule_list(node.content), _head(node))


def _head(node: AtRule) -> str:
    return f"@{node.at_keyword} {tinycss2.serialize(node.prelude).strip()}".strip()


def _rule(node: QualifiedRule, at: str) -> Rule:
    selectors = " ".join(tinycss2.serialize(node.prelude).split())
    styles = _styles(tinycss2.serialize(node.content), node.source_line)
    return Rule(tuple(map(str.strip, selectors.split(","))), tuple(styles), at, node.source_line)


def _styles(text: str, first_line: int) -> Iterator[Style]:
    for node in tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True):
        if isinstance(node, Declaration):
            raw = tinycss2.serialize(node.value)
            important = "" if not node.important else " !important" if raw.endswith(" ") else "!important"
            yield Style(node.lower_name, raw.strip(), important, first_line + node.source_line - 1)
