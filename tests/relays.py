"""Relays that tests talk to: one that behaves badly in a named way, and what it saw.

    with ScriptedRelay(drop_after_final_dot()) as relay:
        ...                                # connect to relay.host, relay.port
    assert relay.commands.count("DATA") == 1

A fault is a script: for each verb the answer to give instead of the usual one. A list is worked through,
one answer for each time, and its last one stays. Beside the commands there are CONNECT (the greeting),
BODY (when the first line of the content has come) and "." (when its end has).
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

Answer = bytes | Sequence[bytes]
Script = Mapping[str, Answer]

#: Answers that are no bytes to send: hang up; say nothing and keep the line open; the usual answer; the usual
#: answer once the test calls `relay.released.set()`.
HANG_UP, SILENCE, USUAL, HELD = b"<hang up>", b"<silence>", b"<usual>", b"<held>"
#: An answer that ends so is sent, and then the relay hangs up.
THEN_HANG_UP = b"<then hang up>"
#: An answer that ends so is sent, and then the relay reads no more.
THEN_DEAF = b"<then deaf>"

EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")

_ANSWERS = {
    "CONNECT": b"220 relay.test ESMTP\r\n",
    "STARTTLS": b"220 2.0.0 go ahead\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
    "DATA": b"354 end with a dot\r\n",
    ".": b"250 2.0.0 taken\r\n",
    "QUIT": b"221 2.0.0 bye\r\n" + THEN_HANG_UP,
}


def drop_after_connect() -> Script:
    return {"CONNECT": HANG_UP}


def drop_after_ehlo() -> Script:
    return {"EHLO": HANG_UP}


def drop_after_mail() -> Script:
    return {"MAIL": HANG_UP}


def drop_in_content() -> Script:
    return {"BODY": HANG_UP}


def drop_after_final_dot() -> Script:
    return {".": HANG_UP}


def never_answers(verb: str) -> Script:
    return {verb: SILENCE}


def half_a_reply(verb: str) -> Script:
    return {verb: b"250-2.1.0 almo" + THEN_HANG_UP}


def huge_reply(verb: str) -> Script:
    """Ten megabytes in lines that are each in order."""
    return {verb: b"250-2.1.0 and another thing\r\n" * 360_000}


def nonsense(verb: str) -> Script:
    return {verb: b"HTTP/1.1 400 Bad Request\r\n\r\n"}


def closing(verb: str) -> Script:
    return {verb: b"421 4.3.2 shutting down\r\n" + THEN_HANG_UP}


def refuses(verb: str, reply: str) -> Script:
    return {verb: f"{reply}\r\n".encode()}


@dataclass(frozen=True)
class Received:
    """One message whose final dot came; sender and recipient as on the wire."""

    sender: str
    recipient: str
    content: bytes

    @property
    def name(self) -> str:
        """The recipient's part before the @."""
        return self.recipient.partition("@")[0]


