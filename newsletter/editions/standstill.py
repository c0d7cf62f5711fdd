"""Why an edition that goes out stands still, or makes its members wait: read off what all processes know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from newsletter.editions.types import DeliveryCounts, Edition, EditionStatus

Code = Literal["paused", "sender", "window", "daily_limit", "relay", "deferred", "idle"]


@dataclass(frozen=True, slots=True)
class Standstill:
    """One reason.

    text: a sentence without its full stop, with places for {since} and {until}. where: the relay or the
    machine that it speaks of. deliveries: how many it keeps back, where it does not keep back all.
    """

    code: Code
    text: str
    since: datetime | None = None
    until: datetime | None = None
    where: str | None = None
    deliveries: int | None = None

    def told(self, shown: Callable[[datetime], str]) -> str:
        """Return the text with its times, as `shown` writes them."""
        text = self.text.replace("{since}", shown(self.since)) if self.since else self.text
        return text.replace("{until}", shown(self.until)) if self.until else text


@dataclass(frozen=True, slots=True)
class Sender:
    """A process that holds deliveries of an edition."""

    machine: str
    pid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class RelayRest:
    """Until when a relay takes nothing, None where it does, and why.

    down_until, problem: it could not be used; full_until: its daily limit is reached.
    """

    name: str
    down_until: datetime | None = None
    problem: str = ""
    full_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an edition depends on. opens: when the hours for sending begin; retry: of the deferred ones."""

    senders: Sequence[Sender]
    relays: Sequence[RelayRest]
    opens: datetime
    retry: datetime | None


def why_still(
    edition: Edition, counts: DeliveryCounts, around: Surroundings, now: datetime
) -> tuple[Standstill, ...]:
    """Return why deliveries that are open do not leave at this moment; nothing for an edition at rest."""
    if edition.status is EditionStatus.PAUSED:
        by = edition.paused_by or "itself"
        why = f": {edition.pause_reason}" if edition.pause_reason else ""
        return (Standstill("paused", f"It was paused by {by} on {{since}}{why}", since=edition.halted_at),)
    if edition.status is not EditionStatus.SENDING or not counts.open:
        return ()
    return (*_senders(around), *_waits(counts, around, now))


def _senders(around: Surroundings) -> Iterator[Standstill]:
    for it in around.senders:
        text = f"It is being sent by {it.machine} (process {it.pid}) since {{since}}"
        yield Standstill("sender", text, since=it.since, where=it.machine)


def _waits(counts: DeliveryCounts, around: Surroundings, now: datetime) -> Iterator[Standstill]:
    shut = [*_shut(around, now)]
    yield from shut
    if counts.deferred:
        yield _put_off(counts.deferred, around.retry, now)
    if counts.pending and not (shut or around.senders):
        text = f"{counts.pending:,} wait for their turn, and nobody is sending them"
        yield Standstill("idle", text, deliveries=counts.pending)


def _shut(around: Surroundings, now: datetime) -> Iterator[Standstill]:
    if around.opens > now:
        yield Standstill("window", "The hours for sending are over until {until}", until=around.opens)
    for relay in around.relays:
        if relay.full_until:
            text = f"{relay.name} has reached its daily_limit and takes more from {{until}}"
            yield Standstill("daily_limit", text, until=relay.full_until, where=relay.name)
        if relay.down_until:
            problem = relay.problem.removeprefix("relay ")
            about = problem if problem.startswith(relay.name) else f"{relay.name}: {problem}".rstrip(": ")
            text = f"Relay {about}; it is left alone until {{until}}"
            yield Standstill("relay", text, until=relay.down_until, where=relay.name)


def _put_off(deferred: int, retry: datetime | None, now: datetime) -> Standstill:
    said = f"The relay said later to {deferred:,}"
    if retry is None or retry <= now:
        return Standstill("deferred", f"{said}, whose time has come", until=retry, deliveries=deferred)
    first = "it is" if deferred == 1 else "the first is"
    return Standstill(
        "deferred", f"{said}; {first} tried again from {{until}}", until=retry, deliveries=deferred
    )
