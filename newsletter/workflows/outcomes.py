"""Outcomes: what became of the deliveries of one line, judged, and kept until the ledger has it."""

from __future__ import annotations

from datetime import datetime

from newsletter.delivery.replies import C451_LOCAL_ERROR
from newsletter.delivery.types import Attempt, Claim, Reply, Stage
from newsletter.errors import TransportError
from newsletter.workflows.log import log_attempt
from newsletter.workflows.relay import Relay
from newsletter.workflows.tools import Tools


class Outcomes:
    """Judges for a line and notes for it. The relay and the course hear of every outcome."""

    def __init__(self, relay: Relay, tools: Tools) -> None:
        self._relay = relay
        self._tools = tools
        self._kept: list[Attempt] = []

    def judged(
        self, claim: Claim, began: datetime, stage: Stage, reply: Reply | None, note: str = ""
    ) -> Attempt:
        """Return what a reply, or a link that was lost at this stage, means for a delivery.

        note: what is told where the relay said nothing.
        """
        now = self._tools.clock()
        verdict = self._tools.judge(reply, stage, claim, began, now)
        attempt = Attempt(claim, verdict, reply, self._relay.way.name, began, now, note)
        self._tools.course.count(verdict)
        self._relay.heard(attempt, stage)
        log_attempt(self._tools.edition, attempt)
        return attempt

    def not_through(self, claim: Claim, began: datetime, fault: TransportError) -> Attempt:
        """Return the outcome of a delivery that the relay certainly did not take because a link broke.

        It is pending again, or put off where links break at this one every time.
        """
        if self._tools.course.breaks_links(claim):
            later = Reply(C451_LOCAL_ERROR, f"not sent: {fault}", "4.4.2")
            return self.judged(claim, began, Stage.RCPT, later)
        return self.judged(claim, began, Stage.DATA, None, str(fault))

    def keep(self, outcome: Attempt) -> None:
        """Keep an outcome for the next note."""
        self._kept.append(outcome)

    async def note(self, sending: Claim | None = None) -> bool:
        """Note what happened and what happens next, in one transaction; return whether that may happen."""
        if not self._kept and sending is None:
            return False
        return await self._tools.ledger.note(self._kept, sending)
