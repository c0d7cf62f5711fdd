"""When editors are asked to approve an edition, reminded, or told that it was held.

- They are asked once for each content. While nobody has approved it, news may join it many times a day, so
  between two such mails there is an hour; an approval that was lost is told at once.
- They are reminded once, some time before it is due, unless a mail went out since then anyway.
- They are told once that it is held; once more where it holds something else after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from newsletter.editions.types import Approval, Edition, EditionStatus

#: Between two mails about a draft that only grows.
PAUSE = timedelta(hours=1)


class RequestKind(StrEnum):
    """What a mail to editors is about."""

    ASK = "ask"
    REMIND = "remind"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Request:
    """What editors were told of an edition. hash, content: of what it held then, see `changes.Rendering`."""

    key: int
    edition: int
    kind: RequestKind
    hash: str
    content: str
    at: datetime


def request_due(
    edition: Edition,
    due: datetime,
    remind: timedelta,
    told: Sequence[Request],
    *,
    lost: Approval | None,
    now: datetime,
) -> RequestKind | None:
    """Return what editors have to be told of an edition now, or have been told already; None for nothing.

    due: when it goes out. remind: how long before that. told: what they were told of it, oldest first. lost:
    the last approval, where what it was for has changed since.
    """
    if edition.status is EditionStatus.HELD:
        return RequestKind.HELD
    if edition.status is not EditionStatus.DRAFT or now >= due:
        return None
    of_this = {it.kind for it in told if it.hash == edition.hash}
    if RequestKind.ASK not in of_this:
        return RequestKind.ASK if _may_ask(told, lost, now) else None
    late = [it for it in told if it.at >= due - remind]
    reminded = RequestKind.REMIND in of_this
    return RequestKind.REMIND if reminded or (now >= due - remind and not late) else RequestKind.ASK


def _may_ask(told: Sequence[Request], lost: Approval | None, now: datetime) -> bool:
    return not told or now - told[-1].at >= PAUSE or (lost is not None and lost.at >= told[-1].at)
