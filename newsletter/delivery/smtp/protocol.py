"""The two ends of a connection as asyncio sees it: replies come in, bytes go out."""

from __future__ import annotations

import asyncio
from collections import deque

from newsletter.delivery.replies import MalformedReply, ReplyReader
from newsletter.delivery.types import Reply

#: A relay that says so much unasked is not speaking SMTP.
_MAX_WAITING_REPLIES = 8


class RelayProtocol(asyncio.Protocol):
    """Keeps the replies that came until they are read. For one reader and one writer, which is one task.

    Its methods raise ConnectionError when the connection is lost and MalformedReply when it makes no sense,
    but only after every whole reply that came before was read.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._fault: Exception | None = None
        self._full = False
        self._news: asyncio.Future[None] | None = None
        self._closed = asyncio.get_running_loop().create_future()

    @property
    def unasked(self) -> bool:
        """Whether a reply, or a part of one, came that nobody has read."""
        return bool(self._replies) or self._reader.partial

    @property
    def lost(self) -> bool:
        """Whether the connection is of no more use."""
        return self._fault is not None or self._transport.is_closing()

    async def read(self) -> Reply:
        """Return the next reply; waits for it without end."""
        while not self._replies:
            self._raise_fault()
            await self._wait()
        return self._replies.popleft()

    def read_now(self) -> Reply | None:
        """Return the next reply that is there already."""
        return self._replies.popleft() if self._replies else None

    def write(self, data: bytes) -> None:
        """Put bytes on their way."""
        self._raise_fault()
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until most of what was written has left, or the relay says something."""
        while self._full and not self._replies:
            self._raise_fault()
            await self._wait()

    def abort(self) -> None:
        """Cut the connection; what was written and has not left is lost."""
        self._transport.abort()

    async def closed(self) -> None:
        """Return when the connection is gone."""
        await self._closed

    def data_received(self, data: bytes) -> None:
        """Take in what the relay wrote."""
        try:
            for reply in self._reader.feed(data):
                self._keep(reply)
        except MalformedReply as fault:
            self._fault = fault
            self._transport.abort()
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection ended; exc says why where it was not in order."""
        if self._fault is None:
            self._fault = exc or ConnectionResetError("the connection was closed")
        if not self._closed.done():
            self._closed.set_result(None)
        self._tell()

    def pause_writing(self) -> None:
        """Note that the relay reads more slowly than we write."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that there is room again."""
        self._full = False
        self._tell()

    def _keep(self, reply: Reply) -> None:
        if len(self._replies) == _MAX_WAITING_REPLIES:
            raise MalformedReply("many replies that nobody asked for")
        self._replies.append(reply)

    def _raise_fault(self) -> None:
        if isinstance(self._fault, MalformedReply):
            raise MalformedReply(str(self._fault))
        if self._fault is not None:
            raise ConnectionResetError(str(self._fault))

    async def _wait(self) -> None:
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
