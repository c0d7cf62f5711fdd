"""The ledger as links use it: what several links want noted at the same moment shares one commit.

The database is only touched in a thread of its own, one call at a time, so the links never wait for each
other's disk. A link that notes an outcome together with its next `sending` leaves at most that one delivery
in doubt when the process is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from newsletter.delivery.types import Attempt, Claim
from newsletter.errors import StoreBusy
from newsletter.store.deliveries import DeliveryStore

_T = TypeVar("_T")
#: Each waits as long as the database does for a lock, half a minute as a rule.
_TRIES = 9


@dataclass(slots=True)
class _Note:
    outcomes: list[Attempt]
    sending: Claim | None
    done: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Ledger:
    """One worker's way to the deliveries. Faults of the database reach every link that waits for them."""

    def __init__(self, store: DeliveryStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._waiting: list[_Note] = []
        self._committing: asyncio.Task[None] | None = None

    async def note(self, outcomes: list[Attempt], sending: Claim | None = None) -> bool:
        """Record outcomes and mark a delivery `sending`; return when both are committed.

        outcomes: emptied when they stand.

        False means that the delivery is no longer ours and must not be sent.
        """
        note = _Note(outcomes, sending)
        self._waiting.append(note)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return await note.done

    async def run(self, call: Callable[[DeliveryStore], _T]) -> _T:
        """Run any other call on the store in the ledger's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, call, self._store)

    def close(self) -> None:
        """End the thread when it has done what it was given."""
        self._thread.shutdown()

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = [outcome for note in batch for outcome in note.outcomes]
            sending = [note.sending for note in batch if note.sending]
            try:
                marked = await self._note_patiently(outcomes, sending)
            except BaseException as fault:  # noqa: BLE001 - handed on to whoever waits
                _settle(batch, fault)
            else:
                _settle(batch, marked)
        self._committing = None

    async def _note_patiently(self, outcomes: list[Attempt], sending: list[Claim]) -> set[int]:
        """Note what happened even when somebody else writes for minutes, a large import say."""
        for _ in range(_TRIES):
            with suppress(StoreBusy):
                return await self.run(lambda store: store.note(outcomes, sending))
        return await self.run(lambda store: store.note(outcomes, sending))


def _settle(batch: list[_Note], result: set[int] | BaseException) -> None:
    for note in batch:
        if not isinstance(result, BaseException):
            note.outcomes.clear()  # they stand now, also when nobody waits for it any more
        if note.done.done():  # the link was cancelled meanwhile
            continue
        if isinstance(result, BaseException):
            note.done.set_exception(result)
        else:
            note.done.set_result(note.sending is None or note.sending.delivery in result)
