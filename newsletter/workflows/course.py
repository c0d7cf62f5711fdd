"""Course: how a dispatch stands, and whether it shall go on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import suppress

from newsletter.delivery.types import Claim, DeliveryStatus, Scope, Verdict
from newsletter.errors import AnswerLost, TransportError

#: Answers lost in a row, over all connections, after which the relay is taken for one that eats them.
_LOST_ANSWERS = 5
#: Links that broke at one delivery, others going through meanwhile, after which that one is put off.
_BREAKS = 3


class Course:
    """What all lines of a dispatch share.

    problem: why it stopped before the end. pauses: whether that is for a person to look at, so that nothing
    starts it again by itself. done: outcomes by status so far.
    """

    def __init__(self) -> None:
        self.problem: Exception | None = None
        self.pauses = False
        self.done: Counter[DeliveryStatus] = Counter()
        self.stopping = asyncio.Event()
        #: Deliveries that were refused for a reason which is not theirs, to be pending again.
        self.refused_for_us: set[int] = set()
        self._lost_answers = 0
        #: By delivery: how often a link broke at it, and how many others were done by then.
        self._broken: dict[int, tuple[int, int]] = {}

    @property
    def stopped(self) -> bool:
        """Whether every line shall finish the message in its hands and begin no other."""
        return self.stopping.is_set()

    def stop(self, problem: Exception | None = None, *, pause: bool = False) -> None:
        """Stop, for a problem or because somebody wishes it; the first problem counts."""
        if problem and not self.problem:
            self.problem, self.pauses = problem, pause
        self.stopping.set()

    async def wait(self, seconds: float) -> None:
        """Wait, or less where it is stopped meanwhile."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def count(self, verdict: Verdict) -> None:
        """Count the outcome of an attempt; trouble with a link is nobody's."""
        if verdict.scope is not Scope.RECIPIENT:
            return
        self.done[verdict.status] += 1
        if verdict.status is not DeliveryStatus.UNKNOWN:
            self._lost_answers = 0

    def take_back(self, refused: Collection[int]) -> None:
        """Remember refusals that were not about the recipients."""
        self.refused_for_us.update(refused)

    def lost_answer(self, fault: AnswerLost) -> None:
        """Stop where a relay takes message after message and never says so."""
        self._lost_answers += 1
        if self._lost_answers >= _LOST_ANSWERS:
            hint = "what it took is marked unknown; look into the relay's log before you go on"
            self.stop(TransportError(f"{fault}, {_LOST_ANSWERS} times in a row", hint=hint), pause=True)

    def breaks_links(self, claim: Claim) -> bool:
        """Tell whether it is this delivery at which links break, while others go through."""
        broke, others = self._broken.get(claim.delivery, (0, -1))
        going = sum(self.done.values())
        if going > others:
            broke += 1
        self._broken[claim.delivery] = (broke, going)
        return broke >= _BREAKS
