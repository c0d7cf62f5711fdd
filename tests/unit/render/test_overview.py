from __future__ import annotations

from lxml.html import document_fromstring

from newsletter.render.overview import render_overview
from newsletter.render.types import OverviewPage

BOTH = OverviewPage(
    "governors+leaders~2", ("Governors", "Leaders"), "A <b> & c", "Also: x", 41_234, 3, 32_482
)
ONE = OverviewPage("leaders", ("Leaders",), "One", "p", 1, 1, 900)


def test_page_shows_every_variant_at_both_widths_and_links_its_files():
    page = document_fromstring(render_overview("weekly/2026-11-27", [BOTH, ONE]))
    name = "../governors%2Bleaders~2"
    assert page.xpath("//h1/text()") == ["weekly/2026-11-27"]
    assert page.xpath("//h2/text()") == ["Governors + Leaders", "Leaders"]
    assert [(it.get("src"), it.get("width")) for it in page.xpath("//iframe")][:2] == [
        (f"{name}.html", "320"),
        (f"{name}.html", "640"),
    ]
    assert page.xpath("//a/@href")[:3] == [f"{name}.html", f"{name}.txt", f"{name}.eml"]
    assert {it.get("sandbox") for it in page.xpath("//iframe")} == {""}
    assert len(page.xpath("//iframe")) == 4


def test_page_escapes_subjects_and_counts_in_words():
    page = render_overview("weekly/2026-11-27", [BOTH, ONE])
    assert "A &lt;b&gt; &amp; c" in page
    assert "41,234 recipients · 3 items · 32,482 bytes" in page
    assert "1 recipient · 1 item · 900 bytes" in page
