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

    Its methods raise ConnectionError when the connection is lost, TimeoutError when it is silent, and
    MalformedReply when it makes no sense, but only after every whole reply that came before was read.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._fault: Exception | None = None
        self._full = False
        self._news: asyncio.Future[None] | None = None
        self._closed = self._loop.create_future()
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def unasked(self) -> bool:
        """Whether a reply, or a part of one, came that nobody has read."""
        return bool(self._replies) or self._reader.partial

    @property
    def lost(self) -> bool:
        """Whether the connection is of no more use."""
        return self._fault is not None or self._transport.is_closing()

    @property
    def all_left(self) -> bool:
        """Whether all that was written was given to the operating system, before the end if there was one."""
        return not self._full

    async def read(self, timeout_s: float) -> Reply:
        """Return the next reply."""
        deadline = self._loop.time() + timeout_s
        while not self._replies:
            self._raise_fault()
            await self._wait(deadline)
        return self._replies.popleft()

    def read_now(self) -> Reply | None:
        """Return the next reply that is there already."""
        return self._replies.popleft() if self._replies else None

    def take(self, *kinds: int) -> bool:
        """Take the replies that have come, where they have exactly these first digits and are all."""
        replies = self._replies
        if len(replies) != len(kinds) or self._reader.partial:
            return False
        if [reply.code // 100 for reply in replies] != list(kinds):
            return False
        replies.clear()
        return True

    def write(self, data: bytes) -> None:
        """Put bytes on their way."""
        self._raise_fault()
        self._transport.write(data)
        if self._transport.is_closing():  # the system took none of it, which asyncio tells a moment later
            raise ConnectionResetError("the connection was lost")

    async def drain(self, timeout_s: float) -> None:
        """Wait until what was written has left, or the relay says something."""
        deadline = self._loop.time() + timeout_s
        while self._full and not self._replies:
            self._raise_fault()
            await self._wait(deadline)

    def abort(self) -> None:
        """Cut the connection; what was written and has not left is lost."""
        self._transport.abort()

    async def closed(self) -> None:
        """Return when the connection is gone."""
        await self._closed

    def data_received(self, data: bytes) -> None:
        """Take in what the relay wrote."""
        try:
            self._reader.feed(data, self._replies)
        except MalformedReply as fault:
            self._out_of_step(fault)
        if len(self._replies) > _MAX_WAITING_REPLIES:
            self._out_of_step(MalformedReply("many replies that nobody asked for"))
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection ended; exc says why where it was not in order."""
        if self._fault is None:
            self._fault = exc or ConnectionResetError("the connection was closed")
        if not self._closed.done():
            self._closed.set_result(None)
        if self._alarm:
            self._alarm.cancel()
        self._tell()

    def pause_writing(self) -> None:
        """Note that the relay reads more slowly than we write."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that there is room again."""
        self._full = False
        self._tell()

    def _out_of_step(self, fault: MalformedReply) -> None:
        self._fault = fault
        self._transport.abort()

    def _raise_fault(self) -> None:
        if isinstance(self._fault, MalformedReply):
            raise MalformedReply(str(self._fault))
        if self._fault is not None:
            raise ConnectionResetError(str(self._fault))

    async def _wait(self, deadline: float) -> None:
        self._deadline = deadline
        if self._alarm is None or self._alarm.when() > self._deadline:
            self._set_alarm()
        self._news = self._loop.create_future()
        try:
            await self._news
        finally:
            self._news = None

    def _set_alarm(self) -> None:
        # One alarm for many waits: it looks at the deadline when it rings, and most have passed by then.
        if self._alarm:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._news is None or self._news.done():
            return
        if self._loop.time() < self._deadline:
            self._set_alarm()
        else:
            self._news.set_exception(TimeoutError())

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
