"""What counts as an email address, and which spellings are one mailbox."""

from __future__ import annotations

import re

import email_validator
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.address import Address, parse_address
from newsletter.errors import AddressError


@pytest.mark.parametrize(
    ("written", "wire", "key"),
    [
        ("anna@example.org", "anna@example.org", "anna@example.org"),
        ("Alice@EXAMPLE.org", "Alice@example.org", "alice@example.org"),
        ("\talice@example.org \n", "alice@example.org", "alice@example.org"),
        ("a.b+tag@example.org", "a.b+tag@example.org", "a.b+tag@example.org"),
        ("o'neil@schools.example.co.uk", "o'neil@schools.example.co.uk", "o'neil@schools.example.co.uk"),
        ("x@bücher.de", "x@xn--bcher-kva.de", "x@xn--bcher-kva.de"),
        ("x@XN--BCHER-kva.de", "x@xn--bcher-kva.de", "x@xn--bcher-kva.de"),
        ("Jürgen@example.org", "Jürgen@example.org", "jürgen@example.org"),
        ("head@heath.test", "head@heath.test", "head@heath.test"),
        ("a@1-2.example", "a@1-2.example", "a@1-2.example"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
def test_address_keeps_the_local_part_and_compares_without_case(written, wire, key):
    assert parse_address(written) == Address(wire, key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.b@example.org", "ab@example.org"),
        ("a+news@example.org", "a@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("a@example.org", "a@mail.example.org"),
    ],
)
def test_address_of_another_mailbox_has_another_key(one, other):
    assert parse_address(one).key != parse_address(other).key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "anna.example.org",
        "@example.org",
        "anna@",
        "anna@localhost",
        "anna@printer.local",
        "anna@example.invalid",
        "anna@example.c1",
        "anna@192.0.2.1",
        "anna@[192.0.2.1]",
        "anna@ab--c.org",
        "anna@xn--.org",
        "anna@-example.org",
        "anna@example..org",
        "anna@example.org.",
        "anna@under_score.org",
        ".anna@example.org",
        "anna..b@example.org",
        '"anna b"@example.org',
        "anna b@example.org",
        "Anna <anna@example.org>",
        "<anna@example.org>",
        "anna@example.org, bob@example.org",
        "anna@example.org;bob@example.org",
        "anna@example.org)bob@evil.test",
        "alice@example.org)bob@evil.test",
        "anna@example.org@evil.test",
        "anna@example.org (work)",
        "mailto:anna@example.org?subject=x",
        "anna@example.org\r\nBcc: bob@evil.test",
        "anna\n@example.org",
        "anna@exam\rple.org",
        "anna\0@example.org",
        "anna@example.org\0",
        "anna@example.org\u2028bob@evil.test",
        "anna\u202e@example.org",
        "anna\ud800@example.org",
        f"{'a' * 65}@example.org",
        f"anna@{'b' * 64}.org",
        f"anna@{'b.' * 126}org",
    ],
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert re.search(r"[\x00-\x1f\x7f]", str(caught.value)) is None


def test_refusal_says_what_is_wrong():
    with pytest.raises(AddressError, match=r"^no @ in 'anna\.example\.org'$"):
        parse_address("anna.example.org")


def test_smtputf8_is_needed_for_the_local_part_only():
    assert parse_address("jürgen@example.org").needs_smtputf8
    assert not parse_address("x@bücher.de").needs_smtputf8


# Made of pieces, so that many are right and many are wrong by a little.
atoms = st.text("abzAZ09!#$%&'*+/=?^_`{|}~-. \"(),:;<>@[\\]", min_size=1, max_size=66)
names = st.text("abzXN09-", min_size=1, max_size=65) | st.sampled_from(
    ["xn--bcher-kva", "xn--", "ab--c", "a_b"]
)
tops = st.sampled_from(["org", "Example", "c1", "1", "x", "co.uk", *email_validator.SPECIAL_USE_DOMAIN_NAMES])
addresses = st.builds(
    lambda local, domain, top: f"{local}@{'.'.join([*domain, top])}", atoms, st.lists(names, max_size=5), tops
)


def judged_by_the_library(text: str) -> str | None:
    """Return the key that email-validator's answer gives; None when it refuses."""
    try:
        found = email_validator.validate_email(
            text.strip(), check_deliverability=False, test_environment=True, strict=True
        )
    except email_validator.EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}".lower()


def judged_by_us(text: str) -> str | None:
    try:
        return parse_address(text).key
    except AddressError:
        return None


@given(addresses | st.emails())
@example("a@b.local")
@example("a@b.C1")
@example("a@ab--c.org")
def test_fast_path_agrees_with_email_validator(text):
    assert judged_by_us(text) == judged_by_the_library(text)


@given(st.text() | st.builds("{}@{}".format, st.text(), st.text()) | addresses)
def test_any_text_is_an_address_or_refused(text):
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(address.text) == address
    assert address.text.count("@") == 1
    assert not re.search(r"[\s\x00-\x1f\x7f<>,;()\"]", address.text)
