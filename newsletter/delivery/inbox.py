"""The demo's inbox: a small SMTP server on this machine that keeps each message as a file."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP

from newsletter.delivery.names import safe_name
from newsletter.errors import TransportError

_HOST = "127.0.0.1"


class Inbox:
    """An SMTP server for the length of a `with` block, on a free loopback port.

    Writes `NNNN-<recipient>.eml` into folder, one file for each recipient, counting on from what is there.
    It runs in a thread of its own, so that the sender's event loop may come and go. aiosmtpd's Controller is
    not used: it cannot listen on port 0, and a port that was free a moment ago may be taken by now.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started = threading.Event()
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._port = 0

    @property
    def host(self) -> str:
        """Where it listens."""
        return _HOST

    @property
    def port(self) -> int:
        """The port that the system gave it."""
        return self._port

    def __enter__(self) -> Self:
        """Start listening; raises TransportError when the folder or the port cannot be had."""
        self._thread.start()
        self._started.wait()
        if self._fault is not None:
            self._thread.join()
            raise TransportError(
                f"the inbox in {self._folder} cannot be opened", hint="it needs a folder that it may write to"
            ) from self._fault
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; what was answered with 250 is on disk."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as fault:
            self._fault = fault
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        keeper = _Keeper(self._folder)
        connections: WeakSet[SMTP] = WeakSet()

        def answer() -> SMTP:
            connection = SMTP(keeper, hostname="inbox.localhost", enable_SMTPUTF8=True)
            connections.add(connection)
            return connection

        loop = asyncio.get_running_loop()
        server = await loop.create_server(answer, _HOST, 0)
        self._loop, self._port = loop, server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        for connection in connections:
            if connection.transport is not None:
                connection.transport.close()
        await asyncio.sleep(0)


class _Keeper:
    """Takes what the server received; aiosmtpd calls it by the names of the SMTP commands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        taken = [int(path.name.partition("-")[0]) for path in folder.glob("[0-9]*-*.eml") if _numbered(path)]
        self._last = max(taken, default=0)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802, ANN401, ARG002 - aiosmtpd's terms
        """Write the content once for each recipient, and answer when it is there."""
        try:
            for recipient in envelope.rcpt_tos:
                self._last += 1
                self._write(f"{self._last:04}-{safe_name(recipient)}.eml", envelope.original_content)
        except OSError as fault:
            return f"452 4.3.1 cannot write the message: {fault.strerror}"
        return "250 2.0.0 kept"

    def _write(self, name: str, content: bytes) -> None:
        part = self._folder / f".{name}.part"
        part.write_bytes(content)
        part.replace(self._folder / name)


def _numbered(path: Path) -> bool:
    return path.name.partition("-")[0].isdecimal()
