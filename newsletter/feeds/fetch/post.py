"""A document to a web address that the organisation names, under the same guard as what is fetched.

It stands here because the guard does: the address that was checked is the one that is connected to, nobody
inside our own network is reached unless allowed, and no redirect is followed.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from urllib.parse import urlsplit

import urllib3.exceptions
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from newsletter.errors import AlertError, FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.limits import FetchLimits
from newsletter.feeds.fetch.sockets import Deadline, TooMuch, open_socket

_LIMITS = FetchLimits(connect_s=5, read_s=10, total_s=15, max_bytes=64 * 1024)
_PORTS = {"http": 80, "https": 443}
_GOOD = range(200, 300)


class WebHook:
    """A web address that takes JSON. Its path may be a secret, so what is told names the host alone."""

    def __init__(
        self, url: str, allow: Sequence[str], headers: Mapping[str, str], limits: FetchLimits = _LIMITS
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self._place = f"webhook at {self.host}"
        self._tls = parts.scheme == "https"
        self._port = parts.port or _PORTS[parts.scheme]
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Host": parts.netloc, "Connection": "close", **headers}
        self._allow = AllowList(allow)
        self._limits = limits

    def try_out(self) -> None:
        """Connect, with TLS where it is asked for, and say nothing; raises AlertError."""
        self._run(lambda _: None)

    def post(self, document: object) -> None:
        """Hand a document over; raises AlertError unless it is taken with a 2xx."""
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = {**self._headers, "Content-Type": "application/json", "Content-Length": str(len(body))}

        def ask(connection: HTTPConnection) -> None:
            connection.request("POST", self._target, body, headers, preload_content=False)
            with closing(connection.getresponse()) as response:
                status = response.status
            if status not in _GOOD:
                raise AlertError(f"{self._place}: it answered {status}", hint=_cure(status))

        self._run(ask)

    def _run(self, ask: Callable[[HTTPConnection], None]) -> None:
        try:
            with closing(HTTPConnection(self.host, self._port)) as connection:
                connection.sock = open_socket(
                    self._place,
                    self.host,
                    self._port,
                    tls=self._tls,
                    allow=self._allow,
                    deadline=Deadline(self._limits.total_s),
                    limits=self._limits,
                )
                connection.auto_open = 0  # only this one, to the address that was checked
                ask(connection)
        except AlertError:
            raise
        except FetchError as fault:
            raise AlertError(str(fault), hint=fault.hint) from None
        except (HTTPError, http.client.HTTPException, OSError, TooMuch, ValueError) as fault:
            raise AlertError(f"{self._place}: {_trouble(fault)}", hint="the next round tries again") from None


def _cure(status: int) -> str:
    if status in (401, 403, 404, 410):
        return "look whether its address, or its token, is still the right one"
    return "the next round tries again"


def _trouble(fault: Exception) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {fault.verify_message}"
    if isinstance(fault, TimeoutError | urllib3.exceptions.TimeoutError):
        return "it took too long to answer"
    if isinstance(fault, ConnectionRefusedError):
        return "nobody answers there"
    return "its answer broke off or made no sense"
