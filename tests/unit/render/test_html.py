from __future__ import annotations

import re

import pytest
from digests import NONCE, VALUES, digest_items, make_item, render

from newsletter.errors import MissingField, RenderError
from newsletter.render.html import inline
from newsletter.render.merge import fill
from newsletter.render.types import dump_segments, load_segments

FRAME = "<!DOCTYPE html>\n<html><head><title>x</title></head><body>\n{}\n</body></html>\n"


def test_same_input_gives_the_same_hash_whatever_the_nonce(digest):
    again = render(digest_items(), nonce="f" * 16)
    assert again == digest
    assert again.hash == digest.hash
    assert NONCE not in dump_segments(digest.html) + dump_segments(digest.text)


def test_other_items_give_another_hash(digest):
    assert render(digest_items()[1:]).hash != digest.hash


def test_segments_survive_storage(digest):
    assert load_segments(dump_segments(digest.html)) == digest.html


@pytest.mark.parametrize(
    ("body", "line", "said", "hint"),
    [
        ("{{ organistion }}", 3, "organistion", "'organisation'"),
        ("\n\n{{ member.frist_name }}", 5, "frist_name", "'first_name'"),
        ('{{ member.frist_name | fallback("x") }}', 3, "frist_name", "'first_name'"),
        ("{{ items[0].headlin }}", 3, "headlin", "'headline'"),
        ("{% for item in items %}\n{{ item.zzz }}{% endfor %}", 4, "zzz", "headline"),
        ("{% if unsubscribe_ulr %}{% endif %}", 3, "unsubscribe_ulr", "'unsubscribe_url'"),
    ],
)
def test_unknown_field_is_an_error_with_file_line_and_likely_name(own, body, line, said, hint):
    folder = own(html=FRAME.format(body), txt="x\n")
    with pytest.raises(MissingField) as fault:
        render(digest_items(), folders=[folder])
    assert (fault.value.template, fault.value.line) == (f"{folder.name}/digest.html", line)
    assert said in str(fault.value)
    assert hint in fault.value.hint


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("{% if %}", 3, "Expected an expression"),
        ("{{ title | fallbak }}", 3, "fallbak"),
        ('{% include "nothing.css" %}', 3, "nothing.css"),
        ('{% include "digest.html" %}', 3, "without end"),
        ("{{ 1 / 0 }}", 3, "division by zero"),
        ("{{ title.__class__.__mro__ }}", 3, "unsafe"),
        ("{{ items.append(1) }}", 3, "append"),
        ("{{ member }}", 3, "member.first_name"),
        ("{% if member.first_name %}{% endif %}", 3, "member.first_name"),
        ('{{ member.first_name == "Anna" }}', 3, "member.first_name"),
        ('{{ "Dear " ~ member.first_name }}', 3, "member.first_name"),
        ("{{ member.first_name | upper }}", 3, "member.first_name"),
        ('{{ title | fallback("x") }}', 3, "fallback is for merge fields"),
        ("{% filter upper %}{{ member.first_name }}{% endfilter %}", None, "filter"),
        ('<a href="{{ member.first_name }}">x</a>', None, "member.first_name"),
        ('<p style="color:{{ member.last_name }}">x</p>', None, "member.last_name"),
        ("<p onclick='{{ member.last_name }}'>x</p>", None, "member.last_name"),
        ("<style data-premailer=ignore>p { color:{{ member.last_name }} }</style>", None, "member.last_name"),
        ("<script>let name = '{{ member.last_name }}'</script>", None, "member.last_name"),
        ('{{ words.day("Monday") }}', 3, "AssertionError"),
    ],
)
def test_template_that_cannot_be_used_is_one_clear_error(own, body, line, said):
    with pytest.raises(RenderError) as fault:
        render(digest_items(), folders=[own(html=FRAME.format(body), txt="x\n")])
    assert fault.value.line == line
    assert "digest" in fault.value.template
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    "page",
    [
        "",
        " \n",
        "<!-- nothing -->",
        "<!DOCTYPE html>",
        "<frameset>",
        '<?xml version="1.0" encoding="utf-8"?><p>x',
    ],
)
def test_template_that_gives_no_page_is_an_error(own, page):
    with pytest.raises(RenderError, match=r"^digest\.html: what it gives is no HTML page$") as fault:
        render(digest_items(), folders=[own(html=page)])
    assert "<body>" in fault.value.hint


def test_text_of_an_error_says_its_cause_once(own):
    with pytest.raises(RenderError) as fault:
        render(digest_items(), folders=[own(html="{{ 1 / 0 }}")])
    assert str(fault.value).endswith("digest.html:1: division by zero")


def test_template_that_is_no_text_is_an_error(tmp_path):
    (tmp_path / "digest.txt").write_bytes(b"caf\xe9")
    with pytest.raises(RenderError, match=r"digest\.txt.*utf-8"):
        render(digest_items(), folders=[tmp_path])


def test_template_that_does_not_exist_names_the_likely_one():
    with pytest.raises(RenderError, match=r"no template 'digset\.html'") as fault:
        render(digest_items(), name="digset")
    assert fault.value.hint == "did you mean 'digest.html'?"


def test_attributes_of_members_are_fields_when_they_are_known(own):
    folder = own(txt='{{ member["job title"] | fallback("friend") }} {{ member.school }}\n')
    text = render(digest_items(), folders=[folder], member_fields=["job title", "school"]).text
    assert fill(text, {"member.job title": "", "member.school": "St Ann’s"}, str) == "friend St Ann’s\n"


def test_own_template_may_change_one_block_and_keep_the_rest(own):
    folder = own(
        html='{% extends "shipped/digest.html" %}\n'
        "{% block greeting %}<p>Hello {{ member.email }}</p>{% endblock %}"
    )
    page = fill(
        render(digest_items(), folders=[folder]).html, {**VALUES, "member.email": "a@example.org"}, str
    )
    assert "Hello a@example.org</p>" in page
    assert "Dear" not in page
    assert page.count("<h3") == 4
    assert page.startswith("<!DOCTYPE html>")


def test_own_css_takes_the_place_of_the_shipped(tmp_path):
    (tmp_path / "inline.css").write_text("h1 { color:#123456; }\n", encoding="utf-8")
    page = fill(render(digest_items(), folders=[tmp_path]).html, VALUES, str)
    assert '<h1 style="color:#123456">' in page


def test_inliner_keeps_tokens_widths_colours_and_blocks_that_it_is_told_to():
    page = inline(
        "<!DOCTYPE html>\n<html><head><style>p { color:#ffffff; width:10px; }</style>"
        '<style data-premailer="ignore">[data-ogsc] p { color:#000000 !important; }</style></head><body>'
        f'<table width="600"><tr><td><p><a href="__web_url_0_{NONCE}__">ŵ’s</a></p></td></tr></table>'
        "</body></html>"
    )
    assert f'href="__web_url_0_{NONCE}__">ŵ’s</a>' in page
    assert '<p style="color:#ffffff; width:10px">' in page
    assert '<table width="600">' in page
    assert "[data-ogsc] p { color:#000000 !important; }" in page
    assert page.startswith("<!DOCTYPE html>")


def test_nothing_is_fetched_for_a_stylesheet_that_a_template_names(own):
    link = '<link rel="stylesheet" href="https://styles.invalid/x.css">'
    page = fill(render([make_item()], folders=[own(html=FRAME.format(link), txt="x\n")]).html, {}, str)
    assert re.search(r"styles\.invalid", page)
