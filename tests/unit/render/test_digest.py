"""The shipped templates, against our conventions for mail."""

from __future__ import annotations

import html
import re
from itertools import pairwise

import pytest
from digests import HEADLINES, VALUES, digest_items, make_item, make_masthead, render
from lxml.html import document_fromstring

from newsletter.render.merge import fill

#: What may stand in a style attribute.
INLINE = {
    "background-color", "border", "border-top", "border-bottom", "border-left", "border-right",
    "border-radius", "border-collapse", "color", "display", "font-family", "font-size", "font-style",
    "font-weight", "height", "line-height", "list-style-type", "margin", "margin-top", "margin-bottom",
    "max-height", "max-width", "mso-hide", "mso-line-height-rule", "mso-padding-alt", "overflow",
    "padding", "padding-left", "padding-right", "padding-top", "padding-bottom", "text-align",
    "text-decoration", "vertical-align", "width", "word-break",
}  # fmt: skip


class Page:
    """A rendered variant as one member gets it, and its HTML as a mail program without comments sees it."""

    def __init__(self, rendered):
        self.source = fill(rendered.html, VALUES, html.escape)
        self.text = fill(rendered.text, VALUES, str)
        self.root = document_fromstring(re.sub(r"<!--.*?-->", "", self.source, flags=re.DOTALL))
        self.wrap = self.root.xpath("//body/div[@role='article']")[0]
        self.css = "\n".join(self.root.xpath("//style/text()"))

    def words(self, path):
        return [" ".join(found.text_content().split()) for found in self.root.xpath(path)]


@pytest.fixture(scope="module")
def page(digest):
    return Page(digest)


def test_page_begins_with_a_doctype_in_capitals(page):
    assert page.source.startswith("<!DOCTYPE html>\n<html ")


def test_language_and_direction_stand_on_page_and_wrapper(page):
    assert [(it.get("lang"), it.get("dir")) for it in (page.root, page.wrap)] == [("en", "ltr")] * 2


@pytest.mark.parametrize("name", ["viewport", "color-scheme", "supported-color-schemes", "format-detection"])
def test_page_names_what_mail_programs_ask_for(page, name):
    (content,) = page.root.xpath(f"//meta[@name='{name}']/@content")
    assert content


def test_tables_are_for_layout_and_say_so(page):
    wanted = {"role": "presentation", "cellpadding": "0", "cellspacing": "0", "border": "0"}
    tables = page.root.xpath("//table")
    assert tables
    assert [dict(it.attrib) for it in tables if not wanted.items() <= dict(it.attrib).items()] == []
    assert page.root.xpath("//p//table") == []


