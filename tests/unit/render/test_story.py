from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.render.story import Paragraph, Point, Points, Quote, Run, quotations, read_story, web_link


def para(*runs, heading=False):
    return Paragraph(tuple(Run(run) if isinstance(run, str) else run for run in runs), heading)


def point(text, *lists):
    return Point((Run(text),), lists)


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("", ()),
        (" \n ", ()),
        ("<!-- nothing -->", ()),
        ("plain", (para("plain"),)),
        ("<p> One\n two </p><p></p>", (para("One two"),)),
        ("<div><p>a</p>b<section>c</section></div>", (para("a"), para("b"), para("c"))),
        ("<p>a<br>b</p>", (para("a"), para("b"))),
        ("<p>a <b>b </b> <i>c</i></p>", (para("a ", Run("b ", strong=True), Run("c", emphasis=True)),)),
        ("<p><strong><em>a</em></strong></p>", (para(Run("a", strong=True, emphasis=True)),)),
        ("<h1>a</h1><h6>b</h6>", (para("a", heading=True), para("b", heading=True))),
        (
            "<ul><li>a<ol><li>b</li></ol></li><li> </li></ul>",
            (Points((point("a", Points((point("b"),), True)),)),),
        ),
        ("<ul><li><p>a</p><p>b</p></li></ul>", (Points((point("a b"),)),)),
        ("<ul></ul>", ()),
        ("<blockquote>a<p>b</p></blockquote>", (Quote((para("a"), para("b"))),)),
        ("<p>x</p><script>alert(1)</script><style>p{}</style>", (para("x"),)),
        ("<table><tr><td>a</td><td>b</td></tr></table>", (para("a"), para("b"))),
        ("<p>a &lt;b&gt; &amp; c</p>", (para("a <b> & c"),)),
        ("<p>a <", (para("a <"),)),
    ],
)
def test_story_is_read_into_blocks(html, blocks):
    assert read_story(html) == blocks


@pytest.mark.parametrize(
    ("tag", "run"),
    [
        ('<a href="https://a.example.org/x">the report</a>', Run("the report", "https://a.example.org/x")),
        ('<a href="https://www.example.org/x">here</a>', Run("here (example.org)", "https://www.example.org/x")),
        ('<a href="https://a.example.org/x">Read more</a>', Run("Read more (a.example.org)", "https://a.example.org/x")),
        ('<a href="https://a.example.org/x?y">https://a.example.org/x?y</a>', Run("a.example.org", "https://a.example.org/x?y")),
        ('<a href="https://a.example.org/ŵ x"><b>all</b> of it</a>', Run("all of it", "https://a.example.org/%C5%B5%20x")),
        ('<a href="mailto:a@example.org">write</a>', Run("write", "mailto:a@example.org")),
        ('<a href="javascript:alert(1)">here</a>', Run("here")),
        ('<a href="&#1;javascript:alert(1)">here</a>', Run("here")),
        ('<a href="/relative">there</a>', Run("there")),
        ("<a>nowhere</a>", Run("nowhere")),
    ],
)  # fmt: skip
def test_link_says_where_it_goes_or_is_none(tag, run):
    assert read_story(f"<p>{tag}</p>") == (Paragraph((run,)),)


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://a.example.org/%41?b=c&d#e", "https://a.example.org/%41?b=c&d#e"),
        ("HTTP://a.example.org", "HTTP://a.example.org"),
        ('https://a.example.org/"><b>\r\n', "https://a.example.org/%22%3E%3Cb%3E"),
        ("ftp://a.example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_web_link_is_ascii_and_goes_to_the_web(address, link):
    assert web_link(address) == link


def test_quotations_are_those_in_running_text():
    blocks = read_story(
        "<blockquote><p>a</p><p>b</p></blockquote><blockquote><ul><li>c</li></ul></blockquote>"
    )
    assert list(quotations(blocks)) == ["a b"]


@pytest.mark.parametrize("tag", ["<ul><li>a", "<blockquote>a", "<div>a", "<ul><li><blockquote>a", "<b>a"])
@pytest.mark.parametrize("depth", [4, 60, 5_000])
def test_story_nested_without_end_stays_shallow(tag, depth):
    blocks = read_story(tag * depth)
    assert repr(blocks).count("Points(") <= 3
    assert repr(blocks).count("Quote(") <= 1
    assert blocks or depth > 60


def test_list_deeper_than_three_keeps_its_points():
    (points,) = read_story("<ul><li>a" * 5)
    (a,) = points.points
    (b,) = a.lists[0].points
    assert b.lists[0].points == (point("a"), point("a"), point("a"))


TAGS = [
    "<p>", "<b>", "<li>", "</li>", "<ul>", "<a href='x:y'>", "</a>", "<blockquote>", "w ", "&#0;", "<h2>",
    "</", "<!--", "<![CDATA[",
]  # fmt: skip


@given(st.text() | st.lists(st.sampled_from(TAGS)).map("".join))
def test_any_text_gives_blocks_without_empty_or_ragged_words(html):
    for text, link in re.findall(r"Run\(text='(.*?)', link=(.*?),", repr(read_story(html))):
        assert text
        assert "  " not in text
        assert not link.startswith("'x:")
