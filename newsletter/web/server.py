"""The server of the pages: uvicorn, for a place behind a proxy."""

from __future__ import annotations

import os
import socket

import uvicorn
from starlette.applications import Starlette

from newsletter.errors import NewsletterError

#: Requests at once, beyond which a busy server says 503 at once.
_MOST_AT_ONCE = 400
_KEEP_ALIVE_S = 15
#: Connections that wait while a server is busy.
_WAITING = 512
#: How long what is under way may take when we are stopped.
_LAST_S = 10


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections from now on; port: 0 for any that is free.

    Raises NewsletterError where that cannot be.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_WAITING)
    except (OSError, OverflowError) as fault:
        reason = os.strerror(fault.errno) if isinstance(fault, OSError) and fault.errno else fault
        raise NewsletterError(
            f"cannot listen at {host}, port {port}: {reason}",
            hint="another program may be there; choose another place with --host and --port",
        ) from None


def make_server(app: Starlette, proxies: str = "127.0.0.1") -> uvicorn.Server:
    """Return what serves the pages, on sockets that its `run` is given.

    proxies: addresses whose X-Forwarded-For is believed, with commas. Nothing that is asked for is logged:
    addresses of pages are secrets of members.
    """
    settings = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        lifespan="off",
        proxy_headers=True,
        forwarded_allow_ips=proxies,
        server_header=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LAST_S,
        ws="none",
    )
    return uvicorn.Server(settings)
