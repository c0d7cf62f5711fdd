"""What a fetch may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch, redirects included."""

    connect_s: float = 10
    #: Longest silence between two pieces of an answer.
    read_s: float = 10
    #: From the first connection to the last byte.
    total_s: float = 20
    #: Of a document as it travels, and again as it is read, after inflating.
    max_bytes: int = 15 * 1024 * 1024
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class PullLimits:
    """Bounds of all fetches of one pull together."""

    #: Feeds that are fetched at the same time.
    at_once: int = 8
    #: Of these, from one host: more is no way to treat a neighbour.
    per_host: int = 2
    #: Documents that wait to be read; beyond the first 256 KiB of each they lie on the disk.
    ahead: int = 16
