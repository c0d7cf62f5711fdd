"""Turns are evenly spaced, whoever takes them."""

from __future__ import annotations

import pytest

from newsletter.delivery.pace import Pace


@pytest.mark.parametrize(
    ("pace", "waits"),
    [
        (Pace(), [0, 0, 0]),
        (Pace(30, 60), [0, 2, 4]),
        (Pace(4, 1), [0, 0.25, 0.5]),
    ],
)
def test_turns_taken_at_once_are_spread(pace, waits):
    assert [pace.reserve(100.0) for _ in waits] == waits


def test_turn_after_a_rest_comes_at_once_and_saves_nothing_up():
    pace = Pace(30, 60)
    pace.reserve(0.0)
    assert [pace.reserve(60.0), pace.reserve(60.0)] == [0, 2]


@pytest.mark.parametrize(("pace", "turns"), [(Pace(), None), (Pace(30, 60), 5), (Pace(1, 3600), 1)])
def test_turns_in_ten_seconds(pace, turns):
    assert pace.in_time(10) == turns
