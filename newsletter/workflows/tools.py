"""What the lines of all relays work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.shares import Shares
from newsletter.delivery.types import Claim, Reply, Stage, Verdict
from newsletter.editions.types import EditionId
from newsletter.workflows.course import Course
from newsletter.workflows.ledger import Ledger
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.stock import Stock

Judge = Callable[[Reply | None, Stage, Claim, datetime, datetime], Verdict]


@dataclass(frozen=True, slots=True)
class Tools:
    """One of each for a dispatch. judge: what a reply means for a claim begun at a time."""

    edition: EditionId
    course: Course
    stock: Stock
    ledger: Ledger
    messages: MessageMaker
    shares: Shares
    judge: Judge
    clock: Callable[[], datetime]
