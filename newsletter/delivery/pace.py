"""Pace: how fast a relay is sent to, what a complaint does to it, and who may send when.

Turns are evenly spaced: each message has a moment of its own, and no burst makes up for a rest. Where a relay
asks for less, its rate falls by half; it recovers in steps that grow the longer nothing is said against it,
and after five quiet minutes nothing is left of the complaint. So what is kept of a relay is one moment, one
rate and when it fell to that, and everybody who knows these three knows the rate at any later moment: many
processes share them in the database, where recovering costs no write.

Times are seconds since 1970 by whatever clock the state is kept by. One that was set back does no harm: a
complaint of the future is an old one, and a turn too far ahead is nobody's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

#: Complaints that come closer together are one: those of all connections, and of what was on its way.
SETTLE_S = 5.0
#: What a relay may still be asked when it refuses everything: one message in half a minute.
FLOOR = 1 / 30
#: A relay that complains before it took anything gets so many a second, to begin with.
_FIRST = 1.0
#: Recovery. Each second adds this part of the rate that was left, and as much more with every _GROWTH_S.
_STEP = 1 / 30
_GROWTH_S = 6.0
_FORGIVEN_S = 300.0
#: Turns are handed out for about so long ahead, so that several processes have their share of them.
_BLOCK_S = 1.0
#: At once where there is a daily limit and no rate; what a process that dies held of it is lost for the day.
_BLOCK_OF_LIMIT = 100
#: A turn may be used so late, or as late as the next one. Commits and other links cost a moment now and then.
LATE_S = 0.25
#: So many blocks ahead is no turn that anyone waits for: the clock was set back.
_BLOCKS_AHEAD = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration allows a relay: messages a second, messages in 24 hours; None for any number."""

    rate: float | None = None
    daily: int | None = None


@dataclass(frozen=True, slots=True)
class RelayState:
    """What is known of a relay. next_turn: no message before; rate: what it fell to at slowed_at."""

    next_turn: float = 0.0
    rate: float | None = None
    slowed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """A relay asked for less than `rate`. minute: what it took in the last one. Both in messages a second."""

    rate: float
    minute: float


@dataclass(frozen=True, slots=True)
class Unused:
    """Messages that were counted against the daily limit, in an hour since 1970, and did not leave."""

    messages: int = 0
    hour: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to send. messages: None for any number; 0 where the relay takes no more today.

    The first may leave after first_in_s, which is slightly negative where it is due, each other interval_s
    later. hour: in which they are counted. rate: at which the relay is sent to just now; slowed: which is
    less than the configuration allows.
    """

    messages: int | None
    first_in_s: float = 0.0
    interval_s: float = 0.0
    hour: int = 0
    rate: float | None = None
    slowed: bool = False


class RelayBook(Protocol):
    """Where the state of relays is kept."""

    def reserve(self, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused) -> Grant:
        """Note a complaint, take back what was not used, and grant the next turns."""
        ...

    def settle(self, relay: str, limits: Limits, complaint: Complaint | None, unused: Unused) -> None:
        """Note a complaint and take back what was not used."""
        ...


def rate_at(state: RelayState, limits: Limits, now: float) -> float | None:
    """Return how many messages a second a relay is sent just now; None for as many as it takes."""
    if state.rate is None or state.slowed_at is None:
        return limits.rate
    quiet_s = abs(now - state.slowed_at)
    if quiet_s >= _FORGIVEN_S:
        return limits.rate
    rate = state.rate * (1 + _STEP * (quiet_s + quiet_s**2 / (2 * _GROWTH_S)))
    return rate if limits.rate is None else min(rate, limits.rate)


def slower(state: RelayState, limits: Limits, complaint: Complaint, now: float) -> RelayState:
    """Return a relay's state after it asked for less: half the rate, unless it was lowered just now.

    Half of the rate that the complaint is about: what was recovered since, nobody has tried. But not below
    half of what the relay took in the last minute: one that counts by the minute refuses everything until it
    is over, and takes as much again in the next one.
    """
    if state.slowed_at is not None and abs(now - state.slowed_at) < SETTLE_S:
        return state
    recovered = rate_at(state, limits, now)
    rate = complaint.rate if recovered is None else min(recovered, complaint.rate)
    lowered = max(rate / 2, complaint.minute / 2, FLOOR)
    return replace(state, rate=min(lowered, rate), slowed_at=now)


def grant_turns(
    state: RelayState, limits: Limits, now: float, left_today: int | None
) -> tuple[RelayState, Grant]:
    """Hand out the next turns of a relay, about a second's worth, and return its state after them."""
    rate = rate_at(state, limits, now)
    slowed = rate != limits.rate
    if left_today is not None and left_today <= 0:
        return state, Grant(0, hour=hour_of(now), rate=rate, slowed=slowed)
    if rate is None:
        number = None if left_today is None else min(left_today, _BLOCK_OF_LIMIT)
        return state, Grant(number, hour=hour_of(now))
    number = max(1, int(rate * _BLOCK_S))
    if left_today is not None:
        number = min(number, left_today)
    interval_s = 1 / rate
    first = state.next_turn
    if not now - LATE_S <= first <= now + _BLOCKS_AHEAD * max(_BLOCK_S, interval_s):
        first = now
    end = first + number * interval_s
    grant = Grant(number, first - now, interval_s, hour_of(end - interval_s), rate, slowed)
    return replace(state, next_turn=end), grant


