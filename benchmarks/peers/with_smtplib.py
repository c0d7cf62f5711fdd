"""The same edition by smtplib: a thread and a connection that stays open for each share of the members.

usage: with_smtplib.py PORT COUNT CONNECTIONS TEMPLATE

The template is a whole message in which %%NAME%% and %%ADDRESS%% are replaced for each member.
"""

from __future__ import annotations

import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def send_share(port: int, template: str, numbers: range) -> None:
    """Send to some of the members through one connection."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as relay:
        for number in numbers:
            address = f"member.{number}@schools.example.org"
            message = template.replace("%%ADDRESS%%", address).replace("%%NAME%%", f"Member {number}")
            relay.sendmail("news@example.org", [address], message.encode())


def main() -> None:
    port, count, connections = (int(argument) for argument in sys.argv[1:4])
    template = Path(sys.argv[4]).read_bytes().decode()
    with ThreadPoolExecutor(connections) as threads:
        shares = [
            threads.submit(send_share, port, template, range(first, count, connections))
            for first in range(connections)
        ]
        for share in shares:
            share.result()


if __name__ == "__main__":
    main()
