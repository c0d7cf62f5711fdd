"""newsletter serve: the web pages that mail leads to."""

from __future__ import annotations

import signal
from contextlib import suppress

import click

from newsletter.cli.app import App, pass_app
from newsletter.cli.commands import Command

_PORT = 8025


@click.command("serve", cls=Command, example="newsletter -C /srv/our-news serve --port 8025")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="And at which port; 0 for any that is free.",
)
@click.option(
    "--proxies",
    metavar="ADDRESSES",
    default="127.0.0.1",
    show_default=True,
    help="Proxies that are believed about where a visitor comes from, parted by commas.",
)
@pass_app
def serve(app: App, host: str, port: int, proxies: str) -> None:
    """Serve the web pages that mail leads to.

    On these, members leave, choose their topics and read in a browser. They are reached at
    `[web] url`, through a proxy that speaks https. Stop it with Ctrl-C or SIGTERM.
    """
    from newsletter.web.app import make_app
    from newsletter.web.server import listen, make_server

    project = app.open()
    pages = make_app(project)
    with listen(host, port) as listening:
        web = project.config.settings.web
        place = ":".join(map(str, listening.getsockname()[:2]))
        app.note(f"Serving http://{place} for {web.url if web else ''}; stop it with Ctrl-C.")
        server = make_server(pages, proxies)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn hands both on when it has ended
        with suppress(KeyboardInterrupt):
            server.run([listening])
