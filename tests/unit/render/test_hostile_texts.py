"""Texts in the manner of templates, and of header lines, as a digest holds them."""

from digests import make_item, render
from hostile import vectors

from newsletter.feeds.clean import read_fragment, title_line

EVERY = vectors()


def test_text_in_the_manner_of_templates_stays_text():
    chosen = [vector.text for vector in EVERY if vector.kind == "template" and "<" not in vector.text]
    assert chosen
    items = [
        make_item(title_line(text, markup=True), summary=read_fragment(text, None).summary, section=text)
        for text in chosen
    ]
    text = "".join(part for part in render(items).text if isinstance(part, str))
    assert [one for one in chosen if text.count(one) < 2] == []
