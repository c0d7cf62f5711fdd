"""The `newsletter` command."""

from __future__ import annotations

import click

from newsletter import __version__
from newsletter.cli.audience import audience
from newsletter.cli.bounce import bounce
from newsletter.cli.commands import Program
from newsletter.cli.edition import edition
from newsletter.cli.feed import feed
from newsletter.cli.item import item
from newsletter.cli.member import member
from newsletter.cli.run import run
from newsletter.cli.schedule import schedule
from newsletter.cli.serve import serve
from newsletter.cli.setup import check, demo, init
from newsletter.cli.why import why

_HELP = """Compose newsletters from feeds and send every member exactly what was promised.

\b
The way of one item:
  feed -> item -> audiences -> edition -> variant -> delivery

\b
A first look, without any configuration:
  newsletter demo
"""


@click.group(
    cls=Program,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    example="newsletter -C our-news edition show weekly",
)
@click.version_option(__version__, prog_name="newsletter")
def main() -> None:
    """Hold what the commands share; what each call needs is read from its options."""


for command in (demo, init, check, feed, item, audience, member, edition, schedule, run, bounce, why, serve):
    main.add_command(command)
