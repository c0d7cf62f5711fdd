"""The event loop in which lines work.

uvloop does what asyncio's own loop does in C, on libuv: a fifth less time for a message on loopback, and on a
line with a delay the lines wake sooner. It is missing on Windows only, where asyncio's own does the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]

_T = TypeVar("_T")


def run_in_loop(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end, as asyncio.run does."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
