"""What processes that send through one relay share: its turns, its daily limit, its troubles."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import insert, select, update

from newsletter.delivery.forecast import RelayOutlook
from newsletter.delivery.pace import Complaint, Limits, Unused, hour_of
from newsletter.editions.standstill import RelayRest
from newsletter.store import relays as module
from newsletter.store.database import Database, epoch_now
from newsletter.store.relays import RelayStore
from newsletter.store.schema import relay_usage, relays

NONE = Unused()


class Shared:
    """A database that several processes use; each `store` is one of them."""

    def __init__(self, url):
        self.databases = []
        self.url = url
        self.database = self.open()

    def open(self) -> Database:
        self.databases.append(Database(self.url))
        return self.databases[-1]

    def store(self) -> RelayStore:
        return RelayStore(self.open())

    def now(self) -> float:
        with self.database.read() as connection:
            return connection.scalar(select(epoch_now()))

    def pass_hours(self, hours):
        """Let time go by: everything that is noted is so much older."""
        seconds = 3600 * hours
        with self.database.write() as connection:
            connection.execute(
                update(relays).values(
                    next_turn=relays.c.next_turn - seconds,
                    slowed_at=relays.c.slowed_at - seconds,
                    down_until=relays.c.down_until - seconds,
                )
            )
            connection.execute(update(relay_usage).values(hour=relay_usage.c.hour - hours))


@pytest.fixture
def shared(tables_url) -> Iterator[Shared]:
    shared = Shared(tables_url)
    yield shared
    for database in shared.databases:
        database.close()


def turns(shared, store, limits):
    """Reserve and return the moments of the turns."""
    grant = store.reserve("relay", limits, None, NONE)
    with shared.database.read() as connection:
        end = connection.scalar(select(relays.c.next_turn))
    return [end - number * grant.interval_s for number in range(grant.messages, 0, -1)]


def test_two_processes_keep_the_rate_together(shared):
    limits, stores = Limits(4), [shared.store(), shared.store()]
    moments = [moment for store in stores * 3 for moment in turns(shared, store, limits)]
    assert len(moments) == 24
    assert min(later - earlier for earlier, later in pairwise(moments)) > 0.249


def test_turns_reserved_at_the_same_moment_are_each_given_once(shared):
    limits, stores, began = Limits(200), [shared.store() for _ in range(4)], shared.now()

    def reserve(number):
        return stores[number % 4].reserve("relay", limits, None, NONE).messages

    with ThreadPoolExecutor(4) as threads:
        granted = sum(threads.map(reserve, range(20)))
    with shared.database.read() as connection:
        next_turn = connection.scalar(select(relays.c.next_turn))
    assert granted == 20 * 200
    assert next_turn - began > granted / 200 - 0.01


def test_hourly_rate_is_kept_over_a_restart(shared):
    moments = []
    for _ in range(40):  # each a process of its own that takes a turn and dies
        moments += turns(shared, shared.store(), Limits(300 / 3600))
    assert [later - earlier for earlier, later in pairwise(moments)] == pytest.approx([12] * 39)


def test_daily_limit_is_counted_before_anything_leaves(shared):
    limits, (one, other) = Limits(None, 130), (shared.store(), shared.store())
    assert one.reserve("relay", limits, None, NONE).messages == 100
    assert other.reserve("relay", limits, None, NONE).messages == 30
    assert one.reserve("relay", limits, None, NONE).messages == 0
    assert one.reserve("another", limits, None, NONE).messages == 100


def test_what_was_not_used_is_there_for_others(shared):
    limits, one = Limits(None, 100), shared.store()
    hour = one.reserve("relay", limits, None, NONE).hour
    one.settle("relay", limits, None, Unused(40, hour))
    assert shared.store().reserve("relay", limits, None, NONE).messages == 40
    assert one.reserve("relay", limits, None, Unused(3, hour)).messages == 3


@pytest.mark.parametrize(("hours", "messages"), [(0, 0), (23, 0), (24, 0), (25, 100)])
def test_no_24_hours_see_more_than_the_limit(shared, hours, messages):
    limits, store = Limits(None, 100), shared.store()
    store.reserve("relay", limits, None, NONE)
    shared.pass_hours(hours)
    assert store.reserve("relay", limits, None, NONE).messages == messages


def test_counts_of_past_days_are_forgotten(shared):
    hour = hour_of(shared.now())
    old = [{"relay": name, "hour": hour - 100, "messages": 5} for name in ("relay", "another")]
    with shared.database.write() as connection:
        connection.execute(insert(relay_usage), old)
    shared.store().reserve("relay", Limits(None, 10), None, NONE)
    with shared.database.read() as connection:
        kept = connection.execute(select(relay_usage.c.relay, relay_usage.c.messages)).all()
    assert set(kept) == {("relay", 10), ("another", 5)}


def test_complaint_slows_everybody_down_and_is_forgiven(shared):
    one, other = shared.store(), shared.store()
    grant = one.reserve("relay", Limits(14), Complaint(14, 0), NONE)
    assert grant.slowed
    assert 7 <= grant.rate < 10
    grant = other.reserve("relay", Limits(14), Complaint(14, 0), NONE)  # of the same moment
    assert 7 <= grant.rate < 10
    shared.pass_hours(1)
    grant = other.reserve("relay", Limits(14), None, NONE)
    assert (grant.rate, grant.slowed) == (14, False)


def test_complaint_that_is_only_noted_counts_too(shared):
    shared.store().settle("relay", Limits(), Complaint(40, 0), NONE)
    assert 20 <= shared.store().reserve("relay", Limits(), None, NONE).rate < 30


def test_clock_that_was_set_back_makes_nobody_wait(shared):
    limits, store = Limits(4), shared.store()
    store.reserve("relay", limits, None, NONE)
    shared.pass_hours(-1)
    assert store.reserve("relay", limits, None, NONE).first_in_s == 0


def test_outlook_says_what_a_relay_takes_from_now_on(shared):
    store, limits = shared.store(), Limits(10, 100)
    assert store.outlook("relay", limits) == RelayOutlook("relay", 10, 100, 100)
    store.reserve("relay", limits, Complaint(10, 0), NONE)
    outlook = store.outlook("relay", limits)
    assert outlook.left_today == 95
    assert 5 <= outlook.rate < 8
    assert store.outlook("relay", Limits(None, 3)).left_today == 0
    assert store.outlook("another", Limits()) == RelayOutlook("another")


def test_relay_rests_until_its_daily_limit_has_room(shared):
    store, limits = shared.store(), Limits(None, 100)
    store.settle("relay", limits, None, NONE)
    hour = hour_of(shared.now())
    with shared.database.write() as connection:
        for ago, messages in ((23, 30), (5, 60), (0, 40)):
            connection.execute(insert(relay_usage).values(relay="relay", hour=hour - ago, messages=messages))
    assert store.rest("relay", Limits(None, 131)) == RelayRest("relay")
    full_until = store.rest("relay", limits).full_until.timestamp()
    assert full_until == (hour - 5 + 25) * 3600  # the first hour alone makes no room


def rest_s(shared) -> float:
    """Return for how long the relay is left alone."""
    until = shared.store().rest("relay", Limits()).down_until
    return until.timestamp() - shared.now() if until else 0


def test_relay_that_cannot_be_reached_is_left_alone_longer_each_time(shared):
    store, pauses = shared.store(), []
    for _ in range(6):
        pauses.append(store.down("relay", "no answer"))
        shared.pass_hours(2)
    assert pauses == [300, 600, 1200, 2400, 4000, 4000]


def test_connections_that_fail_together_count_once(shared):
    one, other = shared.store(), shared.store()
    one.down("relay", "no answer")
    assert 100 < other.down("relay", "no answer") <= 300
    assert 100 < rest_s(shared) <= 300
    shared.pass_hours(1)
    assert rest_s(shared) == 0
    assert other.down("relay", "no answer") == 600


def test_relay_that_was_reached_begins_anew(shared):
    store = shared.store()
    store.down("relay", "no answer")
    store.up("relay")
    store.up("another")
    assert [store.rest(name, Limits()) for name in ("relay", "another")] == [
        RelayRest("relay"),
        RelayRest("another"),
    ]
    assert store.down("relay", "no answer") == 300


def test_clock_that_was_set_back_keeps_no_relay_down(shared):
    store = shared.store()
    store.down("relay", "no answer")
    shared.pass_hours(-48)
    assert rest_s(shared) > module._LONGEST_PAUSE_S - 100
