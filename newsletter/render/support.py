"""What mail programs make of a template's HTML and CSS, by what caniemail.com measured.

The facts stand in caniemail.json: features that Gmail, Outlook, Apple Mail, Yahoo or Samsung Email do not
know, in the newest version that was tested. They are those of https://github.com/hteumeuleu/caniemail (MIT
licence), shortened; the file says of which day. A template is read as it stands, so that findings have lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from newsletter.render.checks.css import Rule, Style, read_sheet, read_style

#: Those that read what stays in <style> blocks; for the others everything is in style attributes.
_READ_BLOCKS = ("Apple Mail", "Samsung Email", "Outlook (Mac)", "Outlook (iOS)", "Outlook (Android)")
#: Without these nothing is lost: each has its stand-in, or only makes things nicer.
_HARMLESS = frozenset({
    "html-body", "html-aria-hidden", "html-aria-label", "html-role", "html-style", "html-meta-color-scheme",
    "css-height", "css-max-height", "css-overflow", "css-border-radius", "css-word-break", "css-color-scheme",
    "css-at-media", "css-at-media-prefers-color-scheme", "css-important",
})  # fmt: skip
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->", re.DOTALL)
_BLOCK = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_TAG = re.compile(r"""<([a-z][a-z0-9]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_KEPT = re.compile(r"[:\[]")
_UNIT = re.compile(r"[\d.](rem|em|ex|ch|vw|vh|vmin|vmax|cm|mm|in|pc)\b")
_CALL = re.compile(r"([a-z-]+)\(")
_COMBINATORS = {"+": "adjacent-sibling", "~": "general-sibling", ">": "child", "*": "universal"}
_OFFSETS = {"left", "right", "top", "bottom"}
_SEMANTIC = {"article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav"}
_SEMANTIC |= {"section", "summary", "time"}


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something in a template that mail programs do not know. line: from 1."""

    line: int
    feature: str
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fact:
    """A feature that some mail programs do not know."""

    title: str
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Use:
    """A feature that may be used on a line, by its name in the facts. kept: only in a <style> block."""

    slug: str
    line: int
    kept: bool = False


def facts_date() -> str:
    """Return the day of the facts."""
    return str(_file()["date"])


def unsupported(name: str, source: str) -> Iterator[Unsupported]:
    """Yield what some mail programs do not know in a template file, each feature where it first stands."""
    text = _JINJA.sub(_blank, source)
    uses = _css(text, 1) if name.endswith(".css") else _html(text)
    seen: set[str] = set()
    for use in sorted(uses, key=lambda it: it.line):
        fact = _facts().get(use.slug)
        if fact is None or use.slug in _HARMLESS or use.slug in seen:
            continue
        programs = tuple(it for it in fact.programs if not use.kept or it.startswith(_READ_BLOCKS))
        if programs:
            seen.add(use.slug)
            yield Unsupported(use.line, fact.title, programs)


@cache
def _file() -> dict[str, Any]:
    return dict(json.loads(files("newsletter.render").joinpath("caniemail.json").read_text("utf-8")))


@cache
def _facts() -> Mapping[str, _Fact]:
    return {slug: _Fact(it["title"], tuple(it["no"])) for slug, it in _file()["features"].items()}


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _html(text: str) -> Iterator[_Use]:
    for block in _BLOCK.finditer(text):
        yield from _css(block[1], _line(text, block.start(1)))
    for tag in _TAG.finditer(_BLOCK.sub(_blank, text)):
        line = _line(text, tag.start())
        yield _Use("html-semantics" if tag[1] in _SEMANTIC else f"html-{tag[1]}", line)
        for attribute, *values in _ATTRIBUTE.findall(tag[2]):
            yield _Use(f"html-{attribute}", line)
            if attribute == "type":
                yield _Use(f"html-{tag[1]}-{''.join(values)}", line)
            if attribute == "style":
                for style in read_style("".join(values)).values():
                    yield from _style(style, line, kept=False)


def _css(text: str, first: int) -> Iterator[_Use]:
    sheet = read_sheet(text)
    for head, line in (*sheet.at_rules, *sheet.nested):
        yield _Use(f"css-at-{head.split()[0].removeprefix('@')}", first + line - 1, kept=True)
        for feature in re.findall(r"\(([a-z-]+)", head):
            yield _Use(f"css-at-media-{feature}", first + line - 1, kept=True)
    for rule in sheet.rules:
        kept = bool(rule.at) or any(map(_KEPT.search, rule.selectors))
        yield from (_Use(slug, first + rule.line - 1, kept) for slug in _selectors(rule))
        for style in rule.styles:
            yield from _style(style, first + style.line - 1, kept=kept)


def _selectors(rule: Rule) -> Iterator[str]:
    for selector in rule.selectors:
        bare = re.sub(r"\[[^]]*\]", "", selector)
        yield from (f"css-selector-{name}" for mark, name in _COMBINATORS.items() if mark in bare)
        for colons, name in re.findall(r"(::?)([a-z-]+)", bare):
            kind = "element" if colons == "::" or name in ("before", "after") else "class"
            yield f"css-pseudo-{kind}-{name}"


def _style(style: Style, line: int, *, kept: bool) -> Iterator[_Use]:
    name = "left-right-top-bottom" if style.name in _OFFSETS else style.name
    slugs = [f"css-{name}", f"css-{name}-{style.value}"]
    slugs += [f"css-unit-{unit}" for unit in _UNIT.findall(style.value)]
    for call in _CALL.findall(style.value):
        slugs += [f"css-function-{call}", f"css-unit-{call}", f"css-{call}"]
        slugs += ["css-variables"] if call == "var" else []
    yield from (_Use(slug, line, kept) for slug in slugs)
