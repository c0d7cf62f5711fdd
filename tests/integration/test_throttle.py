"""What a line of the dispatch uses to keep a relay's pace, in an event loop whose time flies."""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter

import pytest

from newsletter.delivery.pace import Limits, RelayState, grant_turns, slower
from newsletter.delivery.types import DeliveryStatus, Scope, Verdict
from newsletter.errors import StoreBusy, StoreError
from newsletter.store.database import Database
from newsletter.store.relays import RelayStore
from newsletter.workflows.loop import run_in_loop
from newsletter.workflows.throttle import Throttle

SENT = Verdict(Scope.RECIPIENT, DeliveryStatus.SENT)
CLOSING = Verdict(Scope.LINK, DeliveryStatus.PENDING, slow_down=True)
LATER = Verdict(Scope.RECIPIENT, DeliveryStatus.DEFERRED, slow_down=True)
REFUSED = Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED)


class FlyingSelector(selectors.DefaultSelector):
    """Waits for nothing: what would be waited for has gone by."""

    now = 1000.0

    def select(self, timeout=None):
        self.now += timeout or 0
        return super().select(0)


class FlyingLoop(asyncio.SelectorEventLoop):
    """An event loop in which time only goes by when everybody waits for it."""

    def __init__(self):
        self.flying = FlyingSelector()
        super().__init__(self.flying)

    def time(self):
        return self.flying.now


class Book:
    """The book of a relay with a limit of messages, in memory; faults are raised first."""

    def __init__(self, clock, left=None):
        self.clock, self.left = clock, left
        self.state, self.faults, self.reserved = RelayState(), [], 0

    def reserve(self, relay, limits, complaint, unused):
        self.reserved += 1
        if self.faults:
            raise self.faults.pop()
        self.settle(relay, limits, complaint, unused)
        self.state, grant = grant_turns(self.state, limits, self.clock(), self.left)
        if self.left is not None:
            self.left -= grant.messages
        return grant

    def settle(self, relay, limits, complaint, unused):
        if self.left is not None:
            self.left += unused.messages
        if complaint:
            self.state = slower(self.state, limits, complaint, self.clock())


class Scene:
    """A throttle in a loop whose time flies."""

    def __init__(self, loop):
        self.loop = loop
        self.stopping = asyncio.Event()
        self.began = loop.time()

    def throttle(self, rate=None, left=None):
        self.book = Book(self.loop.time, left)
        throttle = Throttle("relay", Limits(rate, left), self.book, self.loop.time)
        throttle.use(self.run)
        return throttle

    async def run(self, call):
        await asyncio.sleep(0.01)
        return call()

    @property
    def seconds(self):
        return self.loop.time() - self.began

    async def send(self, throttle, messages):
        """Send so many as fast as turns come; return the seconds that each left after."""
        left = []
        while len(left) < messages and (throttle.take() or await throttle.wait(self.stopping)):
            left.append(self.seconds)
            throttle.noticed(SENT)
        return left


@pytest.fixture
def flying():
    """Run a scenario in a loop of its own."""

    def run(scenario):
        with asyncio.Runner(loop_factory=FlyingLoop) as runner:
            loop = runner.get_loop()
            return runner.run(scenario(Scene(loop)))

    return run


def test_nothing_is_waited_for_where_nothing_is_limited(flying):
    async def scenario(scene):
        throttle = scene.throttle()
        left = await scene.send(throttle, 1000)
        return throttle, left, scene.book.reserved

    throttle, left, reserved = flying(scenario)
    assert len(left) == 1000
    assert left[-1] < 0.1
    assert reserved == 1
    assert (throttle.rate_now, throttle.slowed, throttle.in_time(10)) == (None, False, None)


def test_way_of_its_own_needs_no_book():
    assert Throttle().take()


@pytest.mark.parametrize(("rate", "messages"), [(0.5, 5), (14, 100), (400, 5000)])
def test_messages_leave_at_the_rate(flying, rate, messages):
    left = flying(lambda scene: scene.send(scene.throttle(rate), messages))
    assert left[-1] - left[0] == pytest.approx((messages - 1) / rate, rel=0.01)
    in_a_second = Counter(int(moment) for moment in left)
    assert max(in_a_second.values()) <= rate * 1.25 + 1


def test_many_lines_take_turns(flying):
    async def scenario(scene):
        throttle = scene.throttle(10)
        shares = await asyncio.gather(*(scene.send(throttle, 10) for _ in range(16)))
        return shares, scene.seconds

    shares, seconds = flying(scenario)
    assert sum(map(len, shares)) == 160
    assert seconds == pytest.approx(16, rel=0.02)


def test_waiting_ends_at_once_when_stopped(flying):
    async def scenario(scene):
        throttle = scene.throttle(1 / 3600)
        await throttle.wait(scene.stopping)
        waiting = [asyncio.create_task(throttle.wait(scene.stopping)) for _ in range(3)]
        scene.loop.call_later(5, scene.stopping.set)
        return await asyncio.gather(*waiting), scene.seconds

    assert flying(scenario) == ([False] * 3, pytest.approx(5, abs=0.1))


def test_daily_limit_ends_the_waiting(flying):
    async def scenario(scene):
        throttle = scene.throttle(left=150)
        left = await scene.send(throttle, 1000)
        return len(left), throttle.exhausted, throttle.take()

    assert flying(scenario) == (150, True, False)


