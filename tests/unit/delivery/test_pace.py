"""How fast a relay is sent to: turns, complaints, recovery."""

from __future__ import annotations

from itertools import pairwise

import pytest

from newsletter.delivery.pace import (
    FLOOR,
    LATE_S,
    SETTLE_S,
    Complaint,
    Limits,
    Meter,
    RelayState,
    Turns,
    grant_turns,
    hour_of,
    rate_at,
    slower,
)

NOW = 1_800_000_000.0
FREE = Limits()


def complained(state, rate, *, minute=0.0, limits=FREE, now=NOW):
    return slower(state, limits, Complaint(rate, minute), now)


def test_nothing_is_limited_where_nothing_is_set_and_nobody_complains():
    state, grant = grant_turns(RelayState(), FREE, NOW, None)
    assert (grant.messages, grant.rate, grant.slowed) == (None, None, False)
    assert state == RelayState()


@pytest.mark.parametrize(
    ("rate", "messages", "interval_s"),
    [(14, 14, 1 / 14), (0.5, 1, 2), (300 / 3600, 1, 12), (5000, 5000, 0.0002)],
)
def test_turns_are_handed_out_for_a_second_ahead(rate, messages, interval_s):
    state, grant = grant_turns(RelayState(), Limits(rate), NOW, None)
    assert (grant.messages, grant.first_in_s, grant.rate) == (messages, 0, rate)
    assert grant.interval_s == pytest.approx(interval_s)
    assert state.next_turn == pytest.approx(NOW + messages * interval_s)


@pytest.mark.parametrize(
    ("next_turn", "first_in_s"),
    [
        pytest.param(1.5, 1.5, id="others took what comes before"),
        pytest.param(-LATE_S / 2, -LATE_S / 2, id="a moment late, no turn is lost"),
        pytest.param(-3600, 0, id="a rest saves nothing up"),
        pytest.param(3600, 0, id="the clock was set back an hour"),
    ],
)
def test_next_turn_follows_the_last(next_turn, first_in_s):
    _, grant = grant_turns(RelayState(NOW + next_turn), Limits(2), NOW, None)
    assert grant.first_in_s == pytest.approx(first_in_s, abs=1e-6)


@pytest.mark.parametrize(
    ("rate", "left", "messages"),
    [(14, 5, 5), (14, 500, 14), (14, 0, 0), (14, -3, 0), (None, 5, 5), (None, 5000, 100), (None, 0, 0)],
)
def test_no_more_is_handed_out_than_is_left_today(rate, left, messages):
    state, grant = grant_turns(RelayState(), Limits(rate, 10_000), NOW, left)
    assert grant.messages == messages
    assert state.next_turn == pytest.approx(NOW + messages / rate if rate and messages else 0)


def test_turn_counts_in_the_hour_in_which_it_falls():
    before = hour_of(NOW) * 3600 - 1
    _, grant = grant_turns(RelayState(before + 4), Limits(0.25, 100), before, 100)
    assert grant.hour == hour_of(NOW)


@pytest.mark.parametrize(
    ("state", "limits", "about", "rate"),
    [
        pytest.param(RelayState(), Limits(14), 14, 7, id="what was set"),
        pytest.param(RelayState(), FREE, 40, 20, id="what was measured"),
        pytest.param(RelayState(rate=1.0, slowed_at=NOW - 60), FREE, 2, 1, id="what was sent at"),
        pytest.param(RelayState(rate=1.0, slowed_at=NOW - 5), FREE, 99, 1.24 / 2, id="others slowed it down"),
        pytest.param(RelayState(), Limits(1 / 60), 1 / 60, 1 / 60, id="slower than the slowest"),
    ],
)
def test_complaint_halves_the_rate_that_it_is_about(state, limits, about, rate):
    assert rate_at(complained(state, about, limits=limits), limits, NOW) == pytest.approx(rate, rel=0.01)


def test_complaints_that_come_together_count_once():
    once = complained(RelayState(), 64)
    assert complained(once, 64, now=NOW + SETTLE_S - 0.1) == once
    assert complained(once, 64, now=NOW + SETTLE_S) != once


def test_rate_falls_no_lower_than_half_of_what_the_relay_took_in_the_last_minute():
    state = RelayState(rate=0.9, slowed_at=NOW - SETTLE_S)
    assert complained(state, 0.9, minute=100 / 60).rate == pytest.approx(100 / 60 / 2)
    assert complained(state, 0.9, minute=0.0).rate == 0.45


def test_relay_that_refuses_everything_is_asked_twice_a_minute():
    state, now = complained(RelayState(), 1000), NOW
    for _ in range(20):
        now += max(SETTLE_S, 1 / state.rate)
        state = complained(state, state.rate, now=now)
    assert state.rate == FLOOR


