"""A line: one connection of a relay, and the deliveries that leave over it, each noted before and after."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.replies import C421_CLOSING, C553_MAILBOX_NAME_NOT_ALLOWED
from newsletter.delivery.types import (
    Attempt,
    Claim,
    DeliveryStatus,
    Link,
    Offer,
    Reply,
    Scope,
    Stage,
)
from newsletter.errors import AddressError, AnswerLost, RenderError, TransportError
from newsletter.workflows.messages import Message
from newsletter.workflows.outcomes import Outcomes
from newsletter.workflows.relay import Relay
from newsletter.workflows.tools import Tools

#: A link that is silent for longer hears from us; relays hang up after five minutes (RFC 5321 §4.5.3.2.7).
_IDLE_S = 60.0
#: How long a relay that is ahead of its share waits for the others.
_SHARE_WAIT_S = 0.05


@dataclass(frozen=True, slots=True)
class _Job:
    """A delivery in hand."""

    claim: Claim
    message: Message
    began: datetime


class Line:
    """One of a relay's connections, opened again when it breaks."""

    def __init__(self, relay: Relay, tools: Tools) -> None:
        self._relay = relay
        self._name = relay.way.name
        self._throttle = relay.way.throttle
        self._tools = tools
        self._link: Link | None = None
        #: Messages that the link took, and trouble in a row of this line.
        self._taken = 0
        self._troubles = 0
        self._outcomes = Outcomes(relay, tools)

    async def serve(self) -> None:
        """Send until nothing is left, the relay takes no more, or the course is stopped."""
        try:
            job = await self._next()
            while job:
                job = await self._deliver(job)
        finally:
            try:
                await self._outcomes.note()
            finally:
                await self._hang_up()

    async def _next(self) -> _Job | None:
        """Wait for a turn and for a delivery; a link is open then. None when the line has come to its end."""
        while True:
            await self._outcomes.note()
            if not await self._turn():
                return None
            claim = await self._tools.stock.take()
            if claim is None:
                self._throttle.give_back()
                return None
            if job := await self._take_up(claim):
                return job
            self._throttle.give_back()
            if self._link is None:
                return None

    @property
    def _over(self) -> bool:
        """Whether nothing more shall be begun here."""
        return self._tools.course.stopped or self._relay.fault is not None

    async def _turn(self) -> bool:
        course, shares = self._tools.course, self._tools.shares
        while not self._over:
            if not shares.may_take(self._name):
                await course.wait(_SHARE_WAIT_S)
            else:
                return self._throttle.take() or await self._wait_for_turn()
        return False

    async def _wait_for_turn(self) -> bool:
        """Wait, but not when nothing is left to send; keep the link awake meanwhile."""
        turn = asyncio.ensure_future(self._throttle.wait(self._tools.course.stopping))
        dry = asyncio.ensure_future(self._tools.stock.dry.wait())
        first = asyncio.FIRST_COMPLETED
        try:
            while not (await asyncio.wait({turn, dry}, timeout=_IDLE_S, return_when=first))[0]:
                await self._keep_alive()
            return turn.done() and turn.result()
        finally:
            turn.cancel()
            dry.cancel()

    async def _keep_alive(self) -> None:
        if self._link:
            try:
                await self._link.keep_alive()
            except TransportError:
                await self._hang_up()

    async def _take_up(self, claim: Claim) -> _Job | None:
        """Make a claimed delivery ready for the link; None where there is none, or where it is refused."""
        if self._link is None:
            self._link, self._taken = await self._relay.connect(), 0
        if self._link is None:
            self._tools.stock.put_back(claim)
            return None
        return await self._make(claim, self._link)

    async def _make(self, claim: Claim, link: Link) -> _Job | None:
        began = self._tools.clock()
        try:
            message = await self._tools.messages.delivery(claim, began, eight_bit=link.eight_bit)
        except RenderError as fault:  # this member's values; the others get theirs
            refusal = Reply(C553_MAILBOX_NAME_NOT_ALLOWED, f"not sent: {fault}", "5.6.0")
            self._outcomes.keep(self._outcomes.judged(claim, began, Stage.RCPT, refusal))
            return None
        return _Job(claim, message, began)

    def _put_back(self, job: _Job) -> None:
        self._throttle.give_back()
        self._tools.stock.put_back(job.claim)

    async def _deliver(self, job: _Job) -> _Job | None:
        """Send one delivery and return the next one. A link that is in doubt is closed."""
        link = self._link
        if link is None:
            if again := await self._take_up(job.claim):
                return again
            self._throttle.give_back()
            return await self._next()
        try:
            offer = await _offer(link, job)
        except TransportError as fault:
            return await self._broken(job, fault)
        if offer.reply:
            return await self._refused(job, offer.stage, offer.reply)
        following = await self._following(link)
        if not await self._outcomes.note(job.claim):  # our lease ran out, or the edition was paused
            await self._hang_up()
            self._tools.stock.forget()  # so it is with all that was claimed by then
            for _ in filter(None, (job, following)):
                self._throttle.give_back()
            return await self._next()
        await self._hand_over(link, job, following)
        self._tools.shares.took(self._name)
        return following or await self._next()

    async def _hand_over(self, link: Link, job: _Job, following: _Job | None) -> None:
        """Send what is noted as `sending`, and judge the answer."""
        content, ahead = job.message.content, following.message.envelope if following else None
        if self._tools.ledger.lease_over():  # we were stopped for long: somebody else may have it by now
            await self._hang_up()
            self._throttle.give_back()
            self._outcomes.keep(self._outcomes.judged(job.claim, job.began, Stage.DATA, None))
            return
        try:
            reply = await link.hand_over(content, ahead)
        except AnswerLost as fault:
            await self._hang_up()
            self._outcomes.keep(self._outcomes.judged(job.claim, job.began, Stage.CONTENT, None, str(fault)))
            self._tools.course.lost_answer(fault)
            await self._outcomes.note()  # to connect again may take minutes
        except TransportError as fault:
            self._outcomes.keep(self._outcomes.not_through(job.claim, job.began, fault))
            await self._trouble(fault)
        else:
            outcome = self._outcomes.judged(job.claim, job.began, Stage.CONTENT, reply)
            if outcome.verdict.scope is Scope.LINK:
                broke = TransportError(str(reply))
                self._outcomes.keep(self._outcomes.not_through(job.claim, job.began, broke))
            else:
                self._outcomes.keep(outcome)
            await self._after(outcome, reply)

    async def _following(self, link: Link) -> _Job | None:
        """Take up the delivery that leaves next on this link, if there is one that need not wait."""
        tools = self._tools
        limit = self._relay.way.messages_per_connection
        last = limit is not None and self._taken + 1 >= limit
        if last or self._over or not tools.shares.may_take(self._name):
            return None
        if not self._throttle.take():
            return None
        claim = tools.stock.take_now()
        job = await self._make(claim, link) if claim else None
        if not job:
            self._throttle.give_back()
        return job

    async def _broken(self, job: _Job, fault: TransportError) -> _Job | None:
        """Go on after a link that broke before the relay could have taken anything."""
        self._not_taken(job, fault)
        await self._trouble(fault)
        return await self._next()

    async def _refused(self, job: _Job, stage: Stage, reply: Reply) -> _Job | None:
        """Go on after a refusal, of this recipient or of more than that."""
        outcome = self._outcomes.judged(job.claim, job.began, stage, reply)
        if outcome.verdict.scope is Scope.RECIPIENT:
            self._outcomes.keep(outcome)
        else:
            self._not_taken(job, TransportError(str(reply)))
        await self._after(outcome, reply)
        return await self._next()

    def _not_taken(self, job: _Job, fault: TransportError) -> None:
        """Leave a delivery to whichever line is free next; put off one at which links break every time."""
        outcome = self._outcomes.not_through(job.claim, job.began, fault)
        if outcome.verdict.scope is Scope.RECIPIENT:
            self._outcomes.keep(outcome)
            self._throttle.give_back()
        else:
            self._put_back(job)

    async def _after(self, outcome: Attempt, reply: Reply) -> None:
        """Go on with the link, or close it where the reply is not about this one recipient."""
        self._throttle.noticed(outcome.verdict)
        if outcome.verdict.scope is Scope.RECIPIENT:
            self._troubles = 0
            if outcome.verdict.status is DeliveryStatus.SENT:
                self._taken += 1
            if reply.code == C421_CLOSING or self._taken == self._relay.way.messages_per_connection:
                await self._hang_up()
            return
        fault = TransportError(f"{outcome.relay}: {reply}")
        if outcome.verdict.scope is Scope.RUN:
            fault.hint = "nobody is marked; cure what the relay complains of, and go on"
            self._relay.give_up(fault, pause=True)
            await self._hang_up()
        else:
            await self._trouble(fault)

    async def _trouble(self, fault: TransportError) -> None:
        await self._hang_up()
        self._troubles += 1
        await self._outcomes.note()  # before the wait: nobody shall seem to be in doubt who is not
        self._tools.stock.went_back()
        await self._relay.trouble(fault, self._troubles)

    async def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link:
            self._relay.closed()
            await link.close()


async def _offer(link: Link, job: _Job) -> Offer:
    """Offer an envelope; an address that cannot stand in a command is that recipient's refusal."""
    try:
        return await link.offer(job.message.envelope)
    except AddressError as fault:
        return Offer(Reply(C553_MAILBOX_NAME_NOT_ALLOWED, f"not sent: {fault}", "5.1.3"), Stage.RCPT)
