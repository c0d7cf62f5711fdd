"""An editor's Markdown as blocks."""

from __future__ import annotations

import pytest

from newsletter.render.markdown import read_markdown
from newsletter.render.story import Paragraph, Points, Quote, plain


def test_introduction_is_read_into_blocks():
    heading, words, points, quote = read_markdown(
        "## This week\n\nTwo **dates** and\na [form](https://www.example.org/form).\n\n"
        "* one\n* two\n\n> “Quite.”"
    )
    assert (plain(heading.runs), heading.heading) == ("This week", True)
    assert plain(words.runs) == "Two dates and a form."
    assert [run.link for run in words.runs if run.link] == ["https://www.example.org/form"]
    assert [run.text for run in words.runs if run.strong] == ["dates"]
    assert isinstance(points, Points)
    assert len(points.points) == 2
    assert isinstance(quote, Quote)


@pytest.mark.parametrize("text", ["", " \n\n ", "![](https://www.example.org/a.png)", "---"])
def test_text_that_says_nothing_has_no_blocks(text):
    assert read_markdown(text) == ()


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<b>bold</b>", "{{ member.email }}", "[x](javascript:a)"]
)
def test_markup_of_other_kinds_stays_text(text):
    [block] = read_markdown(text)
    assert isinstance(block, Paragraph)
    assert plain(block.runs) == text
    assert [run for run in block.runs if run.link or run.strong] == []
