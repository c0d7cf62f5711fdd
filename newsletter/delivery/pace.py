"""Pace: how fast a relay is willing to be sent to."""

from __future__ import annotations


class Pace:
    """Evenly spaced turns: so many messages in so many seconds, with no burst at the start.

    messages None means as fast as it goes.
    """

    def __init__(self, messages: int | None = None, per_s: float = 1.0) -> None:
        self._interval_s = per_s / messages if messages else 0.0
        self._next = 0.0

    def in_time(self, seconds: float) -> int | None:
        """Return how many turns so many seconds hold, at least one; None for any number."""
        return max(1, int(seconds / self._interval_s)) if self._interval_s else None

    def reserve(self, now: float) -> float:
        """Take the next turn and return the seconds to wait for it. now: of a clock that never goes back."""
        turn = max(self._next, now)
        self._next = turn + self._interval_s
        return turn - now
