from __future__ import annotations

import pytest

from newsletter.render.story import read_story
from newsletter.render.text import bullet, heading, link, quoted, rule, story, tidy, wrap

LONG = "https://a.example.org/" + "x" * 80


def test_lines_have_72_columns_and_long_words_stay_whole():
    lines = wrap("word " * 40 + LONG).splitlines()
    assert max(map(len, lines[:-1])) <= 72
    assert lines[-1] == LONG


def test_points_hang_and_quotations_are_indented():
    assert bullet("word " * 20).splitlines()[1].startswith("  word")
    assert {line[:4] for line in quoted("word " * 40).splitlines()} == {"    "}


def test_heading_is_in_capitals_over_a_rule():
    assert heading("Siân’s pay") == f"SIÂN’S PAY\n{'=' * 72}"
    assert rule("-") == "-" * 72


@pytest.mark.parametrize(
    ("address", "words", "lines"),
    [
        ("https://a.example.org/x", " The full story ", ["The full story: https://a.example.org/x"]),
        (LONG, "The full story", ["The full story:", LONG]),
    ],
)
def test_address_ends_its_line_and_is_never_broken(address, words, lines):
    assert link(address, words).splitlines() == lines


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<h2>Why</h2><p>a</p>", "WHY\n\na"),
        ("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>", "* a\n  1. b\n  2. c\n* d"),
        ("<blockquote><p>a</p><ul><li>b</li></ul></blockquote>", "    a\n\n    * b"),
        ('<p>See <a href="https://a.example.org">it</a> all.</p>', "See it all.\nit: https://a.example.org"),
        ('<ul><li><a href="https://a.example.org">it</a></li></ul>', "* it: https://a.example.org"),
    ],
)
def test_story_is_written_in_plain_words(html, text):
    assert story(read_story(html)) == text


def test_rendered_text_is_tidied():
    assert tidy("\n\na  \n \n\n\n  b\t\n\n") == "a\n\n  b\n"
