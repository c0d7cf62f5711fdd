"""CSS: what mail programs read inline, and what may stay in blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from newsletter.render.checks.css import Rule, Sheet, Style, read_sheet, read_style
from newsletter.render.checks.page import Page, place, some
from newsletter.render.types import Finding

#: What may stand in a style attribute: each works in all large mail programs, or nothing is lost without it.
INLINE = frozenset({
    "background-color", "border", "border-top", "border-bottom", "border-left", "border-right",
    "border-radius", "border-collapse", "color", "display", "font-family", "font-size", "font-style",
    "font-weight", "height", "line-height", "list-style-type", "margin", "margin-top", "margin-bottom",
    "max-height", "max-width", "mso-hide", "mso-line-height-rule", "mso-padding-alt", "overflow",
    "padding", "padding-left", "padding-right", "padding-top", "padding-bottom", "text-align",
    "text-decoration", "vertical-align", "width", "word-break",
})  # fmt: skip
#: What breaks a mail wherever it stands.
#: Values of display.
_BOXES = frozenset({"flex", "grid", "inline-flex", "inline-grid"})
_NEVER = frozenset({
    "position", "float", "opacity", "transform", "animation", "transition", "background-image", "grid",
    "grid-template", "grid-template-columns", "flex", "flex-direction",
})  # fmt: skip
#: Gmail drops all blocks above 16,384 characters; relays that rewrite add some.
STYLE_LIMIT, STYLE_WARNING = 16_384, 8_000
#: What may stand in a block without !important.
_UNFORCED = frozenset({"color-scheme", "supported-color-schemes", "page-break-after", "page-break-inside"})
_FORBIDDEN_AT = ("@import", "@font-face", "@supports", "@keyframes", "@layer", "@container")
_ATTRIBUTES = re.compile(r"\[(?!data-ogs[cb]\]|x-apple-data-detectors\])[^]]*\]?")
_SELECTORS = re.compile(r"\*|:(?:has|is|not|where)\(|[+~>]")
_COLOUR_FORM = re.compile(r"#(?![0-9a-fA-F]{6}\b)[0-9a-zA-Z]*|\b(?:rgba?|hsla?|hwb|lab|lch|oklch|color)\(")
_NAMED = re.compile(r"(?!transparent|inherit|initial|currentcolor|none|important)[a-z]+", re.IGNORECASE)
_VALUE_FORM = re.compile(
    r"\b(?:var|calc|min|max|clamp|url)\(|[\d.](?:r?em|ex|ch|vw|vh|vmin|vmax|cm|mm|in|pc)\b"
)


def check_styles(page: Page) -> Iterator[Finding]:
    """Yield what mail programs do not understand, or throw away with all that stands beside it."""
    yield from _inline(page)
    size = sum(map(len, page.kept))
    if size > STYLE_WARNING:
        yield Finding(
            "style-size",
            "error" if size > STYLE_LIMIT else "warning",
            f"the <style> blocks have {size:,} characters; Gmail drops all of them above {STYLE_LIMIT:,}",
            f"at most {STYLE_WARNING:,}: take out rules that nothing needs",
        )
    for css in page.kept:
        yield from nested_at_rules(css)
        yield from _block(read_sheet(css))


def _inline(page: Page) -> Iterator[Finding]:
    unknown: dict[str, str] = {}
    forms: dict[str, str] = {}
    for element in page.root.iter():
        text = element.get("style")
        for style in _doubtful(text) if text else ():
            kind = forms if style.name in INLINE and style.value not in _BOXES else unknown
            kind.setdefault(f"{style.name}:{style.value}", place(element))
    if unknown:
        yield Finding(
            "inline-style",
            "error",
            f"{_told(unknown)}: not all mail programs know this, and some drop the whole element",
            "take it out of inline.css, or write it with a property that is safe: "
            "padding on td, text-align, width, border",
        )
    if forms:
        yield Finding(
            "inline-value",
            "error",
            f"{_told(forms)}: not all mail programs read this",
            "colours as #rrggbb, lengths in px, no functions",
        )


@lru_cache(2048)
def _doubtful(text: str) -> tuple[Style, ...]:
    """Return what of a style attribute is not known everywhere, or written in a way that is not."""
    styles = read_style(text).values()
    return tuple(it for it in styles if it.name not in INLINE or it.value in _BOXES or _odd_value(it))


def _odd_value(style: Style) -> bool:
    named = style.name in ("color", "background-color") and _NAMED.fullmatch(style.value)
    return bool(named or _COLOUR_FORM.search(style.value) or _VALUE_FORM.search(style.value))


def _told(styles: Mapping[str, str]) -> str:
    """Return "float:left on <td class="bar">" of the first few."""
    return some(f"{style} on {where}" for style, where in styles.items())


def nested_at_rules(css: str) -> Iterator[Finding]:
    """Yield the first @-rule of a block that stands inside another."""
    for inner, line in read_sheet(css).nested[:1]:
        yield Finding(
            "nested-at-rule",
            "error",
            f"{inner} (line {line} of its <style> block) stands inside another @-rule; Gmail throws "
            "the whole block away",
            "one after the other: @media … { … } @media … { … }",
        )


def _block(sheet: Sheet) -> Iterator[Finding]:
    if sheet.comments:
        yield Finding(
            "style-comment",
            "error",
            f"a comment stands on line {sheet.comments[0]} of a <style> block; some mail programs drop "
            "the rule after it",
            "explain in {# … #}, which is not sent",
        )
    forbidden = [head for head, _ in sheet.at_rules if head.startswith(_FORBIDDEN_AT)]
    forbidden += [it for rule in sheet.rules for it in rule.selectors if _risky(it)]
    never = (f"{it.name}:{it.value}" for rule in sheet.rules for it in rule.styles if _never(it))
    told = some([*forbidden, *never])
    if told:
        yield Finding(
            "style-unsafe",
            "error",
            f"{told} in a <style> block: mail programs differ too much in what they make of it",
            "do without: a rule by class or tag, and plain boxes, are enough",
        )
    yield from _importance(sheet.rules)


def _risky(selector: str) -> bool:
    return bool(_SELECTORS.search(selector) or _ATTRIBUTES.search(selector))


def _never(style: Style) -> bool:
    return style.name in _NEVER or (style.name == "display" and style.value in _BOXES)


def _importance(rules: tuple[Rule, ...]) -> Iterator[Finding]:
    weak = [
        f"{rule.selectors[0]} {{ {style.name}:{style.value}{style.important} }}"
        for rule in rules
        for style in rule.styles
        if style.important != " !important" and style.name not in _UNFORCED
    ]
    if weak:
        yield Finding(
            "style-important",
            "error",
            f"{some(weak)} cannot win over the style attributes",
            "end each declaration of a <style> block with “ !important”, a space before it",
        )
