"""newsletter serve: the web pages that mail leads to."""

from __future__ import annotations

import click

from newsletter.cli.app import App, pass_app
from newsletter.cli.commands import Command

_PORT = 8025


@click.command("serve", cls=Command, example="newsletter -C /srv/our-news serve --port 8025")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True, help="And at which port."
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
    from newsletter.web.server import make_server

    project = app.open()
    pages = make_app(project)
    web = project.config.settings.web
    app.note(f"Serving http://{host}:{port} for {web.url if web else ''}; stop it with Ctrl-C.")
    server = make_server(pages, host, port, proxies)
    server.run()
    if not server.started:
        from newsletter.errors import NewsletterError

        raise NewsletterError(
            f"cannot listen at {host}:{port}", hint="another program may; choose one with --port"
        )
