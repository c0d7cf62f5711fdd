"""The judge of an edition's two parts that needs no browser.

    python check_email.py EDITION.html EDITION.txt ITEMS

It knows nothing of the program, so it judges what anybody made by our conventions for mail. A line for each
check; exit 1 when one fails.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from lxml.html import HtmlElement, document_fromstring

#: What may stand in a style attribute.
INLINE = {
    "background-color", "border", "border-bottom", "border-collapse", "border-left", "border-radius",
    "border-right", "border-top", "color", "display", "font-family", "font-size", "font-style",
    "font-weight", "height", "line-height", "list-style-type", "margin", "margin-bottom", "margin-top",
    "max-height", "max-width", "mso-hide", "mso-line-height-rule", "mso-padding-alt", "overflow",
    "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align",
    "text-decoration", "vertical-align", "width", "word-break",
}  # fmt: skip
#: What links of the footer say, in English or Welsh.
LEAVING = {
    "unsubscribe": r"unsubscribe|dad-danysgrifio",
    "topics": r"topics|preferences|pynciau",
    "browser": r"browser|porwr",
}
VAGUE = re.compile(r"(?i)(click )?here|read more|more|link|https?://.*")
POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}")


class Check(NamedTuple):
    """One thing that was looked at; got: what was found."""

    name: str
    passed: bool
    got: object = ""


class Edition:
    """Both parts, and the HTML as a mail program without comments sees it."""

    def __init__(self, html: str, text: str, items: int) -> None:
        self.html, self.text, self.items = html, text, items
        self.bare = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
        self.root = document_fromstring(self.bare)
        self.body = self.root.find("body")
        self.wraps = self.body.xpath("./*[@role='article']")
        self.css = "".join(self.root.xpath("//style/text()"))
        self.styles = self.root.xpath("//@style")
        self.links = self.root.xpath("//a")
        self.link_words = [_words(link) for link in self.links]


def check(html: str, text: str, items: int) -> list[Check]:
    """Return what was looked at, in the order of the conventions."""
    edition = Edition(html, text, items)
    parts = (_size, _skeleton, _structure, _links, _frame, _outlook, _styles, _text)
    return [found for part in parts for found in part(edition)]


def _size(it: Edition) -> Iterator[Check]:
    size = len(it.html.encode())
    yield Check(
        "html of 12 items at most 60,000 bytes, never above 90,000",
        size <= min(90_000, max(60_000, 5_000 * it.items)),
        size,
    )
    yield Check("style blocks at most 8,000 characters", len(it.css) <= 8_000, len(it.css))
    yield Check("charset within 1,024 bytes", b"charset=" in it.html.encode()[:1024].lower())
    odd = re.findall("[\u0000-\u0008\u0080-\u009f\ufffd]", it.html + it.text)
    yield Check("no odd characters", not odd, odd)


def _skeleton(it: Edition) -> Iterator[Check]:
    yield Check("doctype in capitals", it.html.startswith("<!DOCTYPE html>"))
    both = [*it.wraps, it.root]
    yield Check(
        "lang and dir on html and wrapper",
        len(it.wraps) == 1 and all(e.get("lang") and e.get("dir") for e in both),
    )
    yield Check("title", len((it.root.findtext(".//title") or "").strip()) > 10)
    yield Check("zoom allowed", not re.search(r"user-scalable=no|maximum-scale", it.html))
    named = {meta.get("name") for meta in it.root.iter("meta")}
    yield Check("colour scheme named", {"color-scheme", "supported-color-schemes"} <= named)


def _structure(it: Edition) -> Iterator[Check]:
    tables = it.root.xpath("//table")
    yield Check(
        "tables are for layout and say so",
        all(t.get("role") in ("presentation", "none") for t in tables),
        len(tables),
    )
    levels = [int(h.tag[1]) for h in it.root.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    steady = levels[:1] == [1] and all(after - before <= 1 for before, after in pairwise(levels))
    yield Check(
        "one h1, no level skipped, an h3 for each item",
        steady and levels.count(1) == 1 and levels.count(3) == it.items,
        levels,
    )
    faulty = [image.get("src") for image in it.root.xpath("//img") if not _good_image(image)]
    yield Check("images with alt, width, https, PNG or JPEG", not faulty, faulty)
    ids = it.root.xpath("//@id")
    yield Check("no id twice", len(ids) == len(set(ids)))
    yield Check(
        "nothing of the template left", not re.search(r"\{\{|\{%|\bNone\b|\bundefined\b|Undefined", it.bare)
    )


def _links(it: Edition) -> Iterator[Check]:
    vague = [words for words in it.link_words if not words or VAGUE.fullmatch(words)]
    yield Check("links say where they go", not vague, vague)
    plain = [_words(a) for a in it.links if "underline" not in (a.get("style") or "") and not _in_button(a)]
    yield Check("links underlined, or a button", not plain, plain)
    odd = [
        a.get("href") for a in it.links if not re.match(r"https?://|mailto:|__\w+__$", a.get("href") or "")
    ]
    yield Check("links lead somewhere", not odd, odd)


def _frame(it: Edition) -> Iterator[Check]:
    first = it.body[0]
    shown = re.sub(r"[\s\u034f\u2007\u200c\u00ad\ufeff]+", " ", first.text_content()).strip()
    hidden = "display:none" in (first.get("style") or "").replace(" ", "")
    yield Check(
        "preheader first, hidden, 40 to 130 characters", hidden and 40 <= len(shown) <= 130, len(shown)
    )
    missing = [
        name
        for name, words in LEAVING.items()
        if not any(re.search(words, it, re.IGNORECASE) for it in it.link_words)
    ]
    yield Check("ways to leave, to change topics, to the browser", not missing, missing)
    yield Check("postal address at the end", bool(POSTCODE.search(it.body.text_content()[-600:])))


def _outlook(it: Edition) -> Iterator[Check]:
    blocks = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", it.html, re.DOTALL)
    inside = "".join(blocks)
    balanced = all(inside.count(f"<{tag}") == inside.count(f"</{tag}>") for tag in ("table", "tr", "td"))
    closed = it.html.count("<!--[if") == it.html.count("<![endif]-->")
    layout = all('role="presentation"' in table for table in re.findall(r"<table[^>]*", inside))
    yield Check(
        "comments for Outlook closed and balanced",
        closed and balanced and layout and len(blocks) >= 3,
        len(blocks),
    )


def _styles(it: Edition) -> Iterator[Check]:
    used = {rule.split(":")[0].strip() for style in it.styles for rule in style.split(";") if rule.strip()}
    yield Check("inline properties that all know", used <= INLINE, sorted(used - INLINE))
    flat = " ".join(it.styles) + re.sub(r"@media[^{]*", "", it.css)
    odd = re.search(r"#[0-9a-f]{3}\b(?![0-9a-f])|(rgb|hsl|var|calc|min|max|clamp)a?\(", flat, re.IGNORECASE)
    yield Check("colours of six digits, no functions", not odd, odd and odd[0])
    nested = r"/\*|@import|@font-face|@media[^{]*\{[^@]*\{[^}]*\}\s*@(?!media)|@media[^{]*\{\s*@"
    yield Check("no comment in CSS, nothing nested or fetched", not re.search(nested, it.css))
    media = "".join(re.findall(r"@media[^{]*\{(.*?\})\s*\}", it.css, re.DOTALL))
    rules = [rule.strip() for block in re.findall(r"\{([^}]*)\}", media) for rule in block.split(";")]
    weak = [rule for rule in rules if rule and not re.search(r" !important$|^page-break", rule)]
    yield Check('every rule that is kept ends " !important"', not weak, weak)
    kept = ("prefers-color-scheme:dark", "[data-ogsc]", "[data-ogsb]")
    yield Check("rules for the dark are kept", all(name in it.css.replace(" ", "") for name in kept))


def _text(it: Edition) -> Iterator[Check]:
    flat = " ".join(it.text.split())
    lost = [words for h in it.root.xpath("//h3") if (words := _words(h)) not in flat]
    lost += [a.get("href") for a in it.links if a.get("href") not in it.text]
    yield Check("text: every headline and every link", not lost, lost)
    markup = re.findall(r"</?(?:p|div|a|td|li|b|strong|br)\b[^>]*>|&(?:amp|nbsp|#\d+|[lr][sd]quo);", it.text)
    yield Check("text: no markup", not markup, markup)
    long = [
        line for line in it.text.splitlines() if len(line) > 78 and not re.search("http|__|mailto:", line)
    ]
    yield Check("text: lines of 78 at most but for addresses", not long, long)
    ratio = round(_count(it.text) / _count(it.body.text_content()), 2)
    yield Check("text: 85 to 130 % of the words", 0.85 <= ratio <= 1.3, ratio)


def _words(element: HtmlElement) -> str:
    return " ".join(element.text_content().split()) or "".join(element.xpath(".//img/@alt"))


def _good_image(image: HtmlElement) -> bool:
    sizes = (image.get("width") or "", image.get("height") or "0")
    raster = re.match(r"https://\S+\.(png|jpe?g|gif)(\?|$)", image.get("src") or "", re.IGNORECASE)
    return (
        bool(raster)
        and image.get("alt") is not None
        and all(it.isdigit() and int(it) <= 1200 for it in sizes)
        and int(sizes[0]) <= 600
    )


def _in_button(link: HtmlElement) -> bool:
    return "mso-padding-alt" in (link.getparent().get("style") or "")


def _count(text: str) -> int:
    return len(re.findall(r"\w+", re.sub(r"\S+://\S+|__\w+__", "", text)))


if __name__ == "__main__":
    page, plain, items = sys.argv[1:]
    found = check(Path(page).read_text("utf-8"), Path(plain).read_text("utf-8"), int(items))
    for one in found:
        print("ok  " if one.passed else "FAIL", one.name, one.got)
    sys.exit(not all(one.passed for one in found))
