"""The digest as a browser lays it out: nothing to scroll sideways, nothing too small to read."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator

import pytest
from digests import VALUES, digest_items, render
from playwright.sync_api import Browser, sync_playwright

from newsletter.render.merge import fill

#: Smallest size of small print in CSS pixels, and what the page says about itself.
SMALLEST_PX = 14
MEASURE = """() => ({
  width: document.documentElement.scrollWidth,
  mode: document.compatMode,
  smallest: Math.min(...[...document.querySelectorAll('p, li, td, a')]
    .filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => parseFloat(getComputedStyle(e).fontSize)))
})"""

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: nothing lays the digest out")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


@pytest.fixture(scope="module")
def digest() -> str:
    return fill(render(digest_items()).html, VALUES, html.escape)


@pytest.mark.parametrize("styled", [True, False], ids=["styled", "without style blocks"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 600, 1000])
def test_digest_fits_and_can_be_read(browser, digest, width, scheme, styled):
    shown = digest if styled else re.sub(r"<style[\s\S]*?</style>", "", digest)
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_content(shown)
    measured = page.evaluate(MEASURE)
    page.close()
    assert measured["mode"] == "CSS1Compat"
    assert measured["width"] <= width
    assert measured["smallest"] >= SMALLEST_PX
