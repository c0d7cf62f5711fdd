from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from lxml.html import document_fromstring

from newsletter.render.overview import render_overview
from newsletter.render.states import STATES
from newsletter.render.types import Finding, Overview, OverviewPage

SUBJECT = "A <b> & </script> c"
BOTH = OverviewPage(
    name="governors+leaders~2",
    audiences=("Governors", "Leaders"),
    reader="Siân <sian@example.org>",
    recipients=41_234,
    items=3,
    preheader="Also: x",
    html="<!DOCTYPE html><html><head></head><body><script>alert(1)</script></body></html>",
    text="One <two>",
    headers=(("From", "Heath News <news@example.org>"), ("Subject", SUBJECT)),
    message_bytes=4321,
    findings=(
        Finding("size", "error", "too <large>", "hide 7", item=7),
        Finding("dull", "warning", "m", "c"),
        Finding("long", "warning", "n", "c"),
    ),
)
ONE = replace(BOTH, name="leaders", audiences=("Leaders",), reader="", recipients=1, items=1, findings=())
SEEN = ".//p[starts-with(@class, 'seen')]"
EDITION = Overview("weekly/2026-11-27", "The weekly digest", "draft", (BOTH, ONE), frozenset({"long"}))


def page_of(overview=EDITION):
    return document_fromstring(render_overview(overview))


def told(page, path):
    return [" ".join(it.text_content().split()) for it in page.xpath(path)]


def test_variants_and_ways_to_see_them_are_to_choose_from():
    page = page_of()
    assert told(page, "//h1") == ["The weekly digest"]
    assert told(page, "//fieldset[@class='variants']//label") == [
        "to mend: 2 Governors + Leaders ~2 41,234 members · 3 items",
        "Leaders 1 member · 1 item",
    ]
    assert page.xpath("//input[@name='view']/@value") == [*STATES, "text", "headers"]
    assert page.xpath("//input[@checked]/@value") == ["governors+leaders~2", "light"]
    assert page.xpath("//iframe/@data-width") == ["375", "680"]


def test_variant_is_told_with_its_reader_findings_and_files():
    [both, one] = page_of().xpath("//section")
    assert told(both, ".//p[starts-with(@class, 'seen')]") == [
        "Seen as Siân <sian@example.org>, one of its members."
    ]
    assert "nobody in particular" in told(one, ".//p[starts-with(@class, 'seen')]")[0]
    assert told(both, ".//h2") == [SUBJECT]
    assert told(both, ".//ul/li") == [
        "To mend, item 7: too <large> hide 7 Rule: size",
        "To look at: m c Rule: dull",
        "Accepted: n c Rule: long",
    ]
    assert told(one, ".//p[@class='none-found']")
    name = "../governors%2Bleaders~2"
    assert both.xpath(".//a/@href") == [f"{name}.html", f"{name}.txt", f"{name}.eml"]


def test_member_who_was_asked_for_is_shown_first():
    page = page_of(replace(EDITION, chosen="leaders", asked_for="This is the mail that Ben would get."))
    assert page.xpath("//input[@name='variant'][@checked]/@value") == ["leaders"]
    assert told(page.xpath("//section")[1], SEEN) == ["This is the mail that Ben would get."]


def test_mails_are_data_and_only_our_script_may_run():
    text = render_overview(EDITION)
    page = document_fromstring(text)
    data, script = page.xpath("//script")
    assert json.loads(data.text)["leaders"]["light"].endswith("<script>alert(1)</script></body></html>")
    fingerprint = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert f"default-src 'none'; script-src 'sha256-{fingerprint}';" in policy
    assert set(page.xpath("//iframe/@sandbox")) == {"allow-popups allow-popups-to-escape-sandbox"}
    assert page.xpath("//img | //link") == []


@pytest.mark.parametrize(
    ("state", "kept", "gone"),
    [
        ("light", "@media (max-width:0px) {", "prefers-color-scheme"),
        ("dark", "@media (min-width:0px) {", "prefers-color-scheme"),
        ("inverted", "filter:invert(1)", "prefers-color-scheme"),
        ("unstyled", 'style="color:#111111"', "@media"),
        ("without-pictures", "img-src 'none'", "prefers-color-scheme"),
    ],
)
def test_state_is_the_mail_with_little_changed(state, kept, gone):
    mail = (
        "<!DOCTYPE html><html><head><style>:root { color-scheme:light dark }\n"
        "@media (prefers-color-scheme: dark) { p { color:#fff !important } }</style></head>"
        '<body><p style="color:#111111">x</p></body></html>'
    )
    shown = STATES[state](mail)
    assert kept in shown
    assert gone not in shown
    assert '<p style="color:#111111">x</p>' in shown
    assert '<base target="_blank">' in shown.partition("</head>")[0]


def test_state_of_a_page_without_a_head():
    assert STATES["light"]("<p>x</p>").endswith("<p>x</p>")


def test_empty_edition_says_so():
    page = page_of(replace(EDITION, pages=()))
    assert told(page, "//main/p") == ["This edition is empty: there is nothing new for anyone."]
    assert page.xpath("//script | //iframe") == []


def contrast(one, other):
    """WCAG 2.2, contrast ratio."""

    def luminance(colour):
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_of_the_page_can_be_read(scheme):
    [style] = page_of().xpath("//style/text()")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", re.findall(r":root {[^}]*}", style)[scheme]))
    printed = {
        "ground": ("text", "muted", "accent"),
        "panel": ("text", "muted", "accent"),
        "soft": ("text", "muted", "accent"),
        "accent": ("on-accent",),
        "warn-soft": ("text", "warn", "muted"),
        "bad-soft": ("text", "bad", "muted"),
    }
    faint = {
        (it, ground): ratio
        for ground, words in printed.items()
        for it in words
        if (ratio := contrast(colours[it], colours[ground])) < 4.5
    }
    assert faint == {}
