from __future__ import annotations

import re

import pytest
from digests import NONCE, VALUES, digest_items, render
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from newsletter.render.html import inline
from newsletter.render.lines import break_lines
from newsletter.render.merge import fill

TAG = f'<a href="__web_url_0_{NONCE}__" title="one two  three" style="color:#000000; width:10px">x y</a>'


def seen(page):
    """Return what a browser makes of a page: tags, attributes, and text with white space collapsed."""
    root = lxml_html.document_fromstring(page)
    text = [re.sub(r"[ \n]+", " ", part) for part in root.itertext()]
    return [(it.tag, dict(it.attrib)) for it in root.iter()], "".join(text)


def lengths(page):
    return [len(line.encode()) for line in page.split("\n")]


def test_digest_has_lines_that_any_relay_takes_with_room_for_values():
    page = fill(render(digest_items()).html, VALUES, str)
    assert max(lengths(page)) < 700


@pytest.mark.parametrize("text", ["word " * 500, "ŵŵ " * 500, TAG * 20, f"<p>{TAG} word</p>" * 90])
def test_long_lines_are_broken_and_look_the_same(text):
    page = f"<html><body><div>{text}</div></body></html>"
    broken = break_lines(page)
    assert max(lengths(broken)) <= 600
    assert len(broken) == len(page)
    assert seen(broken) == seen(page)


def test_line_is_broken_between_attributes_before_words_are_parted():
    words = "ten words of a headline that somebody may look for"
    page = f"<td>{words}</td>" + f'<td class="x" style="{"color:#000000; " * 8}">{words}</td>' * 4
    assert max(lengths(page)) > 600
    assert break_lines(page).count(words) == 5


@pytest.mark.parametrize(
    "kept",
    [
        "<pre>{}</pre>",
        "<textarea>{}</textarea>",
        "<style>{}</style>",
        "<!--[if mso]>{}<![endif]-->",
        '<p title="{}">x</p>',
        "<p title='{}'>x</p>",
        '<p style="white-space:pre-wrap">{}</p>',
    ],
)
def test_spaces_that_matter_stay(kept):
    page = kept.format("a <b " * 200)
    assert break_lines(page).replace("<p\n", "<p ") == page


def test_short_lines_and_lines_without_a_space_stay():
    page = "<p>a b c</p>\n" + "x" * 2000 + "\n<p>d e</p>"
    assert break_lines(page) == page


def test_tokens_stay_whole():
    token = f"__member_first_name_1_{NONCE}__"
    page = inline(f"<!DOCTYPE html>\n<html><body><p>{f'Dear {token}, ' * 100}</p></body></html>")
    assert page.count(token) == 100
    assert max(lengths(page)) <= 600


@given(
    st.lists(
        st.sampled_from(["word ", "<b>", "</b>", " ", "\n", '"', "'", "<", ">", "<!--", "-->", TAG, "ŵ"])
    )
)
def test_any_text_keeps_its_words(pieces):
    page = "".join(pieces) * 8
    broken = break_lines(page)
    assert broken.replace("\n", " ") == page.replace("\n", " ")
