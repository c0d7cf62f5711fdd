"""An SMTP server that writes down each message before it says that it took it: the judge of who was reached.

usage: recording_sink.py PORT DIARY [--delay-ms MEAN] [--limit N --limited-s SECONDS] [--keep FOLDER]

A line of the diary is the time, the reply's code, the recipient and the Message-ID, parted by tabs; a message
that was accepted has 250. Each line is written by one system call before the reply leaves, so that whatever
happens to the sender, what it was told is in the diary. The messages themselves are kept only with --keep, as
numbered files in a folder.

With --delay-ms the answers to RCPT, DATA and the end of the content come late, by random times of this mean,
most of them short. With --limit no more than so many messages are taken in any minute of the first SECONDS
after the first message; the others are answered in turn with 451 4.7.1 after RCPT and, one in four, with
421 4.7.0 after MAIL and a closed connection.

Ends on SIGTERM, when the connections that are open have come to their end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import signal
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

HELLO = (
    b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 0\r\n250 ENHANCEDSTATUSCODES\r\n"
)
MOST_BYTES = 64 * 1024 * 1024
CLOSING_S = 10.0
_ADDRESS = re.compile(rb"<([^<>]*)>")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Allowance:
    """How many messages are taken in any minute while the limit lasts."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._first: float | None = None
        self._taken: deque[float] = deque()
        self._refused = 0

    def full(self) -> bool:
        """Tell whether the next message has to be refused."""
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        if not self._limit or now >= self._first + self._seconds:
            return False
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        return len(self._taken) >= self._limit

    def take(self) -> None:
        """Count a message whose recipient is accepted."""
        self._taken.append(time.monotonic())

    def closes(self) -> bool:
        """Tell whether a refusal is one of those that close the connection."""
        self._refused += 1
        return self._refused % 4 == 0


class Server:
    """Serves all connections; see the module for what it does."""

    def __init__(self, diary: int, delay_s: float, allowance: Allowance, keep: Path | None) -> None:
        self._diary = diary
        self._keep, self._kept = keep, 0
        self._delay_s = delay_s
        self._allowance = allowance
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._dialogue(reader, writer)
        writer.close()
        self._open.discard(task)

    async def wait_for_the_last(self) -> None:
        """Return when no connection is open, or after a while."""
        if self._open:
            await asyncio.wait(self._open, timeout=CLOSING_S)

    async def _dialogue(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipients: list[str] = []
        writer.write(b"220 sink ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                reply = HELLO
            elif verb == b"MAIL":
                recipients = []
                if self._allowance.full() and self._allowance.closes():
                    self._note(421, "", "")
                    writer.write(b"421 4.7.0 too many messages, closing\r\n")
                    return
                reply = b"250 2.1.0 sender ok\r\n"
            elif verb == b"RCPT":
                reply = await self._recipient(line, recipients)
            elif verb == b"DATA" and recipients:
                writer.write(await self._late(b"354 go on\r\n"))
                content = await reader.readuntil(b"\r\n.\r\n")
                reply = await self._late(self._take(content, recipients))
            elif verb == b"DATA":
                reply = b"503 5.5.1 no recipient\r\n"
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                reply = b"250 2.0.0 ok\r\n"
            writer.write(reply)

    async def _recipient(self, line: bytes, recipients: list[str]) -> bytes:
        found = _ADDRESS.search(line)
        recipient = found[1].decode() if found else ""
        if self._allowance.full():
            self._note(451, recipient, "")
            return b"451 4.7.1 too many messages in a minute, try again later\r\n"
        self._allowance.take()
        recipients.append(recipient)
        return await self._late(b"250 2.1.5 recipient ok\r\n")

    def _take(self, content: bytes, recipients: list[str]) -> bytes:
        found = _MESSAGE_ID.search(content)
        message_id = found[1].decode() if found else ""
        if self._keep:
            self._kept += 1
            (self._keep / f"{self._kept}.eml").write_bytes(content)
        for recipient in recipients:
            self._note(250, recipient, message_id)
        return b"250 2.0.0 taken\r\n"

    def _note(self, code: int, recipient: str, message_id: str) -> None:
        os.write(self._diary, f"{time.time():.3f}\t{code}\t{recipient}\t{message_id}\n".encode())

    async def _late(self, reply: bytes) -> bytes:
        if self._delay_s:
            await asyncio.sleep(random.expovariate(1 / self._delay_s))
        return reply


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("port", type=int)
    options.add_argument("diary")
    options.add_argument("--delay-ms", type=float, default=0)
    options.add_argument("--limit", type=int, default=0)
    options.add_argument("--limited-s", type=float, default=0)
    options.add_argument("--keep", type=Path)
    given = options.parse_args()
    diary = os.open(given.diary, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    allowance = Allowance(given.limit, given.limited_s)
    server = Server(diary, given.delay_ms / 1000, allowance, given.keep)
    listening = await asyncio.start_server(
        server.serve, "127.0.0.1", given.port, limit=MOST_BYTES, backlog=1024
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    listening.close()
    await server.wait_for_the_last()


if __name__ == "__main__":
    asyncio.run(main())
