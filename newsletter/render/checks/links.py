"""Addresses: of links, and of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from lxml.html import HtmlElement

from newsletter.render.checks.page import Page, snippet, words_of
from newsletter.render.types import Finding

#: What Outlook for Windows or others do not show.
_UNSHOWN = (".webp", ".svg", ".avif", ".heic", ".tif", ".tiff", ".bmp")
_WIDEST_PX = 600
_MANY_PICTURES = 2
_HOST = re.compile(r"(?!-)[\w%-]+(?:\.[\w%-]+)*\.?|\[?[0-9a-fA-F:.]+\]?")


def check_links(page: Page) -> Iterator[Finding]:
    """Yield links and pictures that lead nowhere."""
    for link in page.body.iter("a"):
        fault = address_fault(link.get("href") or "")
        if fault:
            item = page.item_of(link)
            yield Finding(
                "link-address",
                "error",
                f"the link {snippet(words_of(link))} goes to {link.get('href') or 'no address'!r}: {fault}",
                "mend it in the template"
                if item is None
                else f"newsletter item hide {item}, or ask its feed",
                item=item,
            )
    images = list(page.body.iter("img"))
    for image in images:
        yield from _picture(page, image)
    if len(images) > _MANY_PICTURES:
        yield Finding(
            "many-pictures",
            "warning",
            f"{len(images)} pictures; many readers see none until they ask for them",
            f"{_MANY_PICTURES} are enough",
        )


def address_fault(address: str) -> str:
    """Return what is wrong with the address of a link; "" where it is well-formed."""
    if not address or address.startswith("#"):
        return "links within a mail do not work in most programs on phones"
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - it is read to see whether it can be
    except ValueError:
        return "this is no address"
    if parts.scheme in ("mailto", "tel"):
        return "" if "@" in parts.path or parts.scheme == "tel" else "there is no @ in it"
    if parts.scheme in ("http", "https"):
        return _web_fault(address, parts)
    return f"{parts.scheme}: leads nowhere from a mail" if parts.scheme else "it does not begin with https://"


def _web_fault(address: str, parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.username is not None:
        return "it holds a user name"
    if not _HOST.fullmatch(host) or any(it.isspace() for it in address):
        return "there is no server of that name"
    return "https:// stands there twice" if host in ("http", "https") else ""


def web_addresses(page: Page) -> dict[str, int | None]:
    """Return the addresses a browser would ask for, links first, each with its item."""
    found: dict[str, int | None] = {}
    for name, attribute in (("a", "href"), ("img", "src")):
        for element in page.body.iter(name):
            address = element.get(attribute) or ""
            web = address.startswith(("http://", "https://")) and not address.startswith(
                "https://merge.invalid/"
            )
            if web and not address_fault(address):
                found.setdefault(address, page.item_of(element))
    return found


def _picture(page: Page, image: HtmlElement) -> Iterator[Finding]:
    address, item = image.get("src") or "", page.item_of(image)
    if not address.startswith("https://") or address_fault(address):
        yield Finding(
            "picture-address",
            "error",
            f"the picture {address[:80] or 'without address'!r} has no https address, so it is not shown",
            "put it on a web server, and write its whole address: https://…",
            item=item,
        )
    if re.split("[?#]", address)[0].lower().endswith(_UNSHOWN):
        yield Finding(
            "picture-kind",
            "warning",
            f"the picture {address} is of a kind that Outlook for Windows does not show",
            "a PNG or JPEG",
            item=item,
        )
    width = image.get("width") or ""
    if not (width.isascii() and width.isdecimal() and int(width) <= _WIDEST_PX):
        yield Finding(
            "picture-width",
            "error",
            f"the picture {address} has the width {width!r}, so Outlook for Windows shows it as "
            "large as the file is",
            f'width="N" in whole pixels, at most {_WIDEST_PX}, beside style="width:100%; max-width:Npx"',
            item=item,
        )
