"""Dispatch: claimed deliveries through several links at once, each noted before and after it leaves."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from newsletter.delivery.judge import backoff, judge
from newsletter.delivery.pace import Pace
from newsletter.delivery.replies import C421_CLOSING, C553_MAILBOX_NAME_NOT_ALLOWED
from newsletter.delivery.types import (
    Attempt,
    Claim,
    DeliveryStatus,
    Envelope,
    Link,
    Offer,
    RelayRejected,
    Reply,
    Scope,
    Stage,
    Transport,
    Verdict,
)
from newsletter.editions.types import Edition
from newsletter.errors import AddressError, StoreError, TransportError
from newsletter.store.deliveries import LEASE_S
from newsletter.workflows.ledger import Ledger
from newsletter.workflows.messages import MessageMaker

_BATCH = 200
_SOON_S = 10.0
_RENEW_S = LEASE_S / 3
#: Trouble in a row of one line, or lost answers of all, after which the relay is left alone.
_PATIENCE = 5
_FIRST_PAUSE_S = 0.5
#: Links that broke at one delivery, others going through meanwhile, after which that one is put off.
_BREAKS = 3


@dataclass(slots=True)
class Way:
    """A relay and how it is used. budget: messages it may still take today, None for any number."""

    transport: Transport
    connections: int
    pace: Pace = field(default_factory=Pace)
    budget: int | None = None


@dataclass(slots=True)
class _Line:
    """One of a way's connections, opened again when it breaks. troubles: how often in a row it did."""

    way: Way
    link: Link | None = None
    troubles: int = 0

    async def close(self) -> None:
        link, self.link = self.link, None
        if link:
            await link.close()


