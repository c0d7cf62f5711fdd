"""The links that a digest lists below a story."""

from __future__ import annotations

import pytest

from newsletter.render.further import further_links
from newsletter.render.story import read_story

OWN = "https://www.example.org/story"
GUIDE = "https://www.example.org/guide.pdf"


def links(html):
    return [(link.words, link.address) for link in further_links(read_story(html), OWN)]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        (
            f'<p>The board has read <a href="{GUIDE}">the guide</a> and more of that kind.</p>',
            "the guide (PDF)",
        ),
        (f'<p><a href="{GUIDE}">Guide</a> (PDF, 46 pages)</p>', "Guide (PDF, 46 pages)"),
        ('<ul><li><a href="https://www.example.org/form">The form</a></li></ul>', "The form"),
        ('<ul><li>x<ul><li><a href="https://www.example.org/a">Inner</a></li></ul></li></ul>', "Inner"),
    ],
)
def test_documents_and_links_with_a_paragraph_to_themselves_are_listed(html, words):
    assert [found for found, _ in links(html)] == [words]


@pytest.mark.parametrize(
    "html",
    [
        '<p>In passing, <a href="https://www.example.org/minister">the minister</a> said it would.</p>',
        '<p>Read more <a href="https://www.example.org/more">here</a>.</p>',
        f'<p><a href="{OWN}">The whole story</a></p>',
        '<p><a href="mailto:office@example.org">Write to the office</a></p>',
    ],
)
def test_others_are_not(html):
    assert links(html) == []


def test_each_address_is_listed_once_and_four_at_most():
    html = "".join(f'<p><a href="https://www.example.org/{n // 2}">Page {n}</a></p>' for n in range(20))
    assert [words for words, _ in links(html)] == ["Page 0", "Page 2", "Page 4", "Page 6"]
