from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.audiences.passages import read_body, read_passages


def test_body_is_read_block_by_block():
    fragment = (
        "<h2>Who  helps</h2><p>One <em>of</em>\xa0many<br>lines</p><blockquote><p>“Said.”</p></blockquote>"
        "<ul><li>first <a href='https://example.org'>point</a></li><li><p>second</p></li></ul>tail"
    )
    assert [(passage.kind, passage.text) for passage in read_body(fragment)] == [
        ("heading", "Who helps"),
        ("text", "One of many"),
        ("text", "lines"),
        ("text", "“Said.”"),
        ("point", "first point"),
        ("point", "second"),
        ("text", "tail"),
    ]


def test_item_without_story_is_read_from_its_summary(news):
    passages = read_passages(news("A  title", summary="All there\nis."))
    assert passages.title.text == "A title"
    assert [(passage.where, passage.text) for passage in passages.body] == [("summary", "All there is.")]


@given(st.text())
def test_body_of_any_text_is_read(text):
    for passage in read_body(text):
        assert passage.text == " ".join(passage.text.split())


def test_body_with_nul_and_lone_surrogate_is_read_to_its_end():
    assert read_body("<p>a\0b\ud800</p><p>end</p>")[-1].text == "end"
