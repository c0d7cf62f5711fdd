"""Several relays get messages by their weights."""

from __future__ import annotations

from collections import Counter
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.shares import Shares


def deal(shares, asking, messages):
    """Give messages to whoever asks, in this order again and again, while they may take one."""
    taken = Counter()
    for name in islice(asking, 100 * messages):
        if taken.total() == messages:
            break
        if shares.may_take(name):
            shares.took(name)
            taken[name] += 1
    return taken


@pytest.mark.parametrize("weights", [{"a": 1}, {"a": 1, "b": 1}, {"a": 5, "b": 5}])
def test_equal_weights_bind_nobody(weights):
    assert deal(Shares(weights), cycle("a"), 1000) == {"a": 1000}


@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=4),
    st.lists(st.integers(0, 3), min_size=1, max_size=20),
)
def test_each_relay_gets_its_share_however_eager_the_others_are(weights, eager):
    names = [f"relay {number}" for number in range(len(weights))]
    shares = Shares(dict(zip(names, weights, strict=True)))
    asking = cycle([*(names[number % len(names)] for number in eager), *names])
    taken = deal(shares, asking, 2000)
    assert taken.total() == 2000
    if len(set(weights)) > 1:
        for name, weight in zip(names, weights, strict=True):
            assert taken[name] == pytest.approx(
                2000 * weight / sum(weights), abs=8 * len(weights) + sum(weights)
            )


def test_relay_that_is_furthest_behind_may_always_take_one():
    shares = Shares({"a": 3, "b": 1})
    assert deal(shares, cycle("a"), 1000).total() < 20
    assert shares.may_take("b")


def test_share_of_a_relay_that_is_down_goes_to_the_others():
    shares = Shares({"a": 3, "b": 1})
    shares.down("b")
    assert deal(shares, cycle("a"), 1000) == {"a": 1000}


def test_relay_that_comes_back_makes_nothing_up():
    shares = Shares({"a": 3, "b": 1})
    shares.down("b")
    deal(shares, cycle("a"), 3000)
    shares.up("b")
    taken = deal(shares, cycle("ab"), 400)
    assert taken["b"] == pytest.approx(100, abs=12)


def test_all_relays_down_is_no_fault():
    shares = Shares({"a": 3, "b": 1})
    shares.down("a")
    shares.down("b")
    shares.up("a")
    assert shares.may_take("a")


def test_second_round_goes_on_where_the_first_ended():
    shares = Shares({"a": 3, "b": 1})
    deal(shares, cycle("aaab"), 60)
    for name in "ab":
        shares.down(name)
    assert shares.may_take("a")  # nobody is there who could be waited for
    for name in "ab":
        shares.up(name)
    taken = deal(shares, cycle("ab"), 400)
    assert taken.total() == 400
    assert 2.5 < taken["a"] / taken["b"] < 3.5
