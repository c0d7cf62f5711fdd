"""Run: one process's sending of an edition, from its first connection to the last, whatever ends it."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from newsletter.delivery.judge import judge
from newsletter.delivery.shares import Shares
from newsletter.delivery.types import Claim, DeliveryStatus, Reply, SendProgress, Stage, Verdict
from newsletter.delivery.window import closes_at, next_opening, open_at
from newsletter.editions.types import DeliveryCounts, Edition
from newsletter.store.deliveries import DeliveryStore
from newsletter.workflows.course import Course
from newsletter.workflows.dispatch import Dispatch
from newsletter.workflows.ledger import Ledger
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project
from newsletter.workflows.stock import Stock
from newsletter.workflows.tools import Tools
from newsletter.workflows.verp import sending_verp
from newsletter.workflows.way import Way

_BATCH = 200
_SOON_S = 10.0
#: How often we look whether another sender of the same edition still lives.
_FIRST_WATCH_S, _LONGEST_WATCH_S = 1.0, 10.0
_TELL_S = 0.25
#: The rate that is shown is that of the last few seconds.
_RATE_S = 5.0


class Run:
    """Sends what is pending, and watches over another sender that holds the rest.

    interrupted: a person stopped it; cut_off: it ended with messages in hand; closed_until: the hours for
    sending ended, and begin again then.
    """

    def __init__(
        self,
        project: Project,
        edition: Edition,
        ways: Sequence[Way],
        store: DeliveryStore,
        on_progress: Callable[[SendProgress], None],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.interrupted = False
        self.cut_off = False
        self.closed_until: datetime | None = None
        self._project = project
        self._edition = edition
        self._ways = ways
        self._store = store
        newsletter = project.config.newsletter(edition.id.newsletter)
        self._window = newsletter.window
        self._zone = ZoneInfo(newsletter.timezone)
        self._on_progress = on_progress
        self._clock = clock
        self._began = clock()
        self._dice = dice
        self._retry_age = newsletter.retry_for

    async def until_nothing_is_pending(self) -> None:
        """Run to the end; a second signal cuts it off."""
        gc.freeze()  # what is here now stays: nothing of it is worth being looked through again and again
        self.course = Course()
        ledger = Ledger(self._store, sum(way.connections for way in self._ways))
        messages = MessageMaker(
            self._project, self._edition, self._project.editions.rendered, sending_verp(self._project)
        )
        tools = Tools(
            self.course,
            Stock(ledger, self._edition, self._batch(), self._clock),
            ledger,
            messages,
            Shares({way.name: way.weight for way in self._ways}),
            self._judge,
            self._clock,
        )
        for way in self._ways:
            way.throttle.use(lambda call: ledger.run(lambda _: call()))
        self.dispatch = Dispatch(self._edition, tools, self._ways, self._project.relays)
        task = asyncio.create_task(self._send_and_watch(ledger))
        self._heed_signals(task)
        try:
            await task
        except asyncio.CancelledError:
            self.cut_off = True
        finally:
            with suppress(Exception):  # what stopped us matters more
                await asyncio.gather(*(way.throttle.close() for way in self._ways))
            ledger.close()
            messages.close()

    async def _send_and_watch(self, ledger: Ledger) -> None:
        watch_s = _FIRST_WATCH_S
        counts = await self._counts(ledger)
        beside = [asyncio.create_task(self._tell(counts)), asyncio.create_task(self._close_in_time())]
        try:
            while await self._open():
                try:
                    await self.dispatch.run()
                finally:
                    await self._take_back(ledger)
                counts = await self._counts(ledger)
                if self.dispatch.over or not counts.pending + counts.sending:
                    return
                await self.course.wait(watch_s)
                watch_s = min(watch_s * 2, _LONGEST_WATCH_S)
                await ledger.run(self._recover)
        finally:
            for task in beside:
                task.cancel()

    async def _take_back(self, ledger: Ledger) -> None:
        """Let those wait again who were refused for a reason that was not theirs."""
        refused, self.course.refused_for_us = self.course.refused_for_us, set()
        if refused:
            self.course.done[DeliveryStatus.REFUSED] -= await ledger.run(
                lambda store: store.take_back(refused, self._began)
            )

    def _recover(self, store: DeliveryStore) -> None:
        neighbours = self._project.workers.neighbours()
        store.recover(self._edition, neighbours.dead, self._clock(), alive=neighbours.alive)

    async def _counts(self, ledger: Ledger) -> DeliveryCounts:
        return await ledger.run(lambda _: self._project.editions.counts(self._edition))

    async def _open(self) -> bool:
        now = self._clock()
        if open_at(self._window, now, self._zone):
            return True
        self._close(now)
        return False

    async def _close_in_time(self) -> None:
        closing = closes_at(self._window, self._clock(), self._zone)
        while closing:
            now = self._clock()
            if now >= closing:
                self._close(now)
                return
            await asyncio.sleep(min(60, (closing - now).total_seconds()))  # clocks are set, machines sleep

    def _close(self, now: datetime) -> None:
        self.closed_until = next_opening(self._window, now, self._zone)
        self.course.stop()

    def _batch(self) -> int:
        """Return how many deliveries to claim at once: who leaves after the claim still gets the mail."""
        soon = [way.throttle.in_time(_SOON_S) for way in self._ways]
        return _BATCH if None in soon else min(_BATCH, sum(filter(None, soon)))

    def _judge(
        self, reply: Reply | None, stage: Stage, claim: Claim, began: datetime, now: datetime
    ) -> Verdict:
        first_try = claim.first_try or began
        return judge(
            reply,
            stage,
            claim.attempts,
            first_try,
            now,
            retry_age=self._retry_age,
            jitter=self._dice(),
        )

    async def _tell(self, counts: DeliveryCounts) -> None:
        """Say again and again how far it is."""
        loop = asyncio.get_running_loop()
        total = counts.pending + counts.sending
        past = [(loop.time(), 0)]
        while True:
            await asyncio.sleep(_TELL_S)
            done = sum(self.course.done.values())
            past.append((loop.time(), done))
            past = [entry for entry in past if entry[0] > past[-1][0] - _RATE_S]
            (since, before), (now, _) = past[0], past[-1]
            rate_s = (done - before) / (now - since) if done > before else None
            progress = self.dispatch.progress(max(0, total - done), rate_s)
            self._on_progress(replace(progress, stopping=self.interrupted))

    def _heed_signals(self, task: asyncio.Task[None]) -> None:
        """Stop gently on the first signal and at once on the second."""

        def stop() -> None:
            if self.interrupted:
                task.cancel()
            self.interrupted = True
            self.course.stop()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
                loop.add_signal_handler(number, stop)
