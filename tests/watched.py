# ruff: noqa: E501 - scripts of the browser
"""A page in Chromium under watch: what ran, what left, and what could have."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
#: A transparent pixel: what an allowed picture gets.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6260000000000500"
    "01a5f645400000000049454e44ae426082"
)
_MARK = "XSS-RAN"
#: In every frame before anything else: whatever a vector may call says so.
_SPIES = f"""
for (const name of ['ran', 'alert', 'confirm', 'prompt', 'print'])
  window[name] = what => console.log('{_MARK} ' + name + ' ' + what);
"""
#: Everything that moves: what waits for a reader's hand fires, too.
_TOUCH = """() => {
  document.addEventListener('click', event => event.preventDefault(), true);
  document.addEventListener('submit', event => event.preventDefault(), true);
  const kinds = ['click', 'mouseover', 'mouseenter', 'pointerdown', 'focus', 'blur', 'change', 'input', 'select',
    'load', 'error', 'toggle', 'beforetoggle', 'paste', 'cut', 'wheel', 'scroll', 'resize', 'hashchange', 'pageshow',
    'animationstart', 'dragstart', 'beforeinput', 'touchstart', 'contextmenu', 'close', 'submit', 'reset', 'start',
    'bounce', 'loadstart', 'begin', 'slotchange'];
  for (const element of document.querySelectorAll('*'))
    for (const kind of kinds)
      element.dispatchEvent(new Event(kind, {bubbles: false, cancelable: true}));
}"""
#: What no digest has, whether or not anybody touches it.
_AUDIT = """() => {
  const found = [];
  const bad = 'script, iframe, frame, frameset, object, embed, applet, form, input, button, select, textarea, svg, math, '
    + 'base, link, template, video, audio, source, track, portal, marquee, dialog, meta[http-equiv]';
  for (const element of document.querySelectorAll(bad)) found.push('<' + element.localName + '>');
  for (const element of document.querySelectorAll('*'))
    for (const {name, value} of element.attributes) {
      if (/^on|^srcdoc$|^ping$|^formaction$|^srcset$|^background$/i.test(name)) found.push(name);
      if (name === 'style' && /url\\(|expression|import|behavior|binding/i.test(value)) found.push('style ' + value);
    }
  for (const link of document.querySelectorAll('a[href], area[href]'))
    if (!['http:', 'https:', 'mailto:'].includes(link.protocol)) found.push('href ' + link.href);
  return found;
}"""


@dataclass
class Seen:
    """ran: calls; left: requests to hosts that are not allowed; could: markup that has no place here."""

    ran: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    could: list[str] = field(default_factory=list)
    pictures: int = 0
    text: str = ""

    @property
    def harm(self) -> list[str]:
        return [*self.ran, *self.left, *self.could]


class Watch:
    """One page that is used again for each document. allowed: hosts of pictures."""

    def __init__(self, browser: Browser, allowed: set[str]) -> None:
        self._allowed = allowed
        self._context = browser.new_context(service_workers="block")
        self._context.add_init_script(_SPIES)
        self._context.route("**/*", self._route)
        self._page = self._new_page()
        self._seen = Seen()
        self._own = ""

    def _new_page(self) -> Page:
        page = self._context.new_page()
        page.on("console", lambda line: self._seen.ran.append(line.text) if _MARK in line.text else None)
        page.on("dialog", lambda dialog: (self._seen.ran.append(dialog.message), dialog.dismiss()))
        page.on("popup", lambda popup: (self._seen.left.append(f"popup {popup.url}"), popup.close()))
        return page

    def _route(self, route: Route) -> None:
        url = route.request.url
        parts = urlsplit(url)
        if url == self._own and route.request.is_navigation_request():
            route.continue_()
        elif (
            parts.scheme == "https"
            and parts.hostname in self._allowed
            and route.request.resource_type == "image"
        ):
            self._seen.pictures += 1
            route.fulfill(body=_PIXEL, content_type="image/png")
        else:
            self._seen.left.append(url[:200])
            route.abort()

    def open(self, url: str) -> Seen:
        """Open a document, touch everything in it, and tell what happened."""
        self._seen, self._own = Seen(), url
        self._page.goto(url)
        return self._look()

    def show(self, html: str) -> Seen:
        """The same for markup as it is, on a page of its own: it may leave a page unusable."""
        self._page.close()
        self._page = self._new_page()
        self._seen, self._own = Seen(), ""
        self._page.set_content(html, wait_until="commit")
        return self._look()

    def _look(self) -> Seen:
        self._page.evaluate(_TOUCH)
        self._seen.could += self._page.evaluate(_AUDIT)
        self._seen.text = self._page.evaluate("() => document.body ? document.body.innerText : ''")
        return self._seen


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """Debian's Chromium, or None where it is not installed."""
    program = shutil.which("chromium")
    if program is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()
