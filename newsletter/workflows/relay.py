"""A relay during one dispatch: whether it can be reached, and what its lines do when it cannot."""

from __future__ import annotations

import asyncio

from newsletter.delivery.health import Health
from newsletter.delivery.types import Attempt, DeliveryStatus, Link, Scope, Stage, Verdict
from newsletter.errors import RelayBusy, RelayRejected, TransportError
from newsletter.workflows.course import Course
from newsletter.workflows.way import Way

#: Trouble in a row after which a relay is left alone.
PATIENCE = 5
#: One that took a message so lately is only slow, however often it says "later".
_LATELY_S = 180.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
#: What a relay says that takes no more connections for now.
_SLOWER = Verdict(Scope.LINK, DeliveryStatus.PENDING, slow_down=True)


class Relay:
    """One way out as its lines see it.

    fault: why it is left alone, None while it is used. pauses: whether that is for a person to look at.
    """

    def __init__(self, way: Way, course: Course) -> None:
        self.way = way
        self.fault: TransportError | None = None
        self.pauses = False
        self._course = course
        self._opening = asyncio.Lock()
        self._reached = False
        self._ever_reached = False
        self._failures = 0
        self._accepted_at: float | None = None
        self._health = Health()
        self._links = 0
        #: Whether it said that it takes no more connections.
        self._full = False

    async def connect(self) -> Link | None:
        """Open a link, trying again while the relay was reached before; None when it is left alone.

        None also where it takes no more connections while others of ours are open. Until one is, lines take
        turns, so that a relay that is down is not asked by all of them.
        """
        while not (self.fault or self._course.stopped):
            if self._reached:
                link = await self._try()
            else:
                async with self._opening:
                    link = None if self.fault or self._course.stopped else await self._try()
            if link or (self._full and self._links):
                return link  # the other lines will do
        return None

    def heard(self, attempt: Attempt, stage: Stage) -> None:
        """Take in what it said, and leave it alone where it has nothing good to say about anyone."""
        if attempt.verdict.status is DeliveryStatus.SENT:
            self._accepted_at = asyncio.get_running_loop().time()
        delivery = attempt.claim.delivery
        if alarm := self._health.observe(delivery, attempt.reply, attempt.verdict, stage):
            self._course.take_back(alarm.refused)
            hint = "they wait again with the others; cure what the relay complains of before you go on"
            self.give_up(TransportError(f"{attempt.relay}: {alarm.text}", hint=hint), pause=True)

    def closed(self) -> None:
        """Note that a link that was opened here is closed."""
        self._links -= 1

    async def trouble(self, fault: TransportError, times: int) -> None:
        """Wait after the so manyth trouble in a row of one line, and give the relay up when it goes on."""
        self._reached = False
        if times >= PATIENCE and not self._took_lately():
            self.give_up(fault)
        else:
            await self._course.wait(min(_FIRST_PAUSE_S * 2 ** (times - 1), _LONGEST_PAUSE_S))

    def give_up(self, fault: TransportError, *, pause: bool = False) -> None:
        """Leave the relay alone from here on."""
        if not self.fault:
            self.fault, self.pauses = fault, pause

    def try_again(self) -> None:
        """Use a relay again that was left alone for a while."""
        self.fault, self._failures, self._reached = None, 0, False
        self._health = Health()

    async def _try(self) -> Link | None:
        try:
            link = await self.way.transport.connect()
        except TransportError as fault:
            await self._not_reached(fault)
            return None
        self._reached = self._ever_reached = True
        self._failures = 0
        self._full = False
        self._links += 1
        return link

    async def _not_reached(self, fault: TransportError) -> None:
        """Wait after a connection that failed; give the relay up when it goes on and nothing else is open."""
        busy, rejected = isinstance(fault, RelayBusy), isinstance(fault, RelayRejected)
        if busy:
            self.way.throttle.noticed(_SLOWER)
        self._failures += 1
        self._full = busy or self._failures >= PATIENCE
        if self._full and self._links:
            return
        self._reached = False
        patient = self._ever_reached and (self._failures < PATIENCE or (busy and self._took_lately()))
        if rejected or not patient:
            self.give_up(fault, pause=rejected)
        else:
            await self._course.wait(min(_FIRST_PAUSE_S * 2 ** (self._failures - 1), _LONGEST_PAUSE_S))

    def _took_lately(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._accepted_at is not None and now - self._accepted_at < _LATELY_S
