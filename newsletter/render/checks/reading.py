"""Whether a page can be read by everybody: headings, pictures in words, links that say where they go."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, zip_longest

from lxml.html import HtmlElement

from newsletter.render.checks.css import read_style
from newsletter.render.checks.page import Page, one_spaced, place, snippet, some, words_of
from newsletter.render.story import BARE_URL, VAGUE
from newsletter.render.types import Finding

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def check_reading(page: Page) -> Iterator[Finding]:
    """Yield what some readers could not follow."""
    yield from _headings(page)
    yield from _sections(page)
    yield from _pictures(page)
    yield from _links(page)


def _headings(page: Page) -> Iterator[Finding]:
    headings = list(page.body.iter(*_HEADINGS))
    if sum(it.tag == "h1" for it in headings) != 1 or headings[0].tag != "h1":
        yield Finding(
            "heading-first",
            "error",
            f"the page has {sum(it.tag == 'h1' for it in headings)} headings h1; screen readers list a mail "
            "by its headings, and the h1 is its name",
            "one h1, before all other headings: <h1>{{ title }}</h1>",
        )
    for before, after in pairwise(headings):
        if int(after.tag[1]) > int(before.tag[1]) + 1:
            yield Finding(
                "heading-skipped",
                "error",
                f"{after.tag} {snippet(words_of(after))} comes right after {before.tag} "
                f"{snippet(words_of(before))}: a level is skipped",
                f"make it an h{int(before.tag[1]) + 1}: h1 names the edition, h2 a section, h3 an item",
                item=page.item_of(after),
            )
            return


def _sections(page: Page) -> Iterator[Finding]:
    headings = list(page.body.iter("h2", "h3"))
    for heading, following in zip_longest(headings, headings[1:]):
        if heading.tag == "h2" and (following is None or following.tag == "h2"):
            yield Finding(
                "empty-section",
                "warning",
                f"nothing stands under the heading {snippet(words_of(heading))}",
                "let the template write a section only where it has items",
            )


def _pictures(page: Page) -> Iterator[Finding]:
    for image in page.body.iter("img"):
        if image.get("alt") is None:
            yield Finding(
                "alt-missing",
                "error",
                f"the picture {image.get('src') or 'without address'} says nothing to those who do not "
                "see it",
                'alt="what it shows", or alt="" where it adds nothing',
                item=page.item_of(image),
            )


def _links(page: Page) -> Iterator[Finding]:
    plain = []
    for link in page.body.iter("a"):
        fault = _vague(link)
        if fault:
            theirs = bool(words_of(link)) and words_of(link) in page.from_outside
            yield Finding(
                "link-words",
                "warning" if theirs else "error",
                f"{fault}; screen readers list links without what is around them",
                "let its words say what is there: “Statutory guidance (PDF, 46 pages)”",
                item=page.item_of(link),
            )
        if not _underlined(link):
            plain.append(f"{place(link)} {snippet(words_of(link))}")
    if plain:
        yield Finding(
            "link-underline",
            "warning",
            f"{some(plain)} is not underlined, and not everybody tells a link by its colour",
            "text-decoration:underline for a",
        )


def _vague(link: HtmlElement) -> str:
    """Return what is wrong with the words of a link."""
    words = words_of(link) or one_spaced(" ".join(image.get("alt") or "" for image in link.iter("img")))
    if not words:
        return f"the link to {link.get('href') or 'nowhere'} has no words"
    of_headline = any(it.tag == "h3" for it in link.iterancestors())
    if not of_headline and (VAGUE.fullmatch(words) or BARE_URL.fullmatch(words)):
        return f"the link {snippet(words)} does not say where it goes"
    return ""


def _underlined(link: HtmlElement) -> bool:
    decoration = read_style(link.get("style") or "").get("text-decoration")
    return decoration is None or "none" not in decoration.value or _is_button(link)


def _is_button(link: HtmlElement) -> bool:
    return any("mso-padding-alt" in (it.get("style") or "") for it in link.iterancestors("td"))
