"""When a feed is asked, where, and when its trouble is told: once, and then once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.errors import FeedError, FetchError
from newsletter.feeds.types import FeedForUpdate, Move

#: A state that lasts is told again after this.
TELL_AGAIN = timedelta(days=1)
#: A feed that fails again sooner after its trouble was told has not recovered, it only flickers.
CALM = timedelta(hours=1)
#: One that could not be read for so long does not mend by itself.
DEAD_AFTER = timedelta(days=1)
#: Whatever a server asks for, we look again the next day.
LONGEST_WAIT = timedelta(days=1)
#: Pulls in a row that must meet the same permanent redirect before the new address is asked directly.
MOVED_AFTER = 3

_GONE = 410
#: Too many requests, service unavailable: RFC 6585 §4, RFC 9110 §15.6.4.
_PATIENCE = {429, 503}


def address_of(feed: FeedForUpdate) -> str:
    """Return where a feed is asked: the configured address, or the one that it has moved to for good."""
    return feed.move.url if feed.move and feed.move.seen >= MOVED_AFTER else feed.source.url


def is_due(told_at: datetime | None, now: datetime) -> bool:
    """Whether trouble is to be told again. told_at: when it was last."""
    return told_at is None or now - told_at >= TELL_AGAIN


def is_dead(failing_since: datetime | None, retired_at: datetime | None, now: datetime) -> bool:
    """Whether a person should look at a feed."""
    return retired_at is not None or (failing_since is not None and now - failing_since >= DEAD_AFTER)


def next_move(feed: FeedForUpdate, moved_to: str | None) -> Move | None:
    """Return what is to be remembered of a feed's redirects after it was read. moved_to: where they led."""
    if address_of(feed) != feed.source.url:
        return feed.move
    if moved_to is None:
        return None
    same = feed.move is not None and feed.move.url == moved_to
    return Move(moved_to, feed.move.seen + 1 if feed.move and same else 1)


def move_after_failure(feed: FeedForUpdate, fault: FeedError) -> Move | None:
    """Return the same after a failure: where the new address fails, the configured one is asked next."""
    return feed.move if isinstance(fault, FetchError) and fault.status in _PATIENCE else None


def asks_after(fault: FeedError, now: datetime) -> datetime | None:
    """Return until when a server asked us to wait; None where it did not."""
    if not isinstance(fault, FetchError) or fault.status not in _PATIENCE or not fault.retry_after_s:
        return None
    return wait_until(fault.retry_after_s, now)


def wait_until(retry_after_s: float, now: datetime) -> datetime:
    """Return the end of a wait, which is never longer than a day."""
    return now + timedelta(seconds=min(retry_after_s, LONGEST_WAIT.total_seconds()))


def retires(feed: FeedForUpdate, fault: FeedError) -> bool:
    """Whether a failure means that the feed is gone for good: the configured address itself said 410."""
    is_gone = isinstance(fault, FetchError) and fault.status == _GONE
    return is_gone and address_of(feed) == feed.source.url
