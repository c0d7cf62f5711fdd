"""The web version of a variant: what was frozen, as a page for everybody.

Made from the frozen rendering, never rendered anew, so that a reader in a browser sees what members got. What
is a member's goes: a name becomes its fallback, links to leave and to change topics are taken out with the
marks between them, and so is whatever a template gives the class `mail-only`. The link to the web version
leads to the list of all issues instead.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import zip_longest
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from newsletter.errors import RenderError
from newsletter.render.merge import URL_FIELDS
from newsletter.render.types import RenderedVariant, Segments

#: Elements of this class are for members alone.
MAIL_ONLY = "mail-only"
#: What may stand between two links, and is not left at an end.
_BETWEEN = " \t\n\r\xa0·|•–—-,;:/"
_CLOSING = tuple(",.;:!?…")
_MAIL_METAS = ("format-detection", "x-apple-disable-message-reformatting", "supported-color-schemes")
_HIDDEN = re.compile(r"display\s*:\s*none")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a web version stands.

    title: of the page, as a browser's tab shows it. home, home_words: address of the list of all issues and
    the words that lead there; "" where there is none. own_hosts: the organisation's hosts, whose pictures
    may be shown; hosts below them count.
    """

    title: str
    home: str
    home_words: str
    own_hosts: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline of an issue. link: of its story, None where the issue holds it in full; lang: if another."""

    text: str
    link: str | None = None
    lang: str = ""


def web_version(rendered: RenderedVariant, around: Surroundings) -> str:
    """Return a whole page without a member's value, a merge field or a link to leave.

    It asks nobody for anything but the organisation's own hosts for pictures; others become links to them.
    Raises RenderError where a template hides a merge field so well that it cannot be taken out.
    """
    mark = rendered.hash  # no text holds its own hash
    page = document_fromstring(_filled(rendered.html, mark))
    _drop(page.iter(etree.Comment))
    _drop(element for element in page.iter(etree.Element) if _is_for_mail(element))
    _turn_home(page, mark, around)
    _take_out(page, mark)
    _link_pictures(page, around.own_hosts)
    _dress(page, rendered, around)
    written = etree.tostring(page, method="html", encoding="unicode", doctype="<!DOCTYPE html>")
    if mark in written:
        raise RenderError(
            "a merge field stands where no web version can be made without it",
            hint='give the part of the template that holds it class="mail-only"',
        )
    return str(written) + "\n"


def headlines(rendered: RenderedVariant) -> list[Headline]:
    """Return the headlines of a variant, in order: an item is what has an h3."""
    found = []
    for heading in document_fromstring(_filled(rendered.html, rendered.hash)).iter("h3"):
        link = next(heading.iter("a"), None)
        text = " ".join(_text(heading).split())
        address = None if link is None else link.get("href")
        found.append(Headline(text, address, heading.get("lang", "")))
    return found


def _filled(segments: Segments, mark: str) -> str:
    """Return the HTML with fallbacks for names, and with marks where a member's addresses would stand."""
    written = ""
    for part, following in zip_longest(segments, segments[1:]):
        if isinstance(part, str):
            written += part
        elif part.name in URL_FIELDS:
            written += f"{mark}-{part.name}"
        elif part.fallback:
            written += html.escape(part.fallback)
        elif isinstance(following, str) and following.startswith(_CLOSING):
            written = written.rstrip(" ")  # or "Dear ," would be left
    return written


def _is_for_mail(element: HtmlElement) -> bool:
    """Whether an element has nothing to say to a reader in a browser: the preheader is hidden."""
    return MAIL_ONLY in element.get("class", "").split() or bool(_HIDDEN.search(element.get("style", "")))


def _drop(elements: Iterable[HtmlElement]) -> None:
    for element in list(elements):
        element.drop_tree()


def _turn_home(page: HtmlElement, mark: str, around: Surroundings) -> None:
    """Make the first link to the web version lead to all issues, where these can be had."""
    if not around.home:
        return
    for link in page.iter("a"):
        if f"{mark}-web_url" in link.get("href", ""):
            _drop(link)
            link.text = around.home_words
            link.set("href", around.home)
            return


