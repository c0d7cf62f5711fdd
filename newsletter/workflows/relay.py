"""A relay during one dispatch: whether it can be reached, and what its lines do when it cannot."""

from __future__ import annotations

import asyncio

from newsletter.delivery.health import Health
from newsletter.delivery.types import Attempt, DeliveryStatus, Link, RelayBusy, RelayRejected, Stage
from newsletter.errors import TransportError
from newsletter.workflows.course import Course
from newsletter.workflows.way import Way

#: Trouble in a row after which a relay is left alone.
PATIENCE = 5
#: One that took a message so lately is only slow, however often it says "later".
_LATELY_S = 180.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0


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
                return link
        return None

    def heard(self, attempt: Attempt, stage: Stage) -> None:
        """Take in what it said, and leave it alone where it has nothing good to say about anyone."""
        if attempt.verdict.status is DeliveryStatus.SENT:
            self._accepted_at = asyncio.get_running_loop().time()
        if reason := self._health.observe(attempt.reply, attempt.verdict, stage):
            hint = "nobody else was tried; cure what the relay complains of, and go on"
            self.give_up(TransportError(f"{attempt.relay}: {reason}", hint=hint), pause=True)

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

    async def _try(self) -> Link | None:
        try:
            link = await self.way.transport.connect()
        except TransportError as fault:
            self._full = isinstance(fault, RelayBusy)
            if self._full and self._links:
                return None  # the other lines will do
            self._reached = False
            self._failures += 1
            rejected = isinstance(fault, RelayRejected)
            if rejected or not self._ever_reached or self._failures >= PATIENCE:
                self.give_up(fault, pause=rejected)
            else:
                await self._course.wait(_FIRST_PAUSE_S * 2 ** (self._failures - 1))
            return None
        self._reached = self._ever_reached = True
        self._failures = 0
        self._full = False
        self._links += 1
        return link

    def _took_lately(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._accepted_at is not None and now - self._accepted_at < _LATELY_S
