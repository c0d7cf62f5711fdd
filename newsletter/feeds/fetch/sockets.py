"""Connections that go only where they may, and end when their time is up."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from newsletter.errors import FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.limits import FetchLimits


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


class _Timed:
    """A socket whose every read is bounded by the deadline: a time-out alone lets a slow drip go on."""

    deadline: Deadline
    read_s: float

    def recv_into(self, *arguments: Any) -> int:  # noqa: ANN401 - as the socket's own
        self.settimeout(self.deadline.time_left_s(self.read_s))  # type: ignore[attr-defined]
        return super().recv_into(*arguments)  # type: ignore[misc, no-any-return]


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
    for family, address in _resolve(url, host, port, allow):
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
        return ready
    raise fault or OSError("no address to connect to")


def _with_tls(plain: socket.socket, host: str) -> _TLSSocket:
    secured = _tls().wrap_socket(plain, server_hostname=host)
    assert isinstance(secured, _TLSSocket)  # noqa: S101 - sslsocket_class says so; for the type checker
    return secured


def _resolve(url: str, host: str, port: int, allow: AllowList) -> Iterator[tuple[int, Any]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
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


def _named(host: str, address: str) -> str:
    """Return the address, after the name that stood for it."""
    return address if host.strip("[]") == address else f"{host} stands for {address}, which"