def test_turn_that_was_not_used_comes_back(flying):
    async def scenario(scene):
        throttle = scene.throttle(2)
        await throttle.wait(scene.stopping)
        throttle.give_back()
        return throttle.take(), throttle.take()

    assert flying(scenario) == (True, False)


def test_closing_gives_back_what_was_not_used(flying):
    async def scenario(scene):
        throttle = scene.throttle(left=150)
        await scene.send(throttle, 30)
        throttle.give_back()
        await throttle.close()
        await throttle.close()
        return scene.book.left, throttle.take()

    assert flying(scenario) == (150 - 29, False)


def test_complaints_of_all_lines_at_once_count_once(flying):
    async def scenario(scene):
        throttle = scene.throttle()
        await scene.send(throttle, 800)
        for _ in range(16):
            throttle.noticed(CLOSING)
        assert not throttle.take()
        assert throttle.slowed
        left = await scene.send(throttle, 100)
        return throttle.rate_now, left[-1] - left[0], throttle.in_time(10)

    rate, seconds, soon = flying(scenario)
    assert 40 <= rate < 60  # 800 in ten seconds, and half of that
    assert seconds == pytest.approx(99 / rate, rel=0.3)
    assert soon == int(10 * rate)


def test_turns_that_come_back_during_a_complaint_are_no_burst(flying):
    async def scenario(scene):
        throttle = scene.throttle(100)
        for _ in range(8):
            await throttle.wait(scene.stopping)
        throttle.noticed(LATER)
        for _ in range(8):
            throttle.give_back()
        assert not throttle.take()
        await throttle.wait(scene.stopping)
        throttle.give_back()
        return throttle.take()

    assert flying(scenario) is False


def test_complaint_during_the_asking_for_turns_is_heeded(flying):
    async def scenario(scene):
        throttle = scene.throttle()
        waiting = asyncio.create_task(throttle.wait(scene.stopping))
        await asyncio.sleep(0)
        throttle.noticed(CLOSING)
        assert await waiting
        return throttle.slowed, throttle.rate_now

    slowed, rate = flying(scenario)
    assert slowed
    assert 1 <= rate < 2


@pytest.mark.parametrize("verdict", [REFUSED, Verdict(Scope.LINK, DeliveryStatus.PENDING)])
def test_other_answers_change_nothing(flying, verdict):
    async def scenario(scene):
        throttle = scene.throttle()
        await scene.send(throttle, 1)
        throttle.noticed(verdict)
        return throttle.take(), throttle.slowed

    assert flying(scenario) == (True, False)


def test_complaint_is_noted_when_nobody_sends_any_more(flying):
    async def scenario(scene):
        throttle = scene.throttle(14)
        await scene.send(throttle, 1)
        throttle.noticed(CLOSING)
        await throttle.close()
        return scene.book.state.rate

    assert flying(scenario) == pytest.approx(7)


def test_busy_book_is_waited_for(flying):
    async def scenario(scene):
        throttle = scene.throttle(14)
        await scene.send(throttle, 1)
        throttle.noticed(CLOSING)
        scene.book.faults = [StoreBusy("locked"), StoreBusy("locked")]
        return await throttle.wait(scene.stopping), scene.book.state.rate

    assert flying(scenario) == (True, pytest.approx(7))


def test_broken_book_stops_the_sending(flying):
    async def scenario(scene):
        throttle = scene.throttle(14)
        scene.book.faults = [StoreError("disk full")]
        with pytest.raises(StoreError, match="disk full"):
            await throttle.wait(scene.stopping)

    flying(scenario)


def test_pace_is_seen_to_drop_and_to_recover(flying):
    """10,000 members, 16 lines, and a relay that takes a hundred a minute until three minutes are over."""
    rates, taken = [], Counter()

    async def line(scene, throttle, members):
        while members:
            if not (throttle.take() or await throttle.wait(scene.stopping)):
                return
            rates.append((scene.seconds, throttle.rate_now))
            await asyncio.sleep(0.005)
            minute = int(scene.seconds // 60)
            if minute < 3 and taken[minute] >= 100:
                throttle.give_back()
                throttle.noticed(CLOSING)
                await asyncio.sleep(0.5)
            elif members:
                members.pop()
                taken[minute] += 1
                throttle.noticed(SENT)

    async def scenario(scene):
        throttle, members = scene.throttle(), [*range(10_000)]
        await asyncio.gather(*(line(scene, throttle, members) for _ in range(16)))
        return scene.seconds

    assert flying(scenario) < 10 * 60
    assert [taken[minute] for minute in range(3)] == [100, 100, 100]
    assert min(rate for seconds, rate in rates if rate and seconds < 180) < 2
    assert rates[-1][1] > 50


def test_limit_and_pace_are_shared_through_the_database(tables_url):
    def sender(database):
        return Throttle("relay", Limits(1000, 250), RelayStore(database))

    async def send(throttle, messages):
        sent, stopping = 0, asyncio.Event()
        while sent < messages and (throttle.take() or await throttle.wait(stopping)):
            sent += 1
        await throttle.close()
        return sent

    async def scenario():
        return await asyncio.gather(send(one, 100), send(other, 1000))

    databases = [Database(tables_url), Database(tables_url)]
    try:
        one, other = map(sender, databases)
        first = run_in_loop(scenario())
        assert sum(first) <= 250
        assert sum(first) + run_in_loop(send(sender(databases[0]), 1000)) == 250
    finally:
        for database in databases:
            database.close()
