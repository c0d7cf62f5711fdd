"""What sets the templates apart, and what an organisation and its editor put into them."""

from __future__ import annotations

import html
import re
from dataclasses import fields, replace

import pytest
from digests import SHIPPED, STORY, VALUES, digest_items, make_item, make_masthead, render
from lxml.html import document_fromstring

from newsletter.feeds.types import ItemStatus
from newsletter.render.design import DARK, LIGHT, Design, Logo
from newsletter.render.merge import fill
from newsletter.render.types import Editorial
from newsletter.render.views import EditionView, ItemView, SectionView

ALL = ("digest", "brief", "bulletin")


def parts(items, template, masthead=None, **more):
    """The HTML as a tree, as source, and the text."""
    rendered = render(items, name=template, masthead=masthead, **more)
    source = fill(rendered.html, VALUES, html.escape)
    return (
        document_fromstring(re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)),
        source,
        fill(rendered.text, VALUES, str),
    )


def words(root, path):
    return [" ".join(found.text_content().split()) for found in root.xpath(path)]


def test_brief_says_of_each_story_as_many_sentences_as_a_line_holds():
    summary = (
        "Dr. Ames reports on 3.5 m pupils. They sleep too little. "
        + "A third sentence goes on for long. " * 4
    )
    root, _, text = parts([make_item("Sleep", summary=summary), make_item("Roofs")], "brief")
    assert words(root, "//p[@class='line']")[0].startswith(
        "Dr. Ames reports on 3.5 m pupils. They sleep too little. A"
    )
    assert all(len(line) <= 110 for line in words(root, "//p[@class='line']"))
    assert "* Sleep\n  Dr. Ames reports" in text
    assert "\n  https://news.example.org/roof\n" in text


@pytest.mark.parametrize("template", ALL)
def test_story_without_a_link_stands_in_full_in_every_template(template):
    root, _, text = parts([make_item("Pupils", link=None, html=STORY)], template)
    assert words(root, "//h4") == ["How it began", "What they ask for"]
    assert "A quiet room" in text
    assert root.xpath("//td[@class='button']") == []


def test_bulletin_has_the_whole_story_and_one_way_to_its_page():
    root, _, text = parts([make_item(html=STORY)], "bulletin")
    assert words(root, "//h1 | //h2 | //h3 | //h4") == [
        "The weekly digest", "News", "A new roof for every school", "How it began", "What they ask for",
    ]  # fmt: skip
    [button] = root.xpath("//td[@class='button']/a")
    assert (button.get("href"), button.text) == (
        "https://news.example.org/roof",
        "Read it at news.example.org",
    )
    assert "Read it at news.example.org: https://news.example.org/roof" in text


def test_pinned_story_leads_before_all_sections():
    items = [make_item("Plan", section="Pay", status=ItemStatus.PINNED), make_item("Scale", section="Pay")]
    root, *_ = parts(items, "digest")
    assert words(root, "//h2 | //h3") == ["Top story", "Plan", "Pay", "Scale"]
    assert ["24px" in it.get("style") for it in root.xpath("//h3")] == [True, False]


def test_editors_words_stand_around_the_stories_and_skip_no_heading():
    written = Editorial(("## Hello\n\nTwo **dates**.",), ("Until *Friday*.",), "Two dates")
    for template in ALL:
        root, source, text = parts(digest_items(), template, replace(make_masthead(), editorial=written))
        assert words(root, "//title") == ["Two dates"]
        assert source.index("Hello") < source.index("<h2") < source.index("Until <em>Friday</em>")
        assert root.xpath("//td[@class='opening']//h4") == []
        assert text.index("HELLO") < text.index("Two dates.") < text.index("Until Friday.")
        assert "Here is the news we chose" not in source + text


def test_colours_fonts_logo_and_footer_are_those_of_the_organisation():
    design = Design(
        replace(LIGHT, accent="#7a1f3d", link="#7a1f3e"),
        replace(DARK, accent="#e69cb4"),
        "Charter, serif",
        "Verdana, sans-serif",
        Logo("https://www.example.org/logo.png", 180, 40),
    )
    plain = make_masthead()
    footer = replace(plain.organisation, footer="Union 12 · [Privacy](https://www.example.org/privacy)")
    root, source, text = parts(digest_items(), "bulletin", replace(plain, design=design, organisation=footer))
    assert LIGHT.accent not in source
    assert "#7a1f3d" in root.xpath("//h2/@style")[0]
    assert "border-color:#e69cb4 !important" in source
    assert {"Charter" in style for style in root.xpath("//h1/@style | //h3/@style")} == {True}
    assert "Arial" not in source
    [logo] = root.xpath("//td[@class='bar-name']/img")
    assert (logo.get("alt"), logo.get("width"), logo.get("height")) == ("School Leaders Union", "180", "40")
    assert words(root, "//td[@class='foot']/p")[-1] == "Union 12 · Privacy"
    assert "https://www.example.org/privacy" in text


@pytest.mark.parametrize("template", ALL)
def test_edition_that_runs_from_right_to_left_turns_every_side_around(template):
    _, source, _ = parts([make_item(html=STORY)], template, make_masthead(language="ur"))
    assert 'dir="rtl"' in source
    assert re.findall(r"(?:padding|border|text-align)[-:]left|<a [^>]*dir=", source) == ["text-align:left"]
    if template == "bulletin":
        assert "border-right:4px" in source
        assert "margin:0 20px 16px 0" in source


def test_edition_in_welsh_speaks_welsh_around_its_stories():
    root, _, text = parts(digest_items(), "brief", make_masthead(language="cy"))
    assert words(root, "//p[@class='period']") == ["Dydd Gwener 27 Tachwedd 2026 · 4 stori"]
    assert "Dad-danysgrifio" in text


def test_one_block_of_the_frame_is_changed_for_all_templates(tmp_path):
    (tmp_path / "mail.html").write_text(
        '{% extends "shipped/mail.html" %}{% block foot %}<tr><td class="closing"><p>Helpline</p></td></tr>'
        "{{ super() }}{% endblock %}{% block css %}h1 { color:#123456; }{% endblock %}"
    )
    for template in ALL:
        root, _, _ = parts(digest_items(), template, folders=[tmp_path])
        assert words(root, "//td[@class='closing']") == ["Helpline"]
        assert "#123456" in root.xpath("//h1/@style")[0]
        assert len(root.xpath("//h3")) == 4


def test_pictures_are_two_at_most_and_of_kinds_that_all_programs_show():
    pictures = (
        '<img src="https://a.example.org/1.webp" alt="One">'
        '<img src="https://a.example.org/2.JPG" alt="Two" width="1104" height="600">'
    )
    rendered = render([make_item(html=pictures)] * 3, picture_hosts=["a.example.org"])
    found = re.findall(r"<img[^>]*>", fill(rendered.html, VALUES, html.escape))
    assert len(found) == 2
    assert all('2.JPG" alt="Two" width="552" height="300"' in image for image in found)


def test_every_block_and_every_name_stands_in_the_documentation():
    told = set(re.findall(r"`([\w.]+)`", (SHIPPED.parent / "docs" / "templates.md").read_text("utf-8")))
    written = "".join(path.read_text("utf-8") for path in SHIPPED.glob("*.*"))
    assert set(re.findall(r"\{% block (\w+)", written)) - told == set()
    names = {field.name for view in (EditionView, ItemView, SectionView) for field in fields(view)}
    assert names - told == set()
