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
    #: Of a document as it is read: after inflating.
    max_bytes: int = 15 * 1024 * 1024
    redirects: int = 5
