"""The ledger as lines use it: what several lines want noted at the same moment shares one commit.

One call at a time touches the database. A note is written where the lines run as long as the disk answers at
once: to hand it to a thread, and to get the interpreter back from it, takes longer than the commit. Where
commits wait for the disk or for a server, a thread does it, and the lines go on meanwhile; so it is with all
other calls. A line that notes an outcome together with its next `sending` leaves at most that one delivery in
doubt when the process is killed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from newsletter.delivery.types import Attempt, Claim
from newsletter.errors import StoreBusy, StoreError
from newsletter.store.claims import LEASE_S
from newsletter.store.deliveries import DeliveryStore

_T = TypeVar("_T")
#: How long a note waits for somebody else's lock, a large import's say, and how often it asks.
_PATIENCE_S = 300.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.25
#: A wait that is worth a thread, as the mean of so many notes, and how many are written there then.
_LONG_S = 0.004
_MEAN_OF = 16
_IN_THREAD = 256
_RENEW_S, _AGAIN_S = LEASE_S / 3, 1.0


class _Note:
    __slots__ = ("done", "outcomes", "sending")

    def __init__(self, outcomes: list[Attempt], sending: Claim | None, done: asyncio.Future[bool]) -> None:
        self.outcomes = outcomes
        self.sending = sending
        self.done = done


class Ledger:
    """One worker's way to the deliveries. Faults of the database reach every line that waits for them.

    lines: how many note what they do.
    """

    def __init__(self, store: DeliveryStore, lines: int = 1) -> None:
        self._store = store
        self._enough = max(1, lines // 2)
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._turn = asyncio.Lock()
        #: What a note waits for disk or server where lines run, and how many are still written in the thread.
        self._wait_s = 0.0
        self._in_thread = 0
        self._waiting: list[_Note] = []
        self._committing: asyncio.Task[None] | None = None
        #: Deliveries that are marked `sending` and have no outcome yet. A lease that ends while a line waits
        #: lets us claim a delivery a second time; it is handed over once.
        self._in_hand: set[int] = set()
        #: When our leases began anew: the last time, and as of the note that was waited for last.
        self._renewed_at = self._held_since = _clock()

    async def note(self, outcomes: list[Attempt], sending: Claim | None = None) -> bool:
        """Record outcomes and mark a delivery `sending`; return when both are committed.

        outcomes: emptied when they stand.

        False means that the delivery is no longer ours and must not be sent.
        """
        renewed_at = self._renewed_at
        loop = asyncio.get_running_loop()
        note = _Note(outcomes, sending, loop.create_future())
        self._waiting.append(note)
        if self._committing is None:
            self._committing = loop.create_task(self._commit())
        noted = await note.done
        self._held_since = renewed_at
        return noted

    async def run(self, call: Callable[[DeliveryStore], _T]) -> _T:
        """Run any other call on the store in the ledger's thread."""
        async with self._turn:
            return await self._elsewhere(call)

    async def _elsewhere(self, call: Callable[[DeliveryStore], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, self._store)

    def lease_over(self) -> bool:
        """Tell whether a lease may have ended since it was noted `sending`: the process was stopped, say.

        Whoever asks at once after `note`, and sends at once, can be late by no more than a moment.
        """
        return _clock() - self._held_since > LEASE_S

    async def keep_leases(self) -> None:
        """Renew all leases again and again, until cancelled; none is held when it begins."""
        self._renewed_at, wait_s = _clock(), _RENEW_S
        while True:
            await asyncio.sleep(wait_s)
            began = _clock()
            try:
                await self.run(DeliveryStore.renew)
            except StoreError:  # the leases last for a while yet
                wait_s = _AGAIN_S
            else:
                self._renewed_at, wait_s = began, _RENEW_S

    def close(self) -> None:
        """End the thread when it has done what it was given."""
        self._thread.submit(self._store.close)
        self._thread.shutdown()

    async def _commit(self) -> None:
        while self._waiting:
            await self._gather()
            batch, self._waiting = self._waiting, []
            outcomes = [outcome for note in batch for outcome in note.outcomes]
            sending = self._not_in_hand(batch)
            try:
                marked = await self._note_patiently(outcomes, list(sending.values()))
            except BaseException as fault:  # noqa: BLE001 - handed on to whoever waits
                _settle(batch, fault)
            else:
                self._in_hand.difference_update(outcome.claim.delivery for outcome in outcomes)
                self._in_hand |= marked
                _settle(batch, {note for note in sending if sending[note].delivery in marked})
        self._committing = None

    def _not_in_hand(self, batch: list[_Note]) -> dict[_Note, Claim]:
        """Return which notes ask to send what nobody of us has in hand, each delivery once."""
        asked = {note.sending.delivery: note for note in reversed(batch) if note.sending}
        return {
            note: note.sending
            for delivery, note in asked.items()
            if note.sending and delivery not in self._in_hand
        }

    async def _gather(self) -> None:
        """Let those join who are ready by now; the other half of the lines may work while we write."""
        known = 0
        while known < len(self._waiting) < self._enough:
            known = len(self._waiting)
            await asyncio.sleep(0)

    async def _note_patiently(self, outcomes: list[Attempt], sending: list[Claim]) -> set[int]:
        """Note what happened even when somebody else writes for minutes."""
        until, pause_s = _clock() + _PATIENCE_S, _FIRST_PAUSE_S
        while True:
            try:
                async with self._turn:
                    if self._in_thread:
                        self._in_thread -= 1
                        return await self._elsewhere(lambda store: store.note(outcomes, sending))
                    return self._note_here(outcomes, sending)
            except StoreBusy:
                if _clock() > until:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _note_here(self, outcomes: list[Attempt], sending: list[Claim]) -> set[int]:
        began, used = time.perf_counter(), time.thread_time()
        try:
            return self._store.note(outcomes, sending)
        finally:
            waited_s = time.perf_counter() - began - (time.thread_time() - used)
            self._wait_s += (waited_s - self._wait_s) / _MEAN_OF
            if self._wait_s > _LONG_S:
                self._wait_s, self._in_thread = 0.0, _IN_THREAD


def _clock() -> float:
    """Return seconds that go by whatever the time of day is set to, also while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _settle(batch: list[_Note], result: set[_Note] | BaseException) -> None:
    for note in batch:
        if not isinstance(result, BaseException):
            note.outcomes.clear()  # they stand now, also when nobody waits for it any more
        if note.done.done():  # the line was cancelled meanwhile
            continue
        if isinstance(result, BaseException):
            note.done.set_exception(result)
        else:
            note.done.set_result(note.sending is None or note in result)
