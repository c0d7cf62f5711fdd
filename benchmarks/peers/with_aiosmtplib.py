"""The same edition by aiosmtplib: a task and a connection that stays open for each share of the members.

usage: with_aiosmtplib.py PORT COUNT CONNECTIONS TEMPLATE

The template is a whole message in which %%NAME%% and %%ADDRESS%% are replaced for each member.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiosmtplib


async def send_share(port: int, template: str, numbers: range) -> None:
    """Send to some of the members through one connection."""
    relay = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="localhost")
    async with relay:
        for number in numbers:
            address = f"member.{number}@schools.example.org"
            message = template.replace("%%ADDRESS%%", address).replace("%%NAME%%", f"Member {number}")
            await relay.sendmail("news@example.org", [address], message.encode())


async def main() -> None:
    port, count, connections = (int(argument) for argument in sys.argv[1:4])
    template = Path(sys.argv[4]).read_bytes().decode()
    shares = [range(first, count, connections) for first in range(connections)]
    await asyncio.gather(*(send_share(port, template, share) for share in shares))


if __name__ == "__main__":
    asyncio.run(main())
