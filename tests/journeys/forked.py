"""The program in processes that are forked from one which has imported it: each costs little.

They are whole processes, with streams, signals and an end of their own, and run what `newsletter` runs. As a
program of its own, this file is the process that they are forked from.
"""

from __future__ import annotations

import json
import os
import pkgutil
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Self

import newsletter
from newsletter.cli.main import main

_LARGEST = 1 << 20


class Forked:
    """A process that runs `newsletter` with some arguments, with what subprocess.Popen has for one.

    stdin, stdout, stderr: a file's number, or subprocess.PIPE or DEVNULL.
    """

    stdout: IO[str] | None
    stderr: IO[str] | None

    def __init__(
        self,
        args: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> None:
        self.returncode: int | None = None
        self._watcher, theirs = socket.socketpair()
        (given_in, _), (given_out, self.stdout), (given_err, self.stderr) = map(_end, (stdin, stdout, stderr))
        wanted = json.dumps({"args": args, "cwd": str(cwd), "env": dict(os.environ if env is None else env)})
        given = [given_in, given_out, given_err]
        with theirs:
            socket.send_fds(_server(), [wanted.encode()], [*given, theirs.fileno()])
        for number, asked in zip(given, (stdin, stdout, stderr), strict=True):
            if asked < 0:
                os.close(number)
        self._told = self._watcher.makefile("r")
        self.pid = int(self._told.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()

    def poll(self) -> int | None:
        """Return how it ended, None while it has not."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return the exit code; a signal's number is negative."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("newsletter", timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end, and return what it wrote to stdout and stderr."""
        with ThreadPoolExecutor(2) as readers:
            streams = [
                readers.submit(stream.read) if stream else None for stream in (self.stdout, self.stderr)
            ]
            self.wait(timeout)
            stdout, stderr = (stream.result() if stream else "" for stream in streams)
        return stdout, stderr

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:  # until then nobody else can have its number
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send it SIGTERM, unless it has ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is not None:
            return self.returncode
        self._watcher.settimeout(timeout)
        try:
            if not self._watcher.recv(1, socket.MSG_PEEK):
                raise RuntimeError("the process that watches it is gone")
        except (BlockingIOError, TimeoutError):
            return None
        self._watcher.settimeout(None)
        self.returncode = int(self._told.readline())
        self._watcher.shutdown(socket.SHUT_WR)  # it may be forgotten now
        self._told.read()
        self._told.close()
        self._watcher.close()
        return self.returncode


def _end(asked: int) -> tuple[int, IO[str] | None]:
    """Return the number of a stream as the process gets it, and our end of it."""
    if asked == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    if asked == subprocess.PIPE:
        ours, theirs = os.pipe()
        return theirs, open(ours, encoding="utf-8")  # noqa: PTH123 - a number
    return asked, None


@cache
def _server() -> socket.socket:
    """Start the process that others are forked from; it ends with us."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL).returncode = 0
    return ours


# --- the process that others are forked from


def _serve(requests: socket.socket) -> None:
    """Fork a process for each request, and return in those."""
    for module in pkgutil.walk_packages(newsletter.__path__, "newsletter."):
        if ".migrations." not in module.name:
            import_module(module.name)
    for name in ("alembic.command", "sqlalchemy.dialects.sqlite", "uvloop"):
        import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for watchers
    while True:
        message, given, _, _ = socket.recv_fds(requests, _LARGEST, 4)
        if not message:
            os._exit(0)
        if not os.fork():
            break
        for number in given:
            os.close(number)
    requests.close()
    _become(json.loads(message), *given)


def _become(wanted: dict, stdin: int, stdout: int, stderr: int, status: int) -> None:
    """Fork once more: one is the program, the other watches it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if program := os.fork():
        for number in (stdin, stdout, stderr):
            os.close(number)
        _watch(program, socket.socket(fileno=status))
    os.close(status)
    for target, number in enumerate((stdin, stdout, stderr)):
        os.dup2(number, target)
        os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering=_buffering(number), encoding="utf-8", errors=stream.errors)  # noqa: PTH123, SIM115
        for number, (mode, stream) in enumerate([("r", sys.stdin), ("w", sys.stdout), ("w", sys.stderr)])
    )
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    time.tzset()
    random.seed()
    sys.argv = ["-c", *wanted["args"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _buffering(number: int) -> int:
    return 1 if number == 2 or os.isatty(number) else -1


def _watch(program: int, told: socket.socket) -> None:
    """Tell a process's number and how it ended; it keeps its number until that was heard."""
    told.sendall(f"{program}\n".encode())
    ended = os.waitid(os.P_PID, program, os.WEXITED | os.WNOWAIT)
    assert ended
    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    told.sendall(f"{code}\n".encode())
    told.recv(1)
    os.waitpid(program, 0)
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.exit(main())
