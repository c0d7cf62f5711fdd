"""An editor's Markdown as blocks."""

from __future__ import annotations

import pytest

from newsletter.render.markdown import not_in_mail, read_markdown
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("One **bold** word, [a link](https://a.example.org), <https://b.example.org>, a < b\n\n- point", []),
        (
            "[Write](mailto:desk@example.org), [ring](tel:123)",
            ["line 1: the link to 'tel:123' leads nowhere"],
        ),
        ("Hello\n\n| A | B |\n|---|---|\n| 1 | 2 |", ["line 3: a table is shown as it is written"]),
        (
            "<b>raw</b> and <i>more</i>\n\n<div>\nx\n</div>",
            ["line 1: HTML is shown", "line 3: HTML is shown"],
        ),
        ("- ![a](https://a.example.org/a.png)", ["line 1: a picture is left out"]),
        ("One\n\nDear {{ member.first_name }}", ["line 3: {{ and {% work in templates only"]),
        ("[click](javascript:alert(1))", ["line 1: the link to 'javascript:alert(1)' leads nowhere"]),
    ],
)
def test_what_a_mail_does_not_show_as_it_was_meant_is_told(text, told):
    found = not_in_mail(text)
    assert len(found) == len(told)
    assert all(said.startswith(begins) for said, begins in zip(found, told, strict=True)), found
