"""Many feeds fetched at the same time, gently to each host."""

from __future__ import annotations

import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from newsletter.errors import FeedError, FetchError
from newsletter.feeds.fetch.answers import Arrived
from newsletter.feeds.fetch.limits import PullLimits
from newsletter.feeds.patience import address_of
from newsletter.feeds.types import FeedForUpdate, NotModified, Postponed

Outcome = Arrived | NotModified | Postponed | FeedError
_TOO_MANY_REQUESTS = 429


def fetch_together(
    feeds: Sequence[FeedForUpdate],
    fetch: Callable[[FeedForUpdate], Arrived | NotModified],
    limits: PullLimits,
) -> Iterator[tuple[FeedForUpdate, Outcome]]:
    """Yield each feed with what came of it, first come first; any other fault than FeedError is raised.

    Whoever stops early leaves the fetches that are under way to their own deadlines. A document that is not
    taken on its turn waits, and so do the next fetches.
    """
    if len(feeds) < 2:  # noqa: PLR2004 - alone needs no company
        yield from ((feed, _outcome(fetch, feed)) for feed in feeds)
        return
    found: queue.SimpleQueue[tuple[FeedForUpdate, Outcome | Exception]] = queue.SimpleQueue()
    round_ = _Round(feeds, limits)
    for _ in range(min(limits.at_once, len(feeds))):
        threading.Thread(target=_work, args=(round_, fetch, found.put), name="fetch", daemon=True).start()
    try:
        for _ in feeds:
            feed, outcome = found.get()
            if isinstance(outcome, Exception) and not isinstance(outcome, FeedError):
                raise outcome
            yield feed, outcome
            round_.room.release()
    finally:
        round_.stop()
        while not found.empty():
            _, left = found.get()
            if isinstance(left, Arrived):
                left.content.close()


def _work(
    round_: _Round,
    fetch: Callable[[FeedForUpdate], Arrived | NotModified],
    put: Callable[[tuple[FeedForUpdate, Outcome | Exception]], None],
) -> None:
    while feed := round_.take():
        outcome: Outcome | Exception
        try:
            outcome = round_.postponed(feed) or _outcome(fetch, feed)
        except Exception as bug:  # noqa: BLE001 - raised where the feeds are asked for
            outcome = bug
        round_.give_back(feed, outcome)
        put((feed, outcome))


def _outcome(fetch: Callable[[FeedForUpdate], Arrived | NotModified], feed: FeedForUpdate) -> Outcome:
    try:
        return fetch(feed)
    except FeedError as fault:
        return fault


class _Round:
    """Whose turn it is: hosts one after the other, and no host more often at a time than it may be asked."""

    def __init__(self, feeds: Sequence[FeedForUpdate], limits: PullLimits) -> None:
        self.room = threading.Semaphore(limits.ahead)
        self._per_host = limits.per_host
        self._turn = threading.Condition()
        self._waiting: dict[str, deque[FeedForUpdate]] = {}
        self._busy: Counter[str] = Counter()
        self._rests: dict[str, float] = {}
        self._over = False
        for feed in feeds:
            self._waiting.setdefault(_host(feed), deque()).append(feed)

    def take(self) -> FeedForUpdate | None:
        """Return the next feed when its host is free for it; None when there is no more to do."""
        self.room.acquire()
        with self._turn:
            while self._waiting and not self._over:
                if feed := self._next():
                    return feed
                self._turn.wait()
        self.room.release()
        return None

    def _next(self) -> FeedForUpdate | None:
        for host, feeds in self._waiting.items():
            if self._busy[host] < self._per_host:
                self._busy[host] += 1
                feed = feeds.popleft()
                del self._waiting[host]
                if feeds:
                    self._waiting[host] = feeds  # behind all others
                return feed
        return None

    def give_back(self, feed: FeedForUpdate, outcome: Outcome | Exception) -> None:
        """Free the feed's host for the next, or let it rest where it said that we ask too much."""
        host = _host(feed)
        with self._turn:
            self._busy[host] -= 1
            if isinstance(outcome, FetchError) and outcome.status == _TOO_MANY_REQUESTS:
                self._rests[host] = outcome.retry_after_s or 0.0
            self._turn.notify_all()

    def postponed(self, feed: FeedForUpdate) -> Postponed | None:
        """Return for how long a feed is left alone, as its host asked for patience meanwhile."""
        rest_s = self._rests.get(_host(feed))
        return Postponed(rest_s) if rest_s else None

    def stop(self) -> None:
        """Begin no more fetches."""
        with self._turn:
            self._over = True
            self._turn.notify_all()
        self.room.release(1000)


def _host(feed: FeedForUpdate) -> str:
    try:
        return urlsplit(address_of(feed)).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""  # no address, as fetching it will say
