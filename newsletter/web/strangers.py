"""Strangers: who tries links that are none, counted by where they come from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime
from ipaddress import IPv6Address, ip_address

#: Wrong links of one address in one minute, after which it hears that it is too often.
_MOST = 100
#: Addresses that are remembered; those heard of longest ago go first.
_REMEMBERED = 10_000
_NETWORK_BITS = 64


class Strangers:
    """Counts wrong links by address and minute, and never right ones. Threads may share it."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._turn = threading.Lock()

    def too_many(self, client: str, now: datetime) -> bool:
        """Count one wrong link of an address, and say whether that is too often."""
        minute, place = int(now.timestamp()) // 60, _place(client)
        with self._turn:
            since, count = self._counts.pop(place, (minute, 0))
            count = count + 1 if since == minute else 1
            self._counts[place] = (minute, count)
            if len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)
        return count > _MOST


def _place(client: str) -> str:
    """Return what stands for one customer: an IPv4 address, or the network of an IPv6 one."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        return str(int(address) >> (128 - _NETWORK_BITS))
    return str(address)
