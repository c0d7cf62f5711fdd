"""Texts in the manner of templates, and of header lines, as a digest holds them."""

import pytest
from digests import make_item, render
from hostile import fuzzed_names, vectors
from hostile_feeds import addresses_of

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


@pytest.mark.parametrize("name", ['a" <x@y.example>, evil@z.example', *fuzzed_names(20)])
def test_name_of_a_member_is_one_address(name):
    assert addresses_of(name) == ["anna@example.org"]


def test_title_with_a_header_in_it_is_one_line():
    for vector in EVERY:
        if vector.kind == "header":
            assert len(title_line(vector.text, markup=True).splitlines()) == 1