class Dispatch:
    """Sends what is pending of one edition until nothing is, or until it is stopped.

    problem: why it stopped before the end; exhausted: relays that take no more today; done: outcomes by
    status so far; cut_off: it was ended with messages in hand.
    """

    def __init__(
        self,
        edition: Edition,
        ledger: Ledger,
        messages: MessageMaker,
        ways: Sequence[Way],
        on_outcome: Callable[[], None] = lambda: None,
    ) -> None:
        self.problem: Exception | None = None
        self.exhausted: set[str] = set()
        self.cut_off = False
        self.done: Counter[DeliveryStatus] = Counter()
        self._edition = edition
        self._ledger = ledger
        self._messages = messages
        self._ways = ways
        self._on_outcome = on_outcome
        self._claims: deque[Claim] = deque()
        self._claiming = asyncio.Lock()
        # Who leaves after the claim still gets the mail: claim no more than what is sent soon.
        soon = [way.pace.in_time(_SOON_S) for way in ways]
        self._batch = _BATCH if None in soon else min(_BATCH, sum(filter(None, soon)))
        self._stopping = asyncio.Event()
        self._lost_answers = 0
        self._ever_linked = False
        #: By delivery: how often a link broke at it, and how many others were done by then.
        self._broken: dict[int, tuple[int, int]] = {}

    async def run(self) -> None:
        """Serve all links until there is nothing left to do; raises what the store raises."""
        renewing = asyncio.create_task(self._renew())
        try:
            async with asyncio.TaskGroup() as links:
                for way in self._ways:
                    for _ in range(way.connections):
                        links.create_task(self._serve(way))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            self._claims.clear()
        await self._ledger.run(lambda store: store.release(self._edition))

    @property
    def stopped(self) -> bool:
        """Whether it came to an end before its time."""
        return self._stopping.is_set() or all(way.budget == 0 for way in self._ways)

    async def pause(self, seconds: float) -> None:
        """Wait, or less where it is stopped meanwhile."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def stop(self, problem: Exception | None = None) -> None:
        """Let every link finish the message in its hands and begin no other."""
        self.problem = self.problem or problem
        self._stopping.set()

    async def _serve(self, way: Way) -> None:
        line = _Line(way)
        outcomes: list[Attempt] = []
        try:
            while True:
                if line.link is None:
                    await self._note(outcomes)  # first, so that what a broken link gave back can be claimed
                claim = await self._next_claim(way)
                if claim is None:
                    break
                if line.link is None:
                    await self._connect(line)
                if line.link is None:
                    break
                outcomes = await self._deliver(line, line.link, claim, outcomes)
        finally:
            try:
                await self._note(outcomes)
            finally:
                await line.close()

    async def _next_claim(self, way: Way) -> Claim | None:
        if self._stopping.is_set():
            return None
        async with self._claiming:
            if way.budget == 0:
                self.exhausted.add(way.transport.name)
                return None
            if not self._claims:
                now = datetime.now(UTC)
                self._claims.extend(
                    await self._ledger.run(lambda s: s.claim(self._edition, self._batch, now))
                )
            claim = self._claims.popleft() if self._claims else None
            if claim and way.budget is not None:
                way.budget -= 1
        if claim and (wait_s := way.pace.reserve(asyncio.get_running_loop().time())) > 0:
            await self.pause(wait_s)
        return None if self._stopping.is_set() else claim

    async def _connect(self, line: _Line) -> None:
        """Open the line's link, trying again while others were open before; none is open when we stop."""
        while line.link is None and not self._stopping.is_set():
            try:
                line.link = await line.way.transport.connect()
            except TransportError as fault:
                if isinstance(fault, RelayRejected) or not self._ever_linked:
                    self.stop(fault)
                else:
                    await self._trouble(line, fault)
            else:
                self._ever_linked = True

    async def _deliver(self, line: _Line, link: Link, claim: Claim, outcomes: list[Attempt]) -> list[Attempt]:
        """Send one delivery; return what is still to be noted. A link that is in doubt is closed."""
        began = datetime.now(UTC)
        envelope, content = self._messages.delivery(claim, began)
        try:
            offer = await _offer(link, envelope)
        except TransportError as fault:
            outcomes.append(self._outcome(line.way, claim, began, Stage.MAIL, note=str(fault)))
            await self._trouble(line, fault)
            return outcomes
        if offer.reply:
            await self._note(outcomes)
            outcome = self._outcome(line.way, claim, began, offer.stage, offer.reply)
            await self._after_reply(line, outcome)
            return [outcome]
        if not await self._ledger.note(outcomes, claim):
            await line.close()  # our lease ran out: another worker has it now
            return []
        try:
            reply = await link.hand_over(content)
        except TransportError as fault:
            await line.close()
            self._count_lost_answer(fault)
            return [self._outcome(line.way, claim, began, Stage.CONTENT, note=str(fault))]
        self._lost_answers = 0
        outcome = self._outcome(line.way, claim, began, Stage.CONTENT, reply)
        await self._after_reply(line, outcome)
        return [outcome]

    def _outcome(
        self,
        way: Way,
        claim: Claim,
        began: datetime,
        stage: Stage,
        reply: Reply | None = None,
        *,
        note: str = "",
    ) -> Attempt:
        now = datetime.now(UTC)
        verdict = judge(reply, stage, claim.attempts, claim.first_try or began, now)
        if verdict.scope is Scope.LINK and self._breaks_links(claim):
            verdict = Verdict(
                Scope.RECIPIENT, DeliveryStatus.DEFERRED, retry_at=now + backoff(claim.attempts)
            )
        if verdict.scope is Scope.RECIPIENT:
            self.done[verdict.status] += 1
            self._on_outcome()
        return Attempt(claim, verdict, reply, way.transport.name, began, now, note)

    async def _after_reply(self, line: _Line, outcome: Attempt) -> None:
        """Go on with the link, or close it where the reply is not about this one recipient."""
        if outcome.verdict.scope is Scope.RECIPIENT:
            line.troubles = 0
            if outcome.reply and outcome.reply.code == C421_CLOSING:
                await line.close()
            return
        fault = TransportError(f"{outcome.relay}: {outcome.reply}")
        if outcome.verdict.scope is Scope.RUN:
            fault.hint = "nobody is marked; cure what the relay complains of and run the same command again"
            self.stop(fault)
            await line.close()
        else:
            await self._trouble(line, fault)

    async def _note(self, outcomes: list[Attempt]) -> None:
        if outcomes:
            await self._ledger.note(outcomes)

    async def _trouble(self, line: _Line, fault: TransportError) -> None:
        """Wait longer each time that a line fails, and give up when it goes on."""
        await line.close()
        line.troubles += 1
        if line.troubles >= _PATIENCE:
            self.stop(fault)
        else:
            await self.pause(_FIRST_PAUSE_S * 2 ** (line.troubles - 1))

    def _breaks_links(self, claim: Claim) -> bool:
        """Tell whether it is this delivery at which links break, while others go through."""
        broke, others = self._broken.get(claim.delivery, (0, -1))
        going = sum(self.done.values())
        if going > others:
            broke += 1
        self._broken[claim.delivery] = (broke, going)
        return broke >= _BREAKS

    def _count_lost_answer(self, fault: TransportError) -> None:
        self._lost_answers += 1
        if self._lost_answers >= _PATIENCE:
            self.stop(fault)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            with suppress(StoreError):  # the next turn comes well before the leases end
                await self._ledger.run(lambda store: store.renew(self._edition))


async def _offer(link: Link, envelope: Envelope) -> Offer:
    """Offer an envelope; an address that cannot stand in a command is that recipient's refusal."""
    try:
        return await link.offer(envelope)
    except AddressError as fault:
        return Offer(Reply(C553_MAILBOX_NAME_NOT_ALLOWED, f"not sent: {fault}", "5.1.3"), Stage.RCPT)