def test_headings_are_one_h1_then_sections_then_items_and_skip_no_level(page):
    levels = [int(it.tag[1]) for it in page.root.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.words("//h2") == ["Funding", "Pupils", "News"]
    assert page.words("//h3") == list(HEADLINES)


def test_inline_styles_keep_to_what_mail_programs_understand(page):
    styles = ";".join(page.root.xpath("//@style"))
    used = {part.partition(":")[0].strip() for part in styles.split(";") if part.strip()}
    assert used <= INLINE
    assert (
        re.findall(r"#(?![0-9a-f]{6}\b)\w+|\b(?:rgba?|hsla?|var|calc)\(|\d(?:rem|em|vw)\b", styles + page.css)
        == []
    )


def test_every_cell_names_its_font_size_and_colour(page):
    wanted = ("font-family", "font-size", "line-height", "color:#")
    cells = page.root.xpath("//td/@style")
    assert [style for style in cells if not all(name in style for name in wanted)] == []
    sizes = re.findall(r"font-size:(\d+)px", ";".join(page.wrap.xpath(".//@style")))
    assert min(map(int, sizes)) >= 14


def test_kept_rules_are_important_flat_and_few(page):
    rules = re.findall(r"[;{]\s*([a-z-]+\s*:[^;{}]+)", page.css)
    weak = [rule for rule in rules if not rule.endswith(" !important")]
    assert {rule.partition(":")[0] for rule in weak} <= {
        "page-break-after",
        "page-break-inside",
        "color-scheme",
    }
    assert re.search(r"@\w+[^{}]*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*@|/\*|@import|@font-face", page.css) is None
    assert len(page.css) <= 8000
    for kept in ("@media screen", "@media print", "prefers-color-scheme: dark", "[data-ogsc]", "[data-ogsb]"):
        assert kept in page.css


def test_comments_are_for_outlook_and_balanced(page):
    comments = re.findall(r"<!--(.*?)-->", page.source, re.DOTALL)
    assert all(it.startswith("[if mso]>") and it.endswith("<![endif]") for it in comments)
    inside = "".join(comments)
    assert [inside.count(f"<{tag}") - inside.count(f"</{tag}>") for tag in ("table", "tr", "td")] == [0, 0, 0]


def test_preheader_comes_first_hidden_and_padded(page, digest):
    first = page.root.find("body")[0]
    assert first.text_content().startswith(digest.preheader)
    assert "display:none" in first.get("style")
    assert re.fullmatch("(?:\u2007\u034f ){40}", first.text_content().removeprefix(digest.preheader))


def test_links_say_where_they_go_and_are_underlined(page):
    links = page.root.xpath("//a")
    assert all("underline" in link.get("style") for link in links)
    assert all(re.match(r"https://", link.get("href")) for link in links)
    vague = [
        text
        for text in page.words("//a")
        if re.fullmatch(r"(?i)(click )?here|read more|more|https?:.*|", text)
    ]
    assert vague == []


def test_item_without_link_stands_in_full_under_a_plain_headline(page):
    headline = page.root.xpath("//h3")[1]
    assert headline.xpath(".//a") == []
    cell = headline.getparent()
    assert [" ".join(it.text_content().split()) for it in cell.xpath(".//h4")] == [
        "How it began",
        "What they ask for",
    ]
    assert cell.xpath("count(.//blockquote/table//p)") == 2
    assert cell.xpath("count(.//ul/li/ul/li)") == 1
    assert cell.xpath("count(.//ol/li)") == 1
    assert "here (research.example.org)" in page.text
    assert "https://research.example.org/answers" in page.text


def test_welsh_item_says_so_wherever_it_stands(page):
    spoken = page.root.xpath(f"//*[@lang='cy'][normalize-space()='{HEADLINES[2]}']")
    assert sorted(it.tag for it in spoken) == ["h3", "li"]
    assert page.words("//span[@lang='cy']") == ["Cyhoeddwyd gyntaf 19 Gorffennaf 2021"]
    assert "First published 19 July 2021" in page.text


def test_footer_says_why_and_how_to_leave(page):
    foot = page.root.xpath("//td[@class='foot']")[0]
    assert [link.get("href") for link in foot.iter("a")][:3] == [
        VALUES["unsubscribe_url"], VALUES["preferences_url"], VALUES["web_url"],
    ]  # fmt: skip
    words = " ".join(foot.text_content().split())
    for said in ("member of School Leaders Union", "Governors and Career leads", "Haywards Heath RH16 1BL"):
        assert said in words
        assert said in " ".join(page.text.split())


def test_both_parts_hold_every_headline_in_one_order_and_every_link(page):
    flat = " ".join(page.text.split())
    places = [flat.rindex(headline) for headline in HEADLINES]
    assert places == sorted(places)
    assert [link for link in page.root.xpath("//a/@href") if link not in page.text] == []


def test_text_part_is_plain_and_narrow(page):
    assert re.search(r"</?[a-z]|&\w+;|[ \t]$|\n{3}", page.text, re.MULTILINE) is None
    assert [line for line in page.text.splitlines() if len(line) > 72 and "https://" not in line] == []
    long_link = "https://a.example.org/4?from=weekly&page=" + "x" * 60
    assert long_link in page.text.splitlines()


def test_text_part_says_as_much_as_the_html(page):
    counts = [
        len(re.findall(r"\w+", re.sub(r"\S+://\S+", "", it)))
        for it in (page.text, page.root.find("body").text_content())
    ]
    assert 0.85 <= counts[0] / counts[1] <= 1.3


def test_nothing_of_the_templates_is_left(page):
    assert (
        re.search(r"\{\{|\{%|\{#|\bNone\b|[Uu]ndefined|class=\"\"|Point\(|Run\(", page.source + page.text)
        is None
    )
    assert re.search("[\x00-\x08\x80-\x9f\ufffd]", page.source + page.text) is None


def test_twelve_items_stay_well_below_what_gmail_cuts():
    words = " ".join(["seventeen"] * 60)
    items = [make_item(f"{n} {words[:90]}", summary=words, section=f"Section {n}") for n in range(12)]
    assert render(items).html_bytes < 60_000


@pytest.mark.parametrize(
    ("language", "direction", "said"),
    [
        (
            "cy",
            "ltr",
            ("Annwyl", "Yn y rhifyn hwn", "Dydd Gwener 27 Tachwedd 2026", "4 stori", "Dad-danysgrifio"),
        ),
        ("ar", "rtl", ("Dear", "Friday 27 November 2026", "Unsubscribe")),
    ],
)
def test_edition_of_another_language(language, direction, said):
    page = Page(render(digest_items(), masthead=make_masthead(language=language)))
    assert (page.wrap.get("lang"), page.wrap.get("dir")) == (language, direction)
    assert [words for words in said if words not in page.text] == []
    quote = page.root.xpath("//td[@class='quote']/@style")[0]
    assert f"border-{'right' if direction == 'rtl' else 'left'}:4px" in quote


@pytest.mark.parametrize(("language", "around"), [("ar", ("en", "ltr")), ("fr", ("en", None)), ("cy", None)])
def test_words_of_another_language_than_the_editions_say_so(language, around):
    page = Page(render(digest_items(), masthead=make_masthead(language=language)))
    written = page.root.xpath("//p[starts-with(., 'Dear ') or contains(., 'because') or @class='period']")
    said = {(it.get("lang"), it.get("dir")) for it in written}
    assert said == ({around} if around else {(None, None)})
    assert page.root.xpath("//p[@class='address']/span/@dir") == ["auto"]


@pytest.mark.parametrize("count", [0, 1])
def test_edition_of_hardly_anything_has_no_list_of_contents(count):
    page = Page(render(digest_items()[:count], masthead=make_masthead(audiences=())))
    assert "In this issue" not in page.text
    assert len(page.words("//h3")) == count
    assert "the news we chose for you" in page.text


HOSTILE = (
    "{{ organisation }} {% raw %} {# x #} ${7*7}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><a href="javascript:alert(1)">&amp; </style><!--[if mso]>',
    "__unsubscribe_url_0_0123456789abcde0__ __first_name__",
    "Subject\r\nBcc: everybody@example.org\r\n\r\n.\r\n",
    "\x00\x07\x1b[31m \ud800 \u2028 end",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_data_in_every_field(text):
    story = f"<p>{html.escape(text)}</p><p>{text}</p><blockquote><p>{text}</p></blockquote>"
    masthead = make_masthead(audiences=(text,))
    fields = {
        "summary": text,
        "section": text,
        "categories": (text, text + "!"),
        "html": story,
        "language": text,
    }
    items = [make_item(text, **fields), make_item(text, link=None, **fields), make_item(text, link=text)]
    rendered = render(items, masthead=masthead)
    page = Page(rendered)
    shown = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\ud800]", " ", text).split())
    assert page.words("//h3") == [shown] * 3
    assert shown in " ".join(page.text.split())
    ours = {address for name, address in VALUES.items() if name.endswith("_url")}
    addresses = {link.get("href") for link in page.root.iter("a")}
    assert addresses == ours | {"https://news.example.org/roof", "https://www.example.org"}
    assert page.root.xpath("//script|//img|//@onerror") == []
    assert "\n" not in rendered.subject + rendered.preheader
