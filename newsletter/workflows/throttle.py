"""Throttle: one process's share of what a relay takes, as the lines of a dispatch use it.

Turns come from the relay's book, which all processes share, a second's worth at a time, and are used here
without asking anyone. A complaint counts at once: the turns that were held are given up, and the next ones
come at half the rate. Where nothing is limited and nobody complained, a turn costs one look at a flag.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from newsletter.delivery.pace import (
    SETTLE_S,
    Complaint,
    Grant,
    Limits,
    Meter,
    RelayBook,
    RelayState,
    Turns,
    Unused,
    grant_turns,
    slower,
)
from newsletter.delivery.types import DeliveryStatus, Verdict
from newsletter.errors import StoreBusy, StoreError

_T = TypeVar("_T")
_NOTHING = Unused()
_UNLIMITED = Limits()


class RunInStore(Protocol):
    """Runs a call on the store where such calls belong: in the ledger's thread."""

    def __call__(self, call: Callable[[], _T], /) -> Awaitable[_T]:
        """Return what the call returns, or raise what it raises."""
        ...


class Throttle:
    """How fast one relay may be sent to by this process.

    Without a book the relay has no limits and nobody else uses it. exhausted: it takes no more today.
    clock: the event loop's, which never goes back.
    """

    def __init__(
        self,
        relay: str = "",
        limits: Limits = _UNLIMITED,
        book: RelayBook | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.exhausted = False
        self._relay = relay
        self._limits = limits
        self._book = book or _OwnBook(clock)
        self._clock = clock
        self._run: RunInStore = asyncio.to_thread
        self._free = book is None  # else the book is asked first what is known of the relay
        self._rate = limits.rate
        self._slowed = False
        self._turns = Turns()
        self._hour = 0
        self._meter = Meter()
        self._complaint: Complaint | None = None
        self._complained_at = float("-inf")
        self._queue = asyncio.Lock()

    def use(self, run_in_store: RunInStore) -> None:
        """Ask the book in the given way from now on; before, a thread of its own does."""
        self._run = run_in_store

    @property
    def rate_now(self) -> float | None:
        """Messages a second at which the relay is sent to at present; None for as many as it takes."""
        return self._rate

    @property
    def slowed(self) -> bool:
        """Whether that is less than the configuration allows, because the relay asked for it."""
        return self._slowed

    def in_time(self, seconds: float) -> int | None:
        """Return how many messages may leave in so many seconds, at least one; None for any number."""
        return None if self._rate is None else max(1, int(seconds * self._rate))

    def take(self) -> bool:
        """Take a turn if one is due at this moment and at hand."""
        return self._free or self._turns.take(self._clock())

    async def wait(self, stopping: asyncio.Event) -> bool:
        """Take the next turn when it comes; False when stopped before, or when the relay takes no more today.

        Raises StoreError when the book cannot be asked; while it is busy, we wait.
        """
        async with self._queue:
            while not stopping.is_set():
                if self.take():
                    return True
                wait_s = self._turns.wait_s(self._clock())
                if wait_s is None:
                    await self._fetch()
                    if self.exhausted:
                        return False
                elif wait_s:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stopping.wait(), wait_s)
        return False

    def give_back(self) -> None:
        """Let somebody else use the turn that was taken: no message left.

        While the relay wants less, the next attempt waits for the next turn all the same: it is asked often
        enough.
        """
        if self._slowed:
            self._turns.lose()
        elif not self._free:
            self._turns.put_back()

    def noticed(self, verdict: Verdict) -> None:
        """Heed what a relay's answer says about the pace."""
        now = self._clock()
        if verdict.slow_down:
            self._slow_down(now)
        elif verdict.status is DeliveryStatus.SENT:
            self._meter.count(now)

    async def close(self) -> None:
        """Give back what was not used, and note a complaint that is not in the book yet."""
        self._turns.give_up()
        complaint, unused = self._to_note()
        if complaint or unused.messages:
            await self._run(lambda: self._book.settle(self._relay, self._limits, complaint, unused))

    def _slow_down(self, now: float) -> None:
        if now - self._complained_at < SETTLE_S:
            return  # said by several links at once, or of what was on its way
        self._complained_at = now
        self._complaint = self._meter.complaint(now, self._rate)
        self._free = False
        self._slowed = True
        self._turns.give_up()

    async def _fetch(self) -> None:
        complaint, unused = self._to_note()
        try:
            grant = await self._run(lambda: self._book.reserve(self._relay, self._limits, complaint, unused))
        except StoreError as fault:
            self._complaint = self._complaint or complaint
            self._turns.unused += unused.messages
            if not isinstance(fault, StoreBusy):
                raise
        else:
            self._hold(grant)

    def _to_note(self) -> tuple[Complaint | None, Unused]:
        complaint, self._complaint = self._complaint, None
        unused, self._turns.unused = self._turns.unused, 0
        return complaint, _NOTHING if self._limits.daily is None else Unused(unused, self._hour)

    def _hold(self, grant: Grant) -> None:
        self._rate, self._slowed, self._hour = grant.rate, grant.slowed, grant.hour
        self.exhausted = grant.messages == 0
        self._free = grant.messages is None
        self._turns.hold(grant.messages or 0, self._clock() + grant.first_in_s, grant.interval_s)
        if self._complaint:  # it came while the book was asked
            self._free, self._slowed = False, True
            self._turns.give_up()


class _OwnBook:
    """The book of a relay that nobody else uses, forgotten with the process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._state = RelayState()

    def reserve(self, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused) -> Grant:
        """Note a complaint and grant the next turns."""
        self.settle(relay, limits, complaint, unused)
        self._state, grant = grant_turns(self._state, limits, self._clock(), None)
        return grant

    def settle(self, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused) -> None:  # noqa: ARG002 - as the port has it
        """Note a complaint; without a daily limit nothing is to be taken back."""
        if complaint:
            self._state = slower(self._state, limits, complaint, self._clock())
