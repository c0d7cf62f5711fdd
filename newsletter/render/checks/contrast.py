"""Whether text can be read on its ground: in light colours, in dark ones, and in Outlook.com's.

What is inline counts for light. The dark blocks are put over it as a mail program would: they are important,
the more specific rule wins, and the later one of two alike. Text takes colour and size from around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lxml.html import HtmlElement

from newsletter.render.checks.css import Rule, read_sheet, read_style
from newsletter.render.checks.page import Page, own_text, place, snippet, some
from newsletter.render.checks.selectors import Elements, specificity
from newsletter.render.colours import LEAST_CONTRAST, contrast, read_colour
from newsletter.render.types import Finding

LEAST_PX = 14
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark")
_OUTLOOK = re.compile(r"\[data-ogs[cb]\]\s*")
#: Spaces of all kinds, and what only fills the preview line.
_BLANK = re.compile("[\\s\u034f\u200b\u200c\ufeff\u00ad]*")
_PX = re.compile(r"(\d+(?:\.\d+)?)px")
_COLOUR_NAMES = ("color", "background-color")

#: Colours that rules give to elements, by the name of the property.
_Painted = Mapping[HtmlElement, Mapping[str, str]]


class _Look(NamedTuple):
    """How the text in an element looks. size_px: None where nothing says so."""

    colour: str
    ground: str
    size_px: float | None = None


class _Box(NamedTuple):
    """An element with what its own style says. around: its parent's place; text: "" for none of its own."""

    element: HtmlElement
    around: int
    colour: str | None
    ground: str | None
    size_px: float | None
    text: str


class _Mode(NamedTuple):
    """Colours that a mail program shows. bare: where nothing is said; file: in which they stand."""

    name: str
    bare: _Look
    file: str


_MODES = (
    _Mode("light colours", _Look("#000000", "#ffffff"), "inline.css"),
    _Mode("dark colours", _Look("#ffffff", "#000000"), "dark.css"),
    _Mode("the dark colours of Outlook.com", _Look("#ffffff", "#000000"), "dark-outlook.css"),
)


def check_contrast(page: Page) -> Iterator[Finding]:
    """Yield text that is too faint, and text that is too small."""
    rules = [rule for css in page.kept for rule in read_sheet(css).rules]
    dark = [rule for rule in rules if _DARK.search(rule.at)]
    outlook = [_without_outlook(rule) for rule in rules if any(map(_OUTLOOK.match, rule.selectors))]
    boxes, elements = list(_boxes(page.body)), Elements(page.body)
    light, *darker = _MODES
    yield from _faint(boxes, light, {})
    yield from _small(boxes, light)
    for mode, found in zip(darker, (dark, outlook), strict=True):
        if found:
            yield from _faint(boxes, mode, _painted(elements, found))


def _faint(boxes: Sequence[_Box], mode: _Mode, painted: _Painted) -> Iterator[Finding]:
    faint: dict[tuple[str, str], list[_Box]] = {}
    for box, look in _texts(boxes, mode.bare, painted):
        if contrast(look.colour, look.ground) < LEAST_CONTRAST:
            faint.setdefault((look.colour, look.ground), []).append(box)
    for (colour, ground), found in faint.items():
        where = some(map(_where, found))
        yield Finding(
            "contrast",
            "error",
            f"in {mode.name}, {where} is {colour} on {ground}: a contrast of "
            f"{contrast(colour, ground):.1f}, and below {LEAST_CONTRAST} many cannot read it",
            f"a colour that stands out more, in {mode.file}",
        )


def _where(box: _Box) -> str:
    """Return how to find a text: by the class of its element, the same in all variants, or by its words."""
    told = place(box.element)
    return f"the text of {told}" if box.element.get("class") else f"{snippet(box.text)} in {told}"


def _small(boxes: Sequence[_Box], mode: _Mode) -> Iterator[Finding]:
    small = {
        place(box.element): f"{snippet(box.text)} on {place(box.element)} ({look.size_px:g} px)"
        for box, look in _texts(boxes, mode.bare, {})
        if look.size_px is not None and look.size_px < LEAST_PX
    }
    if small:
        yield Finding(
            "small-text",
            "error",
            f"{some(small.values())} is too small for many readers",
            f"font-size of at least {LEAST_PX}px, in {mode.file}",
        )


def _boxes(body: HtmlElement) -> Iterator[_Box]:
    """Yield all elements that are shown, each after the one around it."""
    todo, count = [(body, -1)], 0
    while todo:
        element, around = todo.pop()
        given = element.get("style")
        styles = read_style(given) if given else {}
        if "display" in styles and styles["display"].value == "none":
            continue
        ground = styles["background-color"].value if "background-color" in styles else element.get("bgcolor")
        colour = styles["color"].value if "color" in styles else None
        size = _PX.fullmatch(styles["font-size"].value) if "font-size" in styles else None
        text = own_text(element)
        yield _Box(
            element,
            around,
            read_colour(colour) if colour else None,
            read_colour(ground) if ground else None,
            float(size[1]) if size else None,
            "" if _BLANK.fullmatch(text) else text,
        )
        todo.extend((child, count) for child in reversed(element))
        count += 1


def _texts(boxes: Sequence[_Box], bare: _Look, painted: _Painted) -> Iterator[tuple[_Box, _Look]]:
    """Yield what is to be read and how it looks."""
    looks: list[_Look] = []
    nothing: Mapping[str, str] = {}
    for box in boxes:
        around = looks[box.around] if looks else bare
        over = painted.get(box.element, nothing)
        look = _Look(
            over.get("color") or box.colour or around.colour,
            over.get("background-color") or box.ground or around.ground,
            box.size_px or around.size_px,
        )
        looks.append(look)
        if box.text:
            yield box, look


def _without_outlook(rule: Rule) -> Rule:
    return replace(rule, selectors=tuple(_OUTLOOK.sub("", it) for it in rule.selectors))


def _painted(elements: Elements, rules: Iterable[Rule]) -> _Painted:
    """Return what important rules give to each element they fit."""
    found: dict[HtmlElement, dict[str, str]] = {}
    weights: dict[tuple[HtmlElement, str], tuple[int, ...]] = {}
    for rule in rules:
        colours = {it.name: it.value for it in rule.styles if it.name in _COLOUR_NAMES and it.important}
        for selector in rule.selectors if colours else ():
            weight = specificity(selector)
            for element in elements.select(selector):
                for name, value in colours.items():
                    if weight >= weights.get((element, name), weight):
                        weights[element, name] = weight
                        found.setdefault(element, {})[name] = read_colour(value) or ""
    return found
