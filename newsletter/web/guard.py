"""The guard before all pages: what is too large, too slow or from elsewhere goes no further.

It also gives every answer the headers that keep browsers and caches from doing more than they should, and
turns a fault into a page, telling the log where it was and nothing of what it was about.
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.errors import StoreError
from newsletter.web.site import Site, respond

#: A form of ours has a few hundred octets.
MAX_BODY_BYTES = 64_000
#: For how long a body may be under way; a proxy that buffers sends it at once.
BODY_S = 10.0
#: Where mailbox providers post the one click of RFC 8058, from wherever they are.
ONE_CLICK = re.compile(r"/u/[^/]+")
_PACKAGE = Path(__file__).parents[1]
_OURS = ("same-origin", "none")

_log = logging.getLogger("newsletter.web")


class _Refused(Exception):
    """A request that goes no further. status: what it is answered with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Guard:
    """ASGI middleware: stands between the server and the pages of a site."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._headers = {
            "Content-Security-Policy": site.shell.policy,
            # A POST says nothing of its origin under "no-referrer", and others hear nothing under this one.
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "X-Robots-Tag": "noindex, nofollow",
            "Cache-Control": "no-store",
        }
        if site.origin.startswith("https:"):
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            scope = {**scope, "root_path": self._site.base}  # whether or not the proxy has taken it off
            if scope["method"] == "POST":
                self._refuse_elsewhere(scope)
                receive = await _whole_body(scope, receive)
            await self._app(scope, receive, dressed)
        except _Refused as refused:
            await respond(self._site.trouble(refused.status))(scope, receive, dressed)
        except Exception as bug:
            _log.error("%s at %s", type(bug).__name__, _place_of(bug))
            if begun:
                raise
            status = 503 if isinstance(bug, StoreError) else 500  # a mailbox provider tries that again
            await respond(self._site.trouble(status))(scope, receive, dressed)

    def _refuse_elsewhere(self, scope: Scope) -> None:
        """Refuse a POST that does not come from a page of ours."""
        path = scope["path"].removeprefix(self._site.base)
        if ONE_CLICK.fullmatch(path):
            return
        headers = Headers(scope=scope)
        said = headers.get("sec-fetch-site")
        ours = said in _OURS if said else headers.get("origin", "").lower() == self._site.origin
        if not ours:
            raise _Refused(403)


async def _whole_body(scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Take a body in, and return what hands it on."""
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise _Refused(413)
    try:
        async with asyncio.timeout(BODY_S):
            body = await _taken(receive)
    except TimeoutError:
        raise _Refused(408) from None
    whole: Message = {"type": "http.request", "body": body, "more_body": False}
    waiting = [whole]

    async def hand_on() -> Message:
        return waiting.pop() if waiting else await receive()

    return hand_on


async def _taken(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":  # half a form is none
            raise _Refused(400)
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _Refused(413)
        if not message.get("more_body", False):
            return bytes(body)


def _place_of(bug: BaseException) -> str:
    """Return where in our own code a fault was raised, without a word of what it says."""
    places = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(bug.__traceback__)]
    ours = [f"{path.parent.name}/{path.name}:{line}" for path, line in places if _PACKAGE in path.parents]
    return ", ".join(ours[-3:])
