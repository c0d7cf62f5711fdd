"""Forecast: when sending would be finished, from rates, daily limits and the sending window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from newsletter.delivery.window import SendingWindow, closes_at, next_opening

_DAY = timedelta(days=1)
#: Beyond that no forecast is worth anything.
_HORIZON = timedelta(days=3650)
#: Of a message: what rounding leaves over.
_NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class RelayOutlook:
    """What a relay takes: messages a second, in 24 hours, and in those that run now; None for any number."""

    name: str
    rate: float | None = None
    daily: int | None = None
    left_today: int | None = None


def forecast(
    pending: int,
    relays: Sequence[RelayOutlook],
    window: SendingWindow | None,
    now: datetime,
    zone: tzinfo,
) -> datetime | None:
    """Return when the last of the pending messages would leave; None where nothing but speed decides.

    A relay that has its limit goes on 24 hours later. Ten years from now at the latest.
    """
    if not pending:
        return now
    if any(relay.rate is None and relay.daily is None for relay in relays):
        opening = next_opening(window, now, zone)
        return opening if opening > now else None
    left = float(pending)
    quotas: list[float] = []
    for start, end, new_day in _stretches(window, now, zone):
        if new_day is not None:
            quotas = [_quota(relay, new_day) for relay in relays]
        left, finished = _send(left, relays, quotas, start, end)
        if finished:
            return finished
    return now + _HORIZON


def _quota(relay: RelayOutlook, day: int) -> float:
    if relay.daily is None:
        return float("inf")
    return relay.left_today if day == 0 and relay.left_today is not None else relay.daily


def _stretches(
    window: SendingWindow | None, now: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime, int | None]]:
    """Yield stretches of open time, none longer than its day; with the number of the day where one begins."""
    for day in range(_HORIZON.days):
        start, over = now + day * _DAY, now + (day + 1) * _DAY
        number: int | None = day
        while (start := next_opening(window, start, zone)) < over:
            end = min(closes_at(window, start, zone) or over, over)
            yield start, end, number
            start, number = end, None


def _send(
    left: float, relays: Sequence[RelayOutlook], quotas: list[float], start: datetime, end: datetime
) -> tuple[float, datetime | None]:
    """Send through one stretch: take from the quotas; return what is left, and when it was done."""
    while True:
        for number, relay in enumerate(relays):
            if relay.rate is None:
                sent = min(left, quotas[number])
                left, quotas[number] = left - sent, quotas[number] - sent
        if left < _NOTHING:
            return 0.0, start
        going = [n for n, relay in enumerate(relays) if relay.rate and quotas[n] > 0]
        if not going or start >= end:
            return left, None
        rates = {n: relays[n].rate or 0.0 for n in going}
        total = sum(rates.values())
        seconds = min(left / total, (end - start).total_seconds(), *(quotas[n] / rates[n] for n in going))
        for n in going:
            quotas[n] = max(0.0, quotas[n] - rates[n] * seconds)
        left -= total * seconds
        start += timedelta(seconds=seconds)
