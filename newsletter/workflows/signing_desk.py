"""A desk at which messages are signed while the lines go on.

A signature takes half a millisecond of a core, and the interpreter is free meanwhile. But to wake a thread
for each, and to get the interpreter back afterwards, would take nearly as long again. So what is asked for at
the same moment goes in one piece to each thread; there are as many as cores, but for the one of the lines.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.render.dkim import PendingSignature

_Request = tuple["PendingSignature", "asyncio.Future[bytes]"]


class SigningDesk:
    """Signs for the tasks of one event loop."""

    def __init__(self) -> None:
        self._hands = max(1, (os.cpu_count() or 1) - 1)
        self._threads = ThreadPoolExecutor(self._hands, "signing")
        self._waiting: list[_Request] = []

    async def sign(self, pending: PendingSignature) -> bytes:
        """Return the DKIM-Signature lines of a message."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._hand_out, loop)
        signed: asyncio.Future[bytes] = loop.create_future()
        self._waiting.append((pending, signed))
        return await signed

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _hand_out(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        for first in range(min(self._hands, len(waiting))):
            self._threads.submit(_sign, waiting[first :: self._hands], loop)


def _sign(share: Sequence[_Request], loop: asyncio.AbstractEventLoop) -> None:
    results: list[bytes | Exception] = []
    for pending, _ in share:
        try:
            results.append(pending.sign())
        except Exception as fault:  # noqa: BLE001 - handed on to whoever waits
            results.append(fault)
    loop.call_soon_threadsafe(_give_back, share, results)


def _give_back(share: Sequence[_Request], results: Sequence[bytes | Exception]) -> None:
    for (_, signed), result in zip(share, results, strict=True):
        if signed.done():  # its task was cancelled
            continue
        if isinstance(result, Exception):
            signed.set_exception(result)
        else:
            signed.set_result(result)