def hour_of(moment: float) -> int:
    """Return the number of the hour since 1970."""
    return int(moment // 3600)


class Turns:
    """Turns that one process holds, by a clock of its own that never goes back.

    unused: how many were lost because nobody was there to use them, or were given up.
    """

    def __init__(self) -> None:
        self.unused = 0
        self._left = 0
        self._taken = 0
        self._due = 0.0
        self._interval_s = 0.0

    def hold(self, number: int, due: float, interval_s: float) -> None:
        """Take over a block of turns in place of what was held before."""
        self.give_up()
        self._left, self._due, self._interval_s = number, due, interval_s

    def take(self, now: float) -> bool:
        """Use a turn if one is due."""
        self._lose_late_ones(now)
        if not self._left or self._due > now:
            return False
        self._left -= 1
        self._taken += 1
        self._due += self._interval_s
        return True

    def put_back(self) -> None:
        """Let the turn that was taken last be taken again; one of an earlier block is lost."""
        if self._taken:
            self._taken -= 1
            self._left += 1
            self._due -= self._interval_s
        else:
            self.unused += 1

    def lose(self) -> None:
        """Count the turn that was taken last as unused, without its moment coming back."""
        self.unused += 1

    def wait_s(self, now: float) -> float | None:
        """Return the seconds until the next turn; None where there is none left."""
        self._lose_late_ones(now)
        return max(0.0, self._due - now) if self._left else None

    def give_up(self) -> None:
        """Use none of the turns that are left."""
        self.unused += self._left
        self._left = self._taken = 0

    def _lose_late_ones(self, now: float) -> None:
        late_s = now - self._due - max(self._interval_s, LATE_S)
        if late_s > 0 and self._left and self._interval_s:
            lost = min(self._left, 1 + int(late_s / self._interval_s))
            self._left -= lost
            self._due += lost * self._interval_s
            self.unused += lost


class Meter:
    """How many messages a relay has taken in the last minute, second by second."""

    _SPAN_S = 60
    #: A burst of milliseconds is no rate.
    _LEAST_S = 10

    def __init__(self) -> None:
        self._began = 0.0
        self._total = 0
        self._seconds: deque[list[int]] = deque()

    def count(self, now: float) -> None:
        """Note that a message was taken."""
        self._began = self._began or now
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += 1
        else:
            self._seconds.append([second, 1])
            self._forget(second)
        self._total += 1

    def complaint(self, now: float, rate: float | None) -> Complaint:
        """Return a complaint of now about a rate; None for as fast as it went, which is then measured."""
        self._forget(int(now))
        if rate is None:
            span_s = (
                min(max(now - self._began, self._LEAST_S), self._SPAN_S) if self._began else self._LEAST_S
            )
            rate = max(self._total / span_s, 2 * _FIRST)
        return Complaint(rate, self._total / self._SPAN_S)

    def _forget(self, second: int) -> None:
        while self._seconds and self._seconds[0][0] <= second - self._SPAN_S:
            self._total -= self._seconds.popleft()[1]
