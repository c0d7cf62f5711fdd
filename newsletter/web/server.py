"""The server of the pages: uvicorn, for a place behind a proxy."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette

#: Requests at once, beyond which a busy server says 503 at once.
_MOST_AT_ONCE = 400
_KEEP_ALIVE_S = 15
#: How long what is under way may take when we are stopped.
_LAST_S = 10


def make_server(app: Starlette, host: str, port: int, proxies: str = "127.0.0.1") -> uvicorn.Server:
    """Return a server that listens once it runs. port: 0 for any that is free.

    proxies: addresses whose X-Forwarded-For is believed, with commas. Nothing that is asked for is logged:
    addresses of pages are secrets of members.
    """
    settings = uvicorn.Config(
        app,
        host,
        port,
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
