"""A proxy that listens to an SMTP dialogue and tells whether the client waits for answers.

What a client writes between two answers of the server is one turn. With pipelining, the end of a message and
the MAIL, RCPT and DATA of the next stand in one turn; without it, every command has a turn of its own.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import rig

MOST_BYTES = 256 * 1024
EXCERPT_TURNS = 14
_TOGETHER = re.compile(rb"\r\n\.\r\nMAIL FROM:[^\r]*\r\nRCPT TO:[^\r]*\r\nDATA\r\n\Z", re.IGNORECASE)
_COMMAND = re.compile(rb"^(?:MAIL FROM:|RCPT TO:|DATA\r)", re.IGNORECASE | re.MULTILINE)
_END = b"\r\n.\r\n"
#: A message, or the first piece of one, as it stands in a turn.
_CONTENT = re.compile(rb"\A(?!MAIL|RCPT|DATA|EHLO|QUIT|RSET|NOOP).*?\r\n(?=\.\r\n|\Z)", re.DOTALL)


@dataclass
class Recording:
    """What was heard so far.

    messages: ends of messages; together: turns in which one stood with the whole envelope of the next;
    alone: turns that hold just one of MAIL, RCPT, DATA; crowded: those that hold several.
    """

    messages: int = 0
    together: int = 0
    alone: int = 0
    crowded: int = 0
    excerpt: list[str] = field(default_factory=list)
    connections: int = 0


class Ear:
    """Listens to one connection."""

    def __init__(self, recording: Recording, lock: threading.Lock, *, first: bool) -> None:
        self._recording, self._lock, self._first = recording, lock, first
        self._turn = bytearray()

    def client(self, chunk: bytes) -> None:
        """Hear what the client writes."""
        with self._lock:
            self._turn += chunk

    def server(self, chunk: bytes) -> None:
        """Hear what the server writes, which ends the client's turn."""
        with self._lock:
            turn, self._turn = bytes(self._turn), bytearray()
            it = self._recording
            it.messages += turn.count(_END)
            it.together += _TOGETHER.search(turn) is not None
            envelope = _CONTENT.sub(b"", turn)
            commands = len(_COMMAND.findall(envelope))
            it.alone += commands == 1
            it.crowded += commands > 1
            if self._first and len(it.excerpt) < EXCERPT_TURNS * 3:
                it.excerpt += [*told("C", shorten(turn)), *told("S", chunk)]


def shorten(turn: bytes) -> bytes:
    """Return a turn with the content of a message told by its size."""
    return _CONTENT.sub(lambda found: b"[%d octets]\r\n" % len(found[0]), turn)


def told(who: str, text: bytes) -> list[str]:
    """Return lines as an excerpt shows them."""
    return [f"{who}: {line}" for line in text.decode(errors="replace").splitlines()]


@contextmanager
def recorder(target_port: int) -> Iterator[tuple[int, Recording]]:
    """Give a port that leads to another through the recorder, and what it hears."""
    recording, lock = Recording(), threading.Lock()
    with socket.create_server((rig.LOOPBACK, 0), backlog=256) as listening:
        threading.Thread(target=accept, args=(listening, target_port, recording, lock), daemon=True).start()
        yield listening.getsockname()[1], recording


def accept(listening: socket.socket, target_port: int, recording: Recording, lock: threading.Lock) -> None:
    """Connect whoever comes."""
    with suppress(OSError):  # the listener was closed
        while True:
            near, _ = listening.accept()
            far = socket.create_connection((rig.LOOPBACK, target_port))
            ear = Ear(recording, lock, first=recording.connections == 0)
            recording.connections += 1
            for source, target, hear in ((near, far, ear.client), (far, near, ear.server)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=forward, args=(source, target, hear), daemon=True).start()


def forward(source: socket.socket, target: socket.socket, hear: object) -> None:
    """Hear each chunk, then hand it on."""
    assert callable(hear)
    with suppress(OSError):
        while chunk := source.recv(MOST_BYTES):
            hear(chunk)
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
