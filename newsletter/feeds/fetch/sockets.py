"""Connections that go only where they may, and end when their time is up."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from typing import Any

from newsletter.errors import FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.limits import FetchLimits

#: What may come before the document: http.client takes 100 header lines of 64 KiB, we do not.
_HEAD_BYTES = 1024 * 1024


class Deadline:
    """When a fetch has to be over; time_left_s raises TimeoutError from then on."""

    def __init__(self, total_s: float) -> None:
        self.ends = time.monotonic() + total_s

    def time_left_s(self, at_most: float) -> float:
        """Return how long the next step may take, in seconds."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        return min(left, at_most)


class TooMuch(Exception):
    """More came over the line than a document may be long; no OSError, so that nobody takes it for one."""


class _Timed:
    """A socket whose every read is bounded by the deadline: a time-out alone lets a slow drip go on.

    What comes is counted as it travels, too: some streams inflate to nothing, without end.
    """

    deadline: Deadline
    read_s: float
    bytes_left: int

    def recv_into(self, *arguments: Any) -> int:  # noqa: ANN401 - as the socket's own
        self.settimeout(self.deadline.time_left_s(self.read_s))  # type: ignore[attr-defined]
        count: int = super().recv_into(*arguments)  # type: ignore[misc]
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise TooMuch
        return count


class _PlainSocket(_Timed, socket.socket):
    pass


class _TLSSocket(_Timed, ssl.SSLSocket):
    pass


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _TLSSocket
    return context


def open_socket(
    url: str, host: str, port: int, *, tls: bool, allow: AllowList, deadline: Deadline, limits: FetchLimits
) -> socket.socket:
    """Return a socket connected to a host at one of its addresses, all of which have been checked.

    url: the feed's, for messages. Raises FetchError for a host that is unknown or may not be reached, OSError
    for one that does not answer.
    """
    fault: OSError | None = None
    for family, address in _resolve(url, host, port, allow, deadline.time_left_s(limits.connect_s)):
        plain = _PlainSocket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(deadline.time_left_s(limits.connect_s))
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready: _PlainSocket | _TLSSocket = _with_tls(plain, host) if tls else plain
        except OSError as problem:
            plain.close()
            fault = problem
            continue
        ready.deadline, ready.read_s = deadline, limits.read_s
        ready.bytes_left = limits.max_bytes + _HEAD_BYTES
        return ready
    raise fault or OSError("no address to connect to")


def _with_tls(plain: socket.socket, host: str) -> _TLSSocket:
    secured = _tls().wrap_socket(plain, server_hostname=host)
    assert isinstance(secured, _TLSSocket)  # noqa: S101 - sslsocket_class says so; for the type checker
    return secured


def _resolve(url: str, host: str, port: int, allow: AllowList, timeout_s: float) -> Iterator[tuple[int, Any]]:
    try:
        found = _look_up(host, port, timeout_s)
    except TimeoutError:
        raise
    except (OSError, UnicodeError):
        raise FetchError(
            f"{url}: the host {host!r} is unknown", feed_url=url, hint="check the address, and the network"
        ) from None
    for *_, address in found:
        if not allow.permits(host, str(address[0])):
            raise FetchError(
                f"{url}: {_named(host, str(address[0]))} is not an address of the public internet",
                feed_url=url,
                hint=f'if that is meant, allow it in newsletter.toml: [fetch] allow = ["{host}"]',
            )
    return ((family, address) for family, *_, address in found)


def _look_up(host: str, port: int, timeout_s: float) -> list[Any]:
    """Ask the resolver, which knows no time-out: a name is asked for beside us, and left when it is late."""
    if _is_literal(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    answer: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as fault:
            answer.put(fault)

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    try:
        found = answer.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError(f"looking up {host} took too long") from None
    if isinstance(found, Exception):
        raise found
    return found


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _named(host: str, address: str) -> str:
    """Return the address, after the name that stood for it."""
    return address if host.strip("[]") == address else f"{host} stands for {address}, which"