def _take_out(page: HtmlElement, mark: str) -> None:
    """Take out links of which a marked address is part, and the address itself wherever else it stands."""
    for element in list(page.iter(etree.Element)):
        held = [name for name, value in element.attrib.items() if mark in value]
        for name in held:
            del element.attrib[name]
        if held and element.tag == "a":
            _cut_out(element)
    address = re.compile(f"{mark}-[a-z_]+")
    for element in page.iter(etree.Element):
        element.text = address.sub("", element.text or "")
        element.tail = address.sub("", element.tail or "")


def _cut_out(link: HtmlElement) -> None:
    """Remove a link, what parted it from its neighbours, and every box that holds nothing then."""
    box, before = link.getparent(), link.getprevious()
    text = (box.text if before is None else before.tail) or ""
    has_before = before is not None or bool(text.strip(_BETWEEN))
    has_after = link.getnext() is not None or bool((link.tail or "").strip(_BETWEEN))
    if not has_before or text.endswith(tuple(_BETWEEN)):
        link.tail = (link.tail or "").lstrip(_BETWEEN)
    kept = text if has_after else text.rstrip(_BETWEEN)
    if before is None:
        box.text = kept
    else:
        before.tail = kept
    link.drop_tree()
    while box.tag not in ("body", "html") and _is_bare(box):
        bare, box = box, box.getparent()
        bare.drop_tree()


def _is_bare(box: HtmlElement) -> bool:
    return not _text(box).strip(_BETWEEN) and next(box.iter("img", "hr"), None) is None


def _text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _link_pictures(page: HtmlElement, own_hosts: Collection[str]) -> None:
    """Put a link, which asks nobody before it is followed, in the place of each picture of somebody else."""
    for picture in list(page.iter("img")):
        address = urlsplit(picture.get("src", ""))
        if address.scheme == "https" and _is_own(address.hostname or "", own_hosts):
            continue
        words = picture.get("alt", "").strip()
        if words:
            linked = address.scheme in ("http", "https") and next(picture.iterancestors("a"), None) is None
            stand_in = page.makeelement("a" if linked else "span")
            stand_in.text = words
            if linked:
                stand_in.set("href", picture.get("src"))
                stand_in.set("style", "color:inherit; text-decoration:underline")
            picture.addprevious(stand_in)
        picture.drop_tree()


def _is_own(host: str, own_hosts: Collection[str]) -> bool:
    return any(host == own or host.endswith(f".{own}") for own in own_hosts)


def _dress(page: HtmlElement, rendered: RenderedVariant, around: Surroundings) -> None:
    """Make a mail a page: what only mail programs read goes, what browsers read comes."""
    for name in [name for name in page.attrib if name.startswith("xmlns")]:
        del page.attrib[name]
    for wrapper in page.iter("div", "table"):
        if wrapper.attrib.pop("aria-roledescription", None) and wrapper.get("role") == "article":
            wrapper.set("role", "main")
    _drop(page.iter("title"))
    _drop(meta for meta in page.iter("meta") if _is_of_mail(meta))
    if page.find("head") is None:
        page.insert(0, page.makeelement("head"))
    title = page.makeelement("title")
    title.text = around.title
    metas = (
        {"charset": "utf-8"},
        {"http-equiv": "Content-Security-Policy", "content": page_policy(around.own_hosts)},
        {"name": "referrer", "content": "no-referrer"},
        {"name": "description", "content": rendered.preheader},
    )
    page.find("head")[:0] = [*(page.makeelement("meta", meta) for meta in metas), title]


def _is_of_mail(meta: HtmlElement) -> bool:
    """Whether a meta is for mail programs, or is written anew."""
    return meta.get("name") in _MAIL_METAS or "charset" in meta.attrib or "http-equiv" in meta.attrib


def page_policy(own_hosts: Collection[str]) -> str:
    """Return what keeps a page from running anything, and from asking anybody but the organisation."""
    pictures = " ".join(f"https://{host} https://*.{host}" for host in sorted(own_hosts)) or "'none'"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; "
        "base-uri 'none'; form-action 'none'"
    )
