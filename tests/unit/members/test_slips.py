"""Addresses that are one slip of the keyboard away."""

from __future__ import annotations

import pytest

from newsletter.members.slips import one_slip_away


@pytest.mark.parametrize(
    "typed",
    ["ana@x.org", "annaa@x.org", "amna@x.org", "nana@x.org", "anna@x.ogr", "annax.org", "nna@x.org"],
)
def test_what_was_meant_is_among_what_is_one_slip_away(typed):
    assert "anna@x.org" in set(one_slip_away(typed))


def test_what_is_further_away_is_not():
    assert "anna@x.org" not in set(one_slip_away("nan@x.org"))


def test_endless_text_is_not_worked_on():
    assert list(one_slip_away("a" * 101)) == []
