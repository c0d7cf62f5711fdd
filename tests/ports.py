"""Ports on this machine: one to listen on later, and one at which nobody listens."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HOST = "127.0.0.1"
#: The system gives these to nobody by itself (Linux begins at 32768), so that no outgoing connection takes
#: one between our look at it and the moment at which a program that was told it listens there.
_OURS = range(20_000, 32_000)
#: Not the dice that pytest-randomly throws: those fall alike in all workers.
_DICE = random.SystemRandom()


def free_port() -> int:
    """Return a port for a program that has to be told one."""
    while True:
        port = _DICE.choice(_OURS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind((_HOST, port))
            return port


@contextmanager
def closed_port() -> Iterator[int]:
    """Give a port that refuses connections, and keep it so: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind((_HOST, 0))
        yield taken.getsockname()[1]
