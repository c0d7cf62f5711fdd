"""The program as it is installed, in a world where names stand for the addresses that a case needs.

hostile_client.py LOG NAME=ADDRESS[/ADDRESS…] … -- ARGUMENTS: several addresses are given one after the other,
one for each time that somebody asks. What the program says on stderr goes into the file LOG.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys

from newsletter.cli.main import main

split = sys.argv.index("--")
world = {
    name: itertools.chain(addresses.split("/"), itertools.repeat(addresses.split("/")[-1]))
    for name, _, addresses in (pair.partition("=") for pair in sys.argv[2:split])
}
resolve = socket.getaddrinfo


def ask_the_world(host, *rest, **named):
    """Resolve a name as it is in this world."""
    return resolve(next(world[host]) if host in world else host, *rest, **named)


socket.getaddrinfo = ask_the_world
with open(sys.argv[1], "wb") as log:  # noqa: PTH123
    os.dup2(log.fileno(), 2)
sys.argv[1:] = sys.argv[split + 1 :]
main()
