"""What a template that extends another writes where nobody would see it."""

from __future__ import annotations

import pytest
from digests import digest_items, render

from newsletter.errors import RenderError

EXTENDS = '{% extends "shipped/digest.html" %}\n'
LOST = {
    "block of no such name": (
        EXTENDS + "{% block foter %}<p>x</p>{% endblock %}",
        "2: shipped/digest.html has no block 'foter', so nobody would see this one",
        "did you mean 'footer'?",
    ),
    "block like no other": (
        EXTENDS + "{% block qqq %}{% endblock %}",
        "has no block 'qqq'",
        "its blocks are bar",
    ),
    "words outside": (
        EXTENDS + "\n<p>Hello</p>",
        "3: this stands outside of every block",
        "put it into a block",
    ),
    "value outside": (
        EXTENDS + "{{ title }}",
        "2: this stands outside of every block",
        "put it into a block",
    ),
}
SEEN = {
    "block of the frame": EXTENDS
    + "{% block closing %}<tr><td class='closing'><p>Seen</p></td></tr>{% endblock %}",
    "block within a block": EXTENDS
    + "{% block closing %}{% block mine %}<tr><td class='closing'><p>Seen</p></td>"
    "</tr>{% endblock %}{% endblock %}",
    "block that is called": EXTENDS
    + "{% block mine %}Seen{% endblock %}{% block greeting %}<p>{{ self.mine() }}"
    "</p>{% endblock %}",
    "comments and values": EXTENDS + "{# why #}\n\n{% set it = 'Seen' %}{% block greeting %}<p>{{ it }}</p>"
    "{% endblock %}",
}


@pytest.mark.parametrize("name", LOST)
def test_what_nobody_would_see_is_an_error_with_place_and_cure(name, own):
    source, said, cure = LOST[name]
    with pytest.raises(RenderError) as caught:
        render(digest_items(), folders=[own(html=source)])
    assert said in str(caught.value)
    assert cure in caught.value.hint


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen_is_no_error(name, own):
    rendered = render(digest_items(), folders=[own(html=SEEN[name])])
    assert any("Seen" in part for part in rendered.html if isinstance(part, str))
