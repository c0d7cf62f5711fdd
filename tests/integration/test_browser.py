"""The digest in a browser: nothing to scroll sideways, nothing too small to read, nothing that runs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from builders import NOW
from digests import NONCE, SHIPPED, VALUES, digest_items, render, view_of
from hostile import vectors
from hostile_feeds import FORMATS, PICTURE_HOST, Batch, feed_of, header_faults, make_project, preview, pull
from playwright.sync_api import Browser
from watched import Watch, chromium

from newsletter.render.html import Templates, inline
from newsletter.render.merge import fill
from newsletter.render.tokens import MergeFields

#: As designed, in the dark, narrow, printed.
MODES = [
    (800, {"color_scheme": "light", "media": "screen"}),
    (800, {"color_scheme": "dark", "media": "screen"}),
    (400, {"color_scheme": "light", "media": "screen"}),
    (800, {"color_scheme": "light", "media": "print"}),
]
#: Smallest size of small print in CSS pixels, and what the page says about itself.
SMALLEST_PX = 14
MEASURE = """() => ({
  width: document.documentElement.scrollWidth,
  mode: document.compatMode,
  smallest: Math.min(...[...document.querySelectorAll('p, li, td, a')]
    .filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => parseFloat(getComputedStyle(e).fontSize)))
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as program:
        if program is None:
            pytest.skip("chromium is not installed: nothing lays the digest out")
        yield program


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


#: How every element looks, but for what only differs between two pages of one look.
COMPUTED = """() => [...document.body.querySelectorAll('*')].map(element => {
  const style = getComputedStyle(element);
  const rules = [...style].map(name => name + ':' + style.getPropertyValue(name));
  return element.localName + ' ' + rules.join(';');
})"""


@pytest.mark.parametrize("template", ["digest", "bulletin"])
def test_inliner_changes_nothing_that_can_be_seen(browser, template):
    before = Templates([SHIPPED]).render(f"{template}.html", view_of(digest_items()), MergeFields(NONCE))
    pages = [browser.new_page() for _ in range(2)]
    for page, source in zip(pages, (before, inline(before)), strict=True):
        page.set_content(source)
    for width, media in MODES:
        looks = []
        for page in pages:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(**media)
            looks.append(page.evaluate(COMPUTED))
        assert looks[0] == looks[1]
        assert len(looks[0]) > 60
    assert pages[0].evaluate("document.querySelectorAll('[style]').length") < 10
    for page in pages:
        page.close()


EVERY = vectors()


def harm_in_overview(browser, index):
    """What the mails did or asked for while somebody looked at them in every way that a preview has."""
    page = browser.new_page()
    told = []
    page.on("console", lambda line: told.append(line.text))
    page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: told.append(asked.url))
    page.route("https://**/*", lambda route: route.abort())
    page.goto(index.as_uri())
    for view in page.locator("input[name=view]").all():
        view.check(force=True)
        page.wait_for_function("document.querySelector('.views :checked')")
    page.close()
    ours = ("file:", "about:", "Failed to load resource", f"https://{PICTURE_HOST}/")
    return [line for line in told if not line.startswith(ours) and "Content Security Policy" not in line]


def test_hostile_texts_do_nothing_in_a_digest(browser, tmp_path):
    """Nine of those that `benchmarks/xss_campaign.py` sends the whole way, of all kinds, in three formats."""
    chosen = EVERY[7 :: len(EVERY) // 9][:9]
    parts = [(kind, feed_of(chosen[place::3], kind)) for place, kind in enumerate(FORMATS)]
    batch = Batch("news", parts)
    with make_project(tmp_path / "project", [batch]) as project:
        brought, problems = pull(project, NOW)
        assert (brought, problems) == (2 * len(chosen), [])
        page = preview(project, batch, tmp_path / "preview", NOW)
    assert header_faults(page) == []
    assert harm_in_overview(browser, page.parent / "overview" / "index.html") == []
    watch = Watch(browser, {PICTURE_HOST})
    seen = watch.open(page.as_uri())
    assert seen.harm == []
    assert seen.pictures
    assert all(f"News {vector.n}" in seen.text for vector in chosen)
    # The watch is not blind.
    assert "XSS-RAN ran 7" in watch.show("<img src=x onerror=ran(7)>").ran
    assert watch.show("<script src=https://evil.invalid/8></script>").left == ["https://evil.invalid/8"]
