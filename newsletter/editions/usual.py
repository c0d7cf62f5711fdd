"""Whether an edition goes to about as many members as those before it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

#: How many of the last editions say what is usual.
LOOK_BACK = 4
#: Far is what differs by more than both.
_SHARE, _NUMBER = 0.25, 20


def is_far(total: int, usual: float) -> bool:
    """Whether a number of recipients is far from another."""
    return abs(total - usual) > max(usual * _SHARE, _NUMBER)


def is_unusual(total: int, earlier: Sequence[int]) -> bool:
    """Whether a number is far from that of the edition before, or from the middle of the last few.

    earlier: how many those had, the newest first; nothing is unusual where there is none.
    """
    return bool(earlier) and (is_far(total, earlier[0]) or is_far(total, median(earlier)))
