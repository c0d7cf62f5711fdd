"""How a page that was saved as HTML is read."""

from datetime import UTC, datetime

import pytest

from newsletter.feeds.pages import parse_pages
from newsletter.feeds.types import SavedPage


def parse(*texts):
    return parse_pages([SavedPage(f"{number}.html", text.encode()) for number, text in enumerate(texts)])


def only(parsed):
    [entry] = parsed.entries
    return entry


HTML = """<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Van days | The League</title>
<link rel="canonical" href="https://news.example.org/van"><meta name="author" content="Jo Bloggs">
<meta property="og:title" content="Van days are back"></head><body><nav><a href="/">Home</a></nav>
<div><h2>Reading in schools</h2><p>The league wants every child to leave primary school reading.</p></div>
<div><h1>Van days are back</h1><p class="x">The <b>van</b> <a href="/comes">comes</a> on Tuesdays.</p>
<ul><li>books</li><li>maps</li></ul>
<blockquote><p>We like it.</p></blockquote><p><time datetime="2026-11-02">2 November</time></p></div>
<footer>League</footer></body></html>"""


def test_html_page_is_read_with_what_it_says_of_itself():
    entry = only(parse(HTML))
    assert (entry.title, entry.section, entry.author) == (
        "Van days are back",
        "Reading in schools",
        "Jo Bloggs",
    )
    assert (entry.key, entry.link, entry.language) == ("https://news.example.org/van", entry.key, "en-GB")
    assert entry.published == datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert entry.html == (
        '<p>The <strong>van</strong> <a href="https://news.example.org/comes">comes</a> on Tuesdays.</p>\n'
        "<ul><li>books</li><li>maps</li></ul>\n<blockquote><p>We like it.</p></blockquote>\n<p>2 November</p>"
    )


def test_html_pages_lose_what_they_share():
    other = (
        HTML.replace("Van days are back", "Maps are in").replace("Van days", "Maps").replace("/van", "/maps")
        .replace("on Tuesdays", "with maps of every county in the land").replace("We like it", "So do we")
    )  # fmt: skip
    for entry in parse(HTML, other).entries:
        assert entry.section == "Reading in schools"
        assert "The league wants" not in entry.html
        assert entry.html.startswith("<p>The <strong>van</strong>")


@pytest.mark.parametrize(
    "start",
    [
        '<?xml version="1.0"?>\n',
        "<!-- saved -->" * 100 + "<section>",
        "\n<link rel=icon>",
        "<!-- " * 100_000 + "-->",
    ],
)
def test_html_page_is_known_whatever_it_begins_with(start):
    assert only(parse(start + HTML)).title == "Van days are back"


def test_html_page_that_is_one_form_with_a_header_keeps_its_story():
    wrapped = HTML.replace("<body>", "<body><header>The League</header><form><form>Search</form>")
    assert only(parse(wrapped)).html == only(parse(HTML)).html


def test_html_page_without_metadata_takes_its_main_part():
    entry = only(
        parse("<html><body><p>Menu here</p><main><h1>Short title</h1><p>Text.</p></main></body></html>")
    )
    assert (entry.title, entry.html, entry.link) == ("Short title", "<p>Text.</p>", None)


@pytest.mark.parametrize(
    "odd", ["\x00", "\x0b", "&#1;", "&#x1F", "&#00000;", "&#xD800;", "&#55300;", "&#xffff;"]
)
def test_html_page_with_characters_that_no_xml_can_hold(odd):
    page = f"<html><main><h1>Roofs</h1><nav>a{odd}b</nav>c{odd}d<p>Text{odd} here.</p></main>"
    assert only(parse(page)).title == "Roofs"