def test_rate_recovers_in_growing_steps_up_to_what_is_set():
    state = RelayState(rate=1.0, slowed_at=NOW)
    rates = [rate_at(state, Limits(14), NOW + quiet_s) for quiet_s in range(0, 301, 10)]
    steps = [later - before for before, later in pairwise(rates)]
    growing = steps[: rates.index(14) - 1]
    assert rates[0] == 1
    assert growing == sorted(growing)
    assert growing[0] > 0
    assert rates[-1] == 14


def test_complaint_is_forgotten_after_five_quiet_minutes():
    state = RelayState(rate=0.1, slowed_at=NOW)
    assert rate_at(state, FREE, NOW + 299) is not None
    assert rate_at(state, FREE, NOW + 300) is None
    assert rate_at(state, Limits(2), NOW + 300) == 2


def test_clock_that_was_set_back_keeps_no_relay_slow():
    state = RelayState(rate=1.0, slowed_at=NOW)
    assert rate_at(state, FREE, NOW - 3600) is None
    assert complained(state, 8, now=NOW - 3600).rate == 4


def test_turns_are_used_when_they_are_due():
    turns = Turns()
    turns.hold(2, 10.0, 5.0)
    assert [turns.wait_s(8.0), turns.take(9.9), turns.take(10.0), turns.take(10.0)] == [2, False, True, False]
    assert [turns.wait_s(11.0), turns.take(15.0), turns.wait_s(15.0), turns.take(99.0)] == [
        4,
        True,
        None,
        False,
    ]


@pytest.mark.parametrize(
    ("interval_s", "late_s", "lost"),
    [(5.0, 5.0, 0), (5.0, 5.1, 1), (5.0, 99.0, 3), (0.1, 0.3, 1), (0.0, 9.0, 0)],
)
def test_turns_that_nobody_came_for_are_lost(interval_s, late_s, lost):
    turns = Turns()
    turns.hold(3, 10.0, interval_s)
    turns.wait_s(10.0 + late_s)
    assert turns.unused == lost
    turns.give_up()
    assert turns.unused == 3
    assert turns.wait_s(10.0) is None


def test_turn_that_was_put_back_is_taken_again():
    turns = Turns()
    turns.hold(1, 10.0, 5.0)
    turns.take(10.0)
    turns.put_back()
    assert turns.take(10.1)
    assert turns.unused == 0


def test_turn_of_an_earlier_block_does_not_come_back():
    turns = Turns()
    turns.hold(1, 10.0, 5.0)
    turns.take(10.0)
    turns.give_up()  # a complaint
    turns.put_back()
    assert not turns.take(10.1)
    assert turns.unused == 1


def test_meter_tells_the_rate_of_the_last_minute():
    meter = Meter()
    assert meter.complaint(5.0, None) == Complaint(2, 0)
    for second in range(100, 200):
        meter.count(second + 0.5)
        meter.count(second + 0.7)
        meter.count(second + 0.9)
    assert meter.complaint(199.95, None) == Complaint(3, 3)
    assert meter.complaint(229.95, None) == Complaint(2, 1.5)
    assert meter.complaint(300.0, 0.7) == Complaint(0.7, 0)


def test_meter_takes_a_burst_for_no_rate():
    meter = Meter()
    for _ in range(100):
        meter.count(7.0)
    assert meter.complaint(7.1, None) == Complaint(10, 100 / 60)


class Relay:
    """Takes so many in each minute, and any number after three minutes."""

    def __init__(self, a_minute):
        self.a_minute = a_minute
        self.taken = {}

    def takes(self, second):
        minute = int(second // 60)
        if minute < 3 and self.taken.get(minute, 0) >= self.a_minute:
            return False
        self.taken[minute] = self.taken.get(minute, 0) + 1
        return True


def test_ten_thousand_members_through_a_relay_that_allows_a_hundred_a_minute_at_first():
    relay, meter, turns, state = Relay(100), Meter(), Turns(), RelayState()
    now, sent, refused, complaint, free, rates = 0.0, 0, 0, None, True, [(0, None)]
    while sent < 10_000:
        if not (free or turns.take(now)):
            wait_s = turns.wait_s(now)
            if wait_s is None:
                state = slower(state, FREE, complaint, now) if complaint else state
                state, grant = grant_turns(state, FREE, now, None)
                complaint = None
                turns.hold(grant.messages, now + grant.first_in_s, grant.interval_s)
                rates.append((now, grant.rate))
            now += (wait_s or 0) + 1e-6
            continue
        now += 0.001
        if relay.takes(now):
            sent += 1
            meter.count(now)
        else:
            refused += 1
            if complaint is None:
                complaint, free = meter.complaint(now, rates[-1][1]), False
                turns.give_up()
    assert [relay.taken[minute] for minute in range(3)] == [100, 100, 100]  # all that it would take
    assert refused < 300
    assert min(rate for at, rate in rates[1:] if at < 180) < 100 / 60
    assert rates[-1][1] > 50
    assert now < 10 * 60
