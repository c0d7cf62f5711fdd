"""How a page that was saved as text is cut into lines."""

from datetime import UTC, datetime

import pytest

from newsletter.feeds.pages import parse_pages
from newsletter.feeds.types import ParsedEntry, SavedPage


def story(text: str) -> ParsedEntry:
    """Return the story of one page with this text under its headline."""
    page = SavedPage("page.txt", f"A headline of quite enough words\n\n{text}".encode())
    [entry] = parse_pages([page]).entries
    return entry


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("First published 19 July 2021", (2021, 7, 19)),
        ("First published: Monday 19th July, 2021 at 10.30am", (2021, 7, 19)),
        ("Published on 03 Sept 2026", (2026, 9, 3)),
        ("Posted July 19, 2021", (2021, 7, 19)),
        ("19/07/2021", (2021, 7, 19)),
        ("Date: 2021-07-19", (2021, 7, 19)),
    ],
)
def test_date_line_becomes_the_date_and_leaves_the_text(line, day):
    entry = story(f"{line}\n\nA paragraph that ends with a full stop.")
    assert entry.published == datetime(*day, 12, tzinfo=UTC)
    assert entry.html == "<p>A paragraph that ends with a full stop.</p>"


def test_line_with_an_impossible_date_stays_text():
    entry = story("Some text here.\n\nFirst published 31 February 2021")
    assert entry.published is None
    assert "31 February" in entry.html


def test_updated_date_stands_beside_the_first():
    entry = story("Text here.\n\nFirst published 1 May 2026\nUpdated 2 May 2026")
    assert (entry.published.day, entry.updated.day) == (1, 2)


@pytest.mark.parametrize(
    ("paragraph", "html"),
    [
        ('"We did it," said Jo.', '<blockquote><p>"We did it," said Jo.</p></blockquote>'),
        ("“We did it at last and nobody minded at all”, said Jo.", None),
        ("‘We did it,’ said Jo.", None),
        ('"One.\n\n"Two," she added.', '<blockquote><p>"One.</p><p>"Two," she added.</p></blockquote>'),
        ('"Levelling up" is the theme of the day.', '<p>"Levelling up" is the theme of the day.</p>'),
        ("‘Baker Clause’ is what many call it.", "<p>‘Baker Clause’ is what many call it.</p>"),
    ],
)
def test_quotation_is_told_from_a_word_in_quotation_marks(paragraph, html):
    expected = html or f"<blockquote><p>{paragraph}</p></blockquote>"
    assert story(f"Intro text.\n\n{paragraph}").html == f"<p>Intro text.</p>\n{expected}"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("They ask for:\n  • a\n  • b", "<p>They ask for:</p>\n<ul><li>a</li><li>b</li></ul>"),
        ("They ask for:\n\n- a\n\n- b", "<p>They ask for:</p>\n<ul><li>a</li><li>b</li></ul>"),
        ("They ask for:\n1. a\n2) b", "<p>They ask for:</p>\n<ol><li>a</li><li>b</li></ol>"),
        ("• an item that\n  goes on\n• b", "<ul><li>an item that goes on</li><li>b</li></ul>"),
        ("A sentence that\ngoes on.", "<p>A sentence that goes on.</p>"),
        ("Text.\n;\n |\npicture one.JPEG\nBack to top\n© 2026 League\nMore.", "<p>Text.</p>\n<p>More.</p>"),
        ("Text.\n\nWhat comes next\n\nMore.", "<p>Text.</p>\n<h3>What comes next</h3>\n<p>More.</p>"),
        ("<b>1 < 2 & 3</b>.", "<p>&lt;b&gt;1 &lt; 2 &amp; 3&lt;/b&gt;.</p>"),
    ],
)
def test_text_becomes_blocks(text, html):
    assert story(text).html == html
