"""A way out of the house: a relay, and how it is used."""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.delivery.types import Transport
from newsletter.workflows.throttle import Throttle


@dataclass(slots=True)
class Way:
    """A relay and how it is used; by default as fast as it goes, until it asks for less.

    messages_per_connection: after so many a link is closed and opened anew, None for any number.
    weight: its share of the messages among several relays.
    """

    transport: Transport
    connections: int
    throttle: Throttle = field(default_factory=Throttle)
    messages_per_connection: int | None = None
    weight: int = 1

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.transport.name
