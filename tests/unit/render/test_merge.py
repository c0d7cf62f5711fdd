from __future__ import annotations

import html

import pytest
from digests import NONCE

from newsletter.render.merge import fill, merge_values
from newsletter.render.tokens import MergeFields, MergeMisuse, fallback, finalize
from newsletter.render.types import MergeField

NAME = MergeField("member.first_name", "colleague")


def test_tokens_are_of_letters_digits_and_underscores_and_cut_again():
    fields = MergeFields(NONCE, ["job title / rôle"])
    context = fields.context()
    member, leave = context["member"], context["unsubscribe_url"]
    tokens = [
        str(finalize(it)) for it in (leave, member["job title / rôle"], fallback(member["first_name"], "you"))
    ]
    assert all(token.strip("_").replace("_", "").isalnum() and token.isascii() for token in tokens)
    assert fields.cut("a{}b{}{}".format(*tokens)) == (
        "a",
        MergeField("unsubscribe_url"),
        "b",
        MergeField("member.job title / rôle"),
        MergeField("member.first_name", "you"),
    )


def test_text_without_fields_is_one_segment():
    assert MergeFields(NONCE).cut("plain __unsubscribe_url_0_0__") == ("plain __unsubscribe_url_0_0__",)
    assert MergeFields(NONCE).cut("") == ()


def test_token_that_a_filter_changed_is_noticed():
    fields = MergeFields(NONCE)
    with pytest.raises(MergeMisuse, match="filter"):
        fields.cut(str(finalize(fields.token("member.email"))).replace("email", "mail"))


@pytest.mark.parametrize("nonce", ["", "0" * 15, "G" * 16, "(.*)(.*)(.*)(.*)"])
def test_nonce_must_be_one(nonce):
    with pytest.raises(ValueError, match="nonce"):
        MergeFields(nonce)


@pytest.mark.parametrize(
    ("value", "text", "page"),
    [
        ("Anna", "Anna", "Anna"),
        ("", "colleague", "colleague"),
        (None, "colleague", "colleague"),
        (" \r\n\t ", "colleague", "colleague"),
        ("A\r\nBcc: x\x00y", "A Bcc: x y", "A Bcc: x y"),
        (
            '<b>"O\'Neill" & {{ x }}',
            '<b>"O\'Neill" & {{ x }}',
            "&lt;b&gt;&quot;O&#x27;Neill&quot; &amp; {{ x }}",
        ),
        ("\ud800 👩‍🏫 שלום", "👩‍🏫 שלום", "👩‍🏫 שלום"),
        ("__web_url__", "__web_url__", "__web_url__"),
    ],
)
def test_value_is_put_in_on_one_line_and_escaped_for_its_part(value, text, page):
    values = {} if value is None else {"member.first_name": value}
    assert fill(("Dear ", NAME, "."), values, str) == f"Dear {text}."
    assert fill(("Dear ", NAME, "."), values, html.escape) == f"Dear {page}."


def test_attributes_never_hide_what_every_member_has():
    urls = {"unsubscribe_url": "u", "preferences_url": "p", "web_url": "w"}
    values = merge_values("a@example.org", "Anna", "", {"email": "other", "school": "St Ann’s"}, **urls)
    assert values == {
        "member.email": "a@example.org",
        "member.first_name": "Anna",
        "member.last_name": "",
        "member.school": "St Ann’s",
        **urls,
    }
