"""Relays that tests talk to: one that behaves badly in a named way, and what it saw.

    with ScriptedRelay(drop_after_final_dot()) as relay:
        ...                                # connect to relay.host, relay.port
    assert relay.commands.count("DATA") == 1

A fault is a script: for each verb the answer to give instead of the usual one. A list is worked through,
one answer for each time, and its last one stays; a function is asked with the address of MAIL or RCPT, for
DATA and "." the recipient's. What the script says nothing about is answered as a relay
does that keeps to the order: RCPT without MAIL is a 503, content for nobody a 554. Beside the commands there
are CONNECT (the greeting), BODY (when the first line of the content has come) and "." (when its end has).
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

Answer = bytes | Sequence[bytes] | Callable[[str], bytes]
Script = Mapping[str, Answer]

#: Answers that are no bytes to send: hang up; say nothing from now on and keep the line open; the usual
#: answer; the usual answer once the test calls `relay.released.set()`, or once the next DATA has come.
HANG_UP, SILENCE, USUAL, HELD, LATE = b"<hang up>", b"<silence>", b"<usual>", b"<held>", b"<late>"
#: An answer that ends so is sent, and then the relay hangs up.
THEN_HANG_UP = b"<then hang up>"
#: An answer that ends so is sent, and then the relay reads no more.
THEN_DEAF = b"<then deaf>"
#: An answer that ends so is sent, and what came together with the question is thrown away.
THEN_FORGET = b"<then forget>"

EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")

_ANSWERS = {
    "CONNECT": b"220 relay.test ESMTP\r\n",
    "STARTTLS": b"220 2.0.0 go ahead\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
    "DATA": b"354 end with a dot\r\n",
    ".": b"250 2.0.0 taken\r\n",
    "QUIT": b"221 2.0.0 bye\r\n" + THEN_HANG_UP,
}

_OUT_OF_ORDER = {
    "RCPT": b"503 5.5.1 MAIL first\r\n",
    "DATA": b"503 5.5.1 RCPT first\r\n",
    ".": b"554 5.5.1 no valid recipients\r\n",
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
    """One message whose final dot came; sender and recipient as on the wire. answer: what we say to it."""

    sender: str
    recipient: str
    content: bytes
    answer: bytes = USUAL

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
        self._script = {verb: _as_function(answer) for verb, answer in (script or {}).items()}
        self._extensions = extensions
        self._tls = tls
        self._implicit_tls = implicit_tls
        #: Whole command lines in order, over all connections.
        self.lines: list[str] = []
        #: Messages whose final dot came, whatever was answered.
        self.messages: list[Received] = []
        #: All bytes that came unencrypted.
        self.clear = bytearray()
        #: What came, as it came: commands that were written together stand in one.
        self.segments: list[bytes] = []
        self.connections = 0
        self._ended = 0
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

    def read_to_the_end(self) -> None:
        """Return when every connection has ended, and all that a killed sender left on the wire was read."""
        with self._came:
            assert self._came.wait_for(lambda: self._ended == self.connections, timeout=300)

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

    def answer(self, verb: str, address: str = "", *, in_order: bool = True) -> bytes:
        """Take the next answer of the script, or the usual one."""
        with self._lock:
            answer = self._script[verb](address) if verb in self._script else USUAL
        if answer != USUAL:
            return answer
        return self._usual(verb) if in_order else _OUT_OF_ORDER[verb]

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
            with self._came:
                self._ended += 1
                self._came.notify_all()


class _Talk:
    """One connection of a ScriptedRelay."""

    def __init__(self, relay: ScriptedRelay, connection: socket.socket) -> None:
        self._relay = relay
        self._socket = connection
        self._unread = bytearray()
        self._sender = self._recipient = ""
        self._mute = False
        relay._open.append(connection)

    def run(self, tls: ssl.SSLContext | None) -> None:
        self._do("CONNECT")
        while True:
            line = self._read_line().decode("utf-8", "replace").rstrip("\r\n")
            self._relay.lines.append(line)
            verb, _, rest = line.partition(" ")
            answer = self._do(verb.upper(), rest)
            if verb in {"MAIL", "RSET"}:
                self._sender = rest if answer.startswith(b"250") else ""
                self._recipient = ""
            elif verb == "RCPT":
                self._recipient = rest if answer.startswith(b"250") else ""
            elif verb == "AUTH" and answer.startswith(b"334"):
                self._read_line()
                self._send(b"235 2.7.0 welcome\r\n")
            elif verb == "DATA" and answer.startswith(b"354"):
                self._take_content()
            elif verb == "STARTTLS" and answer.startswith(b"220"):
                self.encrypt(tls)

    def _take_content(self) -> None:
        lines = []
        while (line := self._read_line()) != b".\r\n":
            if not lines and (answer := self._choose("BODY")) != self._relay._usual("BODY"):
                self._say(answer)
            lines.append(line)
        answer = self._choose(".")
        if self._recipient:
            content = b"".join(line.removeprefix(b".") for line in lines)
            self._relay.take(Received(_path(self._sender), _path(self._recipient), content, answer))
        self._sender = self._recipient = ""
        self._give(".", answer)

    def _do(self, verb: str, rest: str = "") -> bytes:
        return self._give(verb, self._choose(verb, rest))

    def _choose(self, verb: str, rest: str = "") -> bytes:
        needed = {"RCPT": self._sender, "DATA": self._recipient, ".": self._recipient}
        address = _path(rest if verb in {"MAIL", "RCPT"} else self._recipient)
        return self._relay.answer(verb, address, in_order=bool(needed.get(verb, True)))

    def _give(self, verb: str, answer: bytes) -> bytes:
        if answer in {HELD, LATE}:
            if answer == HELD:
                self._relay.released.wait()
            while answer == LATE and b"DATA\r\n" not in self._unread:
                self._receive()
            answer = self._relay._usual(verb)
        self._say(answer)
        return answer

    def _say(self, answer: bytes) -> None:
        if answer == HANG_UP:
            raise EOFError
        if answer == SILENCE:
            self._mute = True
        if not self._mute:
            self._send(answer.removesuffix(THEN_HANG_UP).removesuffix(THEN_DEAF).removesuffix(THEN_FORGET))
        if answer.endswith(THEN_HANG_UP):
            self._leave_in_order()
        if answer.endswith(THEN_DEAF):
            self._relay.over.wait()
        if answer.endswith(THEN_FORGET):
            self._unread.clear()

    def _leave_in_order(self) -> None:
        """Hang up so that what was said arrives: closing with something unread would take it back."""
        self._socket.shutdown(socket.SHUT_WR)
        while self._socket.recv(65536):
            pass
        raise EOFError

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _read_line(self) -> bytes:
        while (end := self._unread.find(b"\n") + 1) == 0:
            self._receive()
        line = bytes(self._unread[:end])
        del self._unread[:end]
        return line

    def _receive(self) -> None:
        segment = self._socket.recv(1 << 20)
        if not segment:
            raise EOFError
        self._relay.segments.append(segment)
        if not isinstance(self._socket, ssl.SSLSocket):
            self._relay.clear += segment
        self._unread += segment

    def encrypt(self, tls: ssl.SSLContext | None) -> None:
        assert tls is not None, "the relay was given no certificate"
        self.forget()
        self._socket = tls.wrap_socket(self._socket, server_side=True)
        self._relay._open.append(self._socket)

    def forget(self) -> None:
        with contextlib.suppress(ValueError):  # forgotten before a TLS handshake that failed
            self._relay._open.remove(self._socket)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()


class Sink:
    """A smtp-sink of Postfix on a free loopback port, told by its options to misbehave for every message.

    Needs the program; a test without it is skipped, with a line that says so.
    """

    host = "127.0.0.1"

    def __init__(self, *options: str, port: int = 0) -> None:
        program = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            pytest.skip("smtp-sink is not installed: it comes with postfix")
        self.port = port or _free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="newsletter-sink-", ignore_cleanup_errors=True)
        as_nobody = []
        if os.geteuid() == 0:  # it refuses to stay root
            as_nobody = ["-u", "nobody"]
            shutil.chown(self._folder.name, "nobody")
        captures = ["-d", f"{self._folder.name}/%M."]
        self._command = [program, *as_nobody, *options, *captures, f"{self.host}:{self.port}", "128"]

    def __enter__(self) -> Self:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            _wait_until_open(self.host, self.port, self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self.names = self._read_names()
        self._folder.cleanup()

    def _read_names(self) -> list[str]:
        """Return whom it stored a message for, by the part before the @."""
        captured = [path.read_bytes() for path in Path(self._folder.name).iterdir()]
        lines = [line for text in captured for line in text.splitlines() if line.startswith(b"X-Rcpt-Args:")]
        return sorted(_path(line.decode()).partition("@")[0] for line in lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_open(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1000):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, port)):
            return
        assert process.poll() is None, "smtp-sink did not start"
        time.sleep(0.005)
    raise AssertionError("smtp-sink does not listen")


def _as_function(answer: Answer) -> Callable[[str], bytes]:
    if callable(answer):
        return answer
    answers = [answer] if isinstance(answer, bytes) else list(answer)
    return lambda _address: answers.pop(0) if len(answers) > 1 else answers[0]


def _path(argument: str) -> str:
    """Return what stands between the angle brackets of MAIL or RCPT."""
    return argument.partition("<")[2].partition(">")[0]


def login_of(line: str) -> tuple[str, str]:
    """Return username and password of an AUTH PLAIN line."""
    _, username, password = base64.b64decode(line.split()[2]).decode().split("\0")
    return username, password


def hurry(monkeypatch) -> None:
    """Make pauses after trouble, and the pace after a complaint, too short to wait for."""
    monkeypatch.setattr("newsletter.workflows.relay._FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("newsletter.delivery.pace._FIRST", 1000.0)
