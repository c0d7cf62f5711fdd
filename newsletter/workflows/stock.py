"""Stock: deliveries that are claimed and wait for a line to take them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from newsletter.delivery.types import Claim
from newsletter.editions.types import Edition
from newsletter.store.deliveries import DeliveryStore
from newsletter.workflows.ledger import Ledger


class Stock:
    """Claims deliveries in batches, the next before the last has gone.

    batch: how many at once; who leaves after the claim still gets the mail, so no more than leave soon.
    on_batch: is called in the ledger's thread before anything of a batch leaves.
    """

    def __init__(
        self,
        ledger: Ledger,
        edition: Edition,
        batch: int,
        clock: Callable[[], datetime],
        on_batch: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._edition = edition
        self._batch = batch
        self._clock = clock
        self._on_batch = on_batch
        self._claims: deque[Claim] = deque()
        self._filling: asyncio.Task[None] | None = None
        #: Whether the last batch was a whole one, so that there is probably more.
        self._more = True
        #: Nothing is left, as far as we know, so nobody need wait for a turn.
        self.dry = asyncio.Event()

    def take_now(self) -> Claim | None:
        """Return the next delivery if one is at hand."""
        if self._more and self._filling is None and len(self._claims) <= self._batch // 2:
            self._fill()
        return self._pop()

    async def take(self) -> Claim | None:
        """Return the next delivery; None when nothing is pending which nobody else holds."""
        if not self._claims:
            await asyncio.shield(self._filling or self._fill())
        if not self._claims and self._filling is None:  # what others took while we waited may have been all
            await asyncio.shield(self._fill())
        return self._pop()

    def put_back(self, claim: Claim) -> None:
        """Take a delivery back that nobody has begun to send; others come first, as it may be the trouble."""
        self._claims.append(claim)
        self.dry.clear()

    def went_back(self) -> None:
        """Note that the ledger may have a delivery pending again, so that it is asked once more."""
        self._more = True
        self.dry.clear()

    def forget(self) -> None:
        """Drop what is at hand, because it may not be sent; what may is claimed anew."""
        self._claims.clear()
        self.went_back()

    async def close(self) -> None:
        """Forget what is left; its leases are released by whoever owns the ledger."""
        if self._filling:
            await asyncio.wait({self._filling})
        self.forget()

    def _pop(self) -> Claim | None:
        claim = self._claims.popleft() if self._claims else None
        if not (self._claims or self._more or self._filling):
            self.dry.set()
        return claim

    def _fill(self) -> asyncio.Task[None]:
        self._filling = asyncio.create_task(self._claim())
        self._filling.add_done_callback(_heard)
        return self._filling

    async def _claim(self) -> None:
        now = self._clock()
        try:
            claimed = await self._ledger.run(lambda store: self._take(store, now))
        finally:
            self._filling = None
        self._more = len(claimed) == self._batch
        self._claims.extend(claimed)
        if claimed:
            self.dry.clear()

    def _take(self, store: DeliveryStore, now: datetime) -> list[Claim]:
        claimed = store.claim(self._edition, self._batch, now)
        if claimed:
            self._on_batch()
        return claimed


def _heard(filling: asyncio.Task[None]) -> None:
    """Let go of a fault that nobody waited for; whoever needs a delivery meets it when they claim."""
    if not filling.cancelled():
        filling.exception()
