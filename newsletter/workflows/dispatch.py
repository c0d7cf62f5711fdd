"""Dispatch: everything that is pending of one edition, through all lines of all relays at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from newsletter.delivery.types import SendProgress
from newsletter.editions.types import Edition, EditionStatus
from newsletter.errors import StoreError
from newsletter.store.relays import RelayStore
from newsletter.workflows.line import Line
from newsletter.workflows.relay import Relay
from newsletter.workflows.tools import Tools
from newsletter.workflows.way import Way

#: How often we look whether somebody paused or cancelled the edition.
_WATCH_S = 1.0
_WAKE_S = 60.0
#: How often a relay that is left alone looks whether others work.
_LOOK_S = 1.0


class Dispatch:
    """Sends what is pending of one edition until nothing is, or until it is stopped."""

    def __init__(self, edition: Edition, tools: Tools, ways: Sequence[Way], book: RelayStore) -> None:
        self._edition = edition
        self._tools = tools
        self._course = tools.course
        self._book = book
        self._relays = [Relay(way, tools.course) for way in ways]
        self._busy: set[str] = set()

    @property
    def exhausted(self) -> frozenset[str]:
        """Relays that take no more today."""
        return frozenset(relay.way.name for relay in self._relays if relay.way.throttle.exhausted)

    async def run(self) -> None:
        """Serve all lines until there is nothing left to do; raises what the store raises."""
        await self._look()
        beside = [
            asyncio.create_task(self._tools.ledger.keep_leases()),
            asyncio.create_task(self._watch()),
            asyncio.create_task(self._wake()),
        ]
        try:
            async with asyncio.TaskGroup() as relays:
                for relay in self._relays:
                    relays.create_task(self._use(relay))
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await self._tools.stock.close()
        for task in beside:
            if not task.cancelled():
                task.result()  # a bug stops the run
        await self._tools.ledger.run(lambda store: store.release(self._edition))

    @property
    def over(self) -> bool:
        """Whether nothing more can be sent now, whatever is pending."""
        return self._course.stopped or all(relay.way.throttle.exhausted for relay in self._relays)

    def progress(self, left: int, rate_s: float | None) -> SendProgress:
        """Say how far it is."""
        slowed = tuple(
            f"slowed to {rate * 60:,.0f}/minute by {way.name}"
            for way in (relay.way for relay in self._relays)
            if way.throttle.slowed and (rate := way.throttle.rate_now)
        )
        alone = tuple(f"without {relay.way.name}: {relay.fault}" for relay in self._relays if relay.fault)
        return SendProgress(dict(self._course.done), left, rate_s, (*slowed, *alone))

    async def _use(self, relay: Relay) -> None:
        """Serve a relay's lines; where it fails while others work, come back to it later."""
        name = relay.way.name
        while True:
            self._tools.shares.up(name)
            self._busy.add(name)
            try:
                async with asyncio.TaskGroup() as lines:
                    for _ in range(relay.way.connections):
                        lines.create_task(Line(relay, self._tools).serve())
            finally:
                self._busy.discard(name)
                self._tools.shares.down(name)
            if relay.fault is None:
                await self._tools.ledger.run(lambda _: self._book.up(name))
                return
            alone_s = await self._tools.ledger.run(lambda _: self._book.down(name, str(relay.fault)))
            if not await self._others_work(alone_s):
                return
            relay.try_again()

    async def _others_work(self, seconds: float) -> bool:
        """Wait so long while other relays work; stop where none is left that could."""
        until = asyncio.get_running_loop().time() + seconds
        while not self._course.stopped:
            if all(relay.fault or relay.way.throttle.exhausted for relay in self._relays):
                failed = [relay for relay in self._relays if relay.fault]
                self._course.stop(failed[-1].fault, pause=all(relay.pauses for relay in failed))
            elif not self._busy:
                return False
            elif asyncio.get_running_loop().time() >= until:
                return True
            else:
                await self._course.wait(_LOOK_S)
        return False

    async def _watch(self) -> None:
        """Stop when somebody else pauses, cancels or finishes the edition."""
        while True:
            await asyncio.sleep(_WATCH_S)
            with suppress(StoreError):  # those who must note something will hear of it
                await self._look()

    async def _wake(self) -> None:
        """Take up what was put off when its time has come; a run may last longer than that."""
        while True:
            await asyncio.sleep(_WAKE_S)
            now = self._tools.clock()
            with suppress(StoreError):
                await self._tools.ledger.run(lambda store: store.wake_deferred(self._edition, now))  # noqa: B023 - awaited at once
                self._tools.stock.went_back()

    async def _look(self) -> None:
        status = await self._tools.ledger.run(lambda store: store.edition_status(self._edition))
        if status is not EditionStatus.SENDING:
            self._course.stop()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first fault of a group, however deep it stands."""
    fault = group.exceptions[0]
    return _first(fault) if isinstance(fault, BaseExceptionGroup) else fault
