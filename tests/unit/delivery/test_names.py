from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.names import safe_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("anna+news@example.org", "anna+news@example.org"),
        ("../../etc/passwd@x", ".._.._etc_passwd@x"),
        ("renée@example.org", "ren_e@example.org"),
        ("a" * 200, "a" * 80),
    ],
)
def test_safe_name_of_an_address(address, name):
    assert safe_name(address) == name


@given(st.text())
def test_safe_name_is_one_plain_path_part(address):
    name = safe_name(address)
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>|\0\r\n ')
