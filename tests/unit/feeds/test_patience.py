"""When a feed is asked, where, and when its trouble is told."""

from datetime import timedelta

import pytest
from builders import NOW

from newsletter.errors import FeedParseError, FetchError
from newsletter.feeds.patience import (
    address_of,
    asks_after,
    is_due,
    move_after_failure,
    next_move,
    retires,
    wait_until,
)
from newsletter.feeds.types import FeedForUpdate, FeedSource, Move

OLD, NEW, NEWER = "http://old.example/f", "http://new.example/f", "http://newer.example/f"


def feed(move=None):
    return FeedForUpdate(1, FeedSource("news", OLD), move=move)


def fault(status=None, retry_after_s=None):
    return FetchError("no", feed_url=OLD, status=status, retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("move", "asked"),
    [(None, OLD), (Move(NEW, 1), OLD), (Move(NEW, 2), OLD), (Move(NEW, 3), NEW), (Move(NEW, 9), NEW)],
)
def test_feed_is_asked_where_it_has_moved_to_once_that_is_sure(move, asked):
    assert address_of(feed(move)) == asked


@pytest.mark.parametrize(
    ("move", "led_to", "noted"),
    [
        (None, None, None),
        (None, NEW, Move(NEW, 1)),
        (Move(NEW, 1), NEW, Move(NEW, 2)),
        (Move(NEW, 2), NEWER, Move(NEWER, 1)),
        (Move(NEW, 2), None, None),
        (Move(NEW, 3), None, Move(NEW, 3)),
        (Move(NEW, 3), NEWER, Move(NEW, 3)),
    ],
)
def test_redirects_are_counted_in_a_row(move, led_to, noted):
    assert next_move(feed(move), led_to) == noted


@pytest.mark.parametrize(
    ("trouble", "kept"),
    [(fault(404), False), (fault(), False), (fault(503), True), (FeedParseError("x", feed_url=OLD), False)],
)
def test_new_address_that_fails_is_forgotten(trouble, kept):
    assert move_after_failure(feed(Move(NEW, 3)), trouble) == (Move(NEW, 3) if kept else None)


@pytest.mark.parametrize(
    ("trouble", "waits"),
    [
        (fault(503, 120), timedelta(minutes=2)),
        (fault(429, 1e300), timedelta(days=1)),
        (fault(429), None),
        (fault(503, 0), None),
        (fault(500, 120), None),
        (FeedParseError("x", feed_url=OLD), None),
    ],
)
def test_wait_is_what_the_server_asked_for_and_a_day_at_most(trouble, waits):
    assert asks_after(trouble, NOW) == (waits and NOW + waits)


def test_wait_ends():
    assert wait_until(60, NOW) == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("told_ago", "due"),
    [(None, True), (timedelta(0), False), (timedelta(hours=23), False), (timedelta(hours=24), True)],
)
def test_trouble_is_told_once_and_then_daily(told_ago, due):
    assert is_due(None if told_ago is None else NOW - told_ago, NOW) is due


def test_feed_retires_only_when_its_own_address_says_so():
    assert retires(feed(), fault(410))
    assert retires(feed(Move(NEW, 2)), fault(410))
    assert not retires(feed(Move(NEW, 3)), fault(410))
    assert not retires(feed(), fault(404))
