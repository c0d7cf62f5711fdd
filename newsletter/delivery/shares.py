"""Shares: how many messages each of several relays gets, by their weights."""

from __future__ import annotations

from collections.abc import Mapping

#: Messages by which a relay may run ahead of its share, so that its connections need not wait for each other.
_SLACK = 8


class Shares:
    """Messages taken by relays, kept in proportion to their weights among those that are up.

    Equal weights bind nobody: each relay takes what it can, and the faster one more. Unequal ones do: a relay
    that has its share waits for the others, so whoever takes no more, or is not reached, must be `down`.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._even = len(set(self._weights.values())) <= 1
        self._rounds = dict.fromkeys(self._weights, 0.0)  # messages for each unit of weight
        self._up = set(self._weights)

    def may_take(self, name: str) -> bool:
        """Tell whether a relay may have the next message; the one that is furthest behind always may."""
        if self._even or not self._up:
            return True
        weight = self._weights[name]
        return (self._rounds[name] - self._lowest()) * weight < _SLACK + weight

    def took(self, name: str) -> None:
        """Note that a relay was given a message."""
        self._rounds[name] += 1 / self._weights[name]

    def down(self, name: str) -> None:
        """Let the others have a relay's share until it is up again."""
        self._up.discard(name)

    def up(self, name: str) -> None:
        """Give a relay its share again, from now on: what it missed is not made up for."""
        if name not in self._up:
            self._rounds[name] = max(self._rounds[name], self._lowest())
            self._up.add(name)

    def _lowest(self) -> float:
        return min((self._rounds[name] for name in self._up), default=0.0)
