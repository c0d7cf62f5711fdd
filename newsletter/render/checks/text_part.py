"""The text part: whether it says the same as the HTML, and says it in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.render.checks.page import Page, one_spaced, snippet, some, words_of
from newsletter.render.types import Finding

_WIDEST = 78
_SHARE = (0.85, 1.30)
#: Fewer words than these say little by their number.
_ENOUGH_WORDS = 60
_ADDRESS = re.compile(r"\b(?:https?://|mailto:|tel:)\S+")
_WORD = re.compile(r"\w+")
#: What a line of a list begins with.
_POINT = re.compile(r"^\s*(?:\*|\d+\.) ")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>\n]*>|&(?:[a-zA-Z]{2,8}|#\d{2,5}|#x[0-9a-fA-F]{2,5});")


def check_text(page: Page) -> Iterator[Finding]:
    """Yield what readers of the text part would miss, or stumble over."""
    yield from _missing(page)
    markup = next((it[0] for it in _MARKUP.finditer(page.text) if it[0] not in page.words), None)
    if markup:
        yield Finding(
            "text-markup",
            "error",
            f"the text part holds {markup!r}, which readers see as it stands",
            "write plain words in the .txt template; a story is printed with {{ item.story | story }}",
        )
    wide = [line for line in page.text.splitlines() if _too_wide(line)]
    if wide:
        yield Finding(
            "text-width",
            "error",
            f"a line of the text part has {max(map(len, wide))} characters: {snippet(wide[0])}; "
            "many mail programs do not fold it",
            f"at most {_WIDEST}: {{{{ … | wrap }}}} in the .txt template",
        )
    yield from _length(page)


def _missing(page: Page) -> Iterator[Finding]:
    flat = one_spaced(page.text).casefold()
    for headline in page.headlines:
        words = words_of(headline)
        if words.casefold() not in flat:
            yield Finding(
                "text-headline",
                "error",
                f"the text part lacks the headline {snippet(words)}",
                "print {{ item.headline | wrap }} for each item of the .txt template",
                item=page.item_of(headline),
            )
    lost = [link.get("href") for link in page.body.iter("a") if (link.get("href") or "") not in page.text]
    if lost:
        yield Finding(
            "text-link",
            "error",
            f"the text part lacks the link to {some(filter(None, lost))}",
            "print {{ item.link | link(words.full_story) }} in the .txt template, and its footer's links",
        )


def _too_wide(line: str) -> bool:
    """Whether a line could have been broken; an address or a word alone, in a list or not, cannot."""
    return len(line) > _WIDEST and not _ADDRESS.search(line) and " " in _POINT.sub("", line).strip()


def _length(page: Page) -> Iterator[Finding]:
    html, text = _count(page.words), _count(page.text)
    least, most = _SHARE
    if html >= _ENOUGH_WORDS and not least <= text / html <= most:
        yield Finding(
            "text-length",
            "warning",
            f"the text part has {text} words and the HTML part {html}: they do not say the same",
            f"it should have {least:.0%} to {most:.0%} of them; look at both: newsletter edition preview",
        )


def _count(words: str) -> int:
    return len(_WORD.findall(_ADDRESS.sub("", words)))