class ScriptedRelay:
    """An SMTP relay in a thread, on a free loopback port, that follows a script; commands is its diary."""

    host = "127.0.0.1"

    def __init__(
        self,
        script: Script | None = None,
        *,
        extensions: Sequence[str] = EXTENSIONS,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self._script = {verb: _as_list(answer) for verb, answer in (script or {}).items()}
        self._extensions = extensions
        self._tls = tls
        self._implicit_tls = implicit_tls
        #: Whole command lines in order, over all connections.
        self.lines: list[str] = []
        #: Messages whose final dot came, whatever was answered.
        self.messages: list[Received] = []
        #: All bytes that came unencrypted.
        self.clear = bytearray()
        self.connections = 0
        self.over = threading.Event()
        self.released = threading.Event()
        self._came = threading.Condition()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def commands(self) -> list[str]:
        """The verbs of the diary."""
        return [line.partition(" ")[0].upper() for line in self.lines]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def names(self) -> list[str]:
        """Whom messages came for, by the part before the @, in order of arrival."""
        return [message.name for message in self.messages]

    def wait_for(self, messages: int) -> None:
        """Return when so many messages have come; fails when they do not."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.messages) >= messages, timeout=30), len(self.messages)

    def take(self, message: Received) -> None:
        """Write a message down, before it is answered."""
        with self._came:
            self.messages.append(message)
            self._came.notify_all()

    def hang_up_idle(self, farewell: bytes = b"") -> None:
        """Say something unasked on every connection, then end it."""
        with self._lock:
            for connection in self._open:
                connection.sendall(farewell)
                connection.shutdown(socket.SHUT_RDWR)

    def say(self, unasked: bytes) -> None:
        """Say something unasked on every connection."""
        with self._lock:
            for connection in self._open:
                connection.sendall(unasked)

    def answer(self, verb: str) -> bytes:
        """Take the next answer of the script, or the usual one."""
        with self._lock:
            answers = self._script.get(verb, [USUAL])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return self._usual(verb) if answer == USUAL else answer

    def _usual(self, verb: str) -> bytes:
        if verb != "EHLO":
            return _ANSWERS.get(verb, b"250 2.0.0 fine\r\n")
        *first, last = ("relay.test greets you", *self._extensions)
        return "".join([*(f"250-{line}\r\n" for line in first), f"250 {last}\r\n"]).encode()

    def _start(self, task, *args) -> None:
        thread = threading.Thread(target=task, args=args, name="scripted relay")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        talk = _Talk(self, connection)
        try:
            if self._implicit_tls:
                talk.encrypt(self._tls)
            talk.run(self._tls)
        except (OSError, EOFError):
            pass  # the client went away, or we did
        finally:
            with self._lock:
                talk.forget()
            talk.close()


class _Talk:
    """One connection of a ScriptedRelay."""

    def __init__(self, relay: ScriptedRelay, connection: socket.socket) -> None:
        self._relay = relay
        self._socket = connection
        self._file = connection.makefile("rb")
        self._sender = self._recipient = ""
        relay._open.append(connection)

    def run(self, tls: ssl.SSLContext | None) -> None:
        self._do("CONNECT")
        while True:
            line = self._read_line().decode("utf-8", "replace").rstrip("\r\n")
            self._relay.lines.append(line)
            verb, _, rest = line.partition(" ")
            answer = self._do(verb.upper())
            if verb == "MAIL":
                self._sender = rest
            elif verb == "RCPT":
                self._recipient = rest
            elif verb == "AUTH" and answer.startswith(b"334"):
                self._read_line()
                self._send(b"235 2.7.0 welcome\r\n")
            elif verb == "DATA" and answer.startswith(b"354"):
                self._take_content()
            elif verb == "STARTTLS" and answer.startswith(b"220"):
                self.encrypt(tls)

    def _take_content(self) -> None:
        lines = [self._read_line()]
        if (answer := self._relay.answer("BODY")) != self._relay._usual("BODY"):
            self._say(answer)
        while (line := self._read_line()) != b".\r\n":
            lines.append(line)
        content = b"".join(line.removeprefix(b".") for line in lines)
        self._relay.take(Received(_path(self._sender), _path(self._recipient), content))
        self._do(".")

    def _do(self, verb: str) -> bytes:
        answer = self._relay.answer(verb)
        if answer == HELD:
            self._relay.released.wait()
            answer = self._relay._usual(verb)
        self._say(answer)
        return answer

    def _say(self, answer: bytes) -> None:
        if answer == HANG_UP:
            raise EOFError
        if answer != SILENCE:
            self._send(answer.removesuffix(THEN_HANG_UP).removesuffix(THEN_DEAF))
        if answer.endswith(THEN_HANG_UP):
            self._leave_in_order()
        if answer.endswith(THEN_DEAF):
            self._relay.over.wait()

    def _leave_in_order(self) -> None:
        """Hang up so that what was said arrives: closing with something unread would take it back."""
        self._socket.shutdown(socket.SHUT_WR)
        while self._socket.recv(65536):
            pass
        raise EOFError

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _read_line(self) -> bytes:
        line = self._file.readline()
        if not isinstance(self._socket, ssl.SSLSocket):
            self._relay.clear += line
        if not line:
            raise EOFError
        return line

    def encrypt(self, tls: ssl.SSLContext | None) -> None:
        assert tls is not None, "the relay was given no certificate"
        self._file.close()
        self.forget()
        self._socket = tls.wrap_socket(self._socket, server_side=True)
        self._relay._open.append(self._socket)
        self._file = self._socket.makefile("rb")

    def forget(self) -> None:
        with contextlib.suppress(ValueError):  # forgotten before a TLS handshake that failed
            self._relay._open.remove(self._socket)

    def close(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()


def _as_list(answer: Answer) -> list[bytes]:
    return [answer] if isinstance(answer, bytes) else list(answer)


def _path(argument: str) -> str:
    """Return what stands between the angle brackets of MAIL or RCPT."""
    return argument.partition("<")[2].partition(">")[0]


def login_of(line: str) -> tuple[str, str]:
    """Return username and password of an AUTH PLAIN line."""
    _, username, password = base64.b64decode(line.split()[2]).decode().split("\0")
    return username, password
