"""Which network addresses a feed may be fetched from: public ones, and those that are allowed by name."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address

#: Not for us although `is_global` may say yes: shared and protocol space, and forms of IPv6 that carry an
#: IPv4 address inside, where a private one could hide.
_REFUSED = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # RFC 6598, carriers' NAT
        "192.0.0.0/24",  # RFC 6890
        "192.88.99.0/24",  # RFC 7526, 6to4 relays
        "198.18.0.0/15",  # RFC 2544
        "::/96",  # RFC 4291 §2.5.5.1, IPv4-compatible
        "64:ff9b::/96",  # RFC 6052, NAT64
        "64:ff9b:1::/48",  # RFC 8215
        "2001::/23",  # RFC 2928, Teredo among them
        "2002::/16",  # RFC 3056, 6to4
        "fec0::/10",  # RFC 3879, site-local
    )
)


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the open internet."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address.version == network.version and address in network for network in _REFUSED)


class AllowList:
    """Hosts and networks that may be private: "localhost", "127.0.0.1", "10.2.0.0/16"."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.hosts = {entry.strip().strip("[]").rstrip(".").lower() for entry in entries}
        self.networks = tuple(network for host in self.hosts if (network := _network(host)))

    def permits(self, host: str, address: str) -> bool:
        """Whether this host may be reached at this address. address: as a resolver wrote it."""
        if host.strip("[]").rstrip(".").lower() in self.hosts:
            return True
        ip = ip_address(address.partition("%")[0])
        if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        return is_public(ip) or any(ip.version == net.version and ip in net for net in self.networks)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
