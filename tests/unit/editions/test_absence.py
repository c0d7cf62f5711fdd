"""Reasons why something did not come, from facts alone; the store's are in tests/integration/test_why.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from digests import make_item

from newsletter.editions.absence import (
    Limits,
    Standing,
    Suppression,
    why_no_delivery,
    why_not_in,
    why_not_item,
    why_not_subscribed,
)
from newsletter.editions.types import Edition, EditionId, EditionStatus
from newsletter.members.types import EndReason, Member, MemberStatus, Subscription

T = datetime(2026, 11, 27, 7, tzinfo=UTC)
DAY = timedelta(days=1)
GOVERNORS = frozenset({"governors"})


def member(status=MemberStatus.ACTIVE, audiences=GOVERNORS):
    return Member(1, "anna@example.org", "Anna", "", audiences, status)


def subscription(**changed):
    values = {
        "newsletter": "weekly",
        "audiences": GOVERNORS,
        "frequency": "each",
        "basis": "membership",
        "source": "members.csv",
        "started_at": T - 9 * DAY,
    }
    return Subscription(**{**values, **changed})


def standing(*subscriptions, **changed):
    values = {"marketing": False, "member": member(), "subscriptions": subscriptions}
    return Standing("weekly", ("governors", "leaders"), **{**values, **changed})


def edition(**changed):
    values = {"status": EditionStatus.SENT, "drafted_at": T - DAY, "started_at": T}
    return Edition(
        1, EditionId("weekly", date(2026, 11, 27)), message_id_key="", hash=None, **{**values, **changed}
    )


def told(because):
    return because.told(lambda when: f"{when:%d.%m.}")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (EndReason.UNSUBSCRIBED, "left weekly on 26.11."),
        (EndReason.COMPLAINT, "complained on 26.11. that weekly is unwanted"),
        (EndReason.BOUNCED, "gets no weekly since 26.11., when mail came back for good"),
        (EndReason.FORGOTTEN, "was forgotten on 26.11., as asked"),
        (EndReason.NO_LONGER_SERVED, "is in no audience of weekly since 26.11."),
    ],
)
def test_end_of_a_subscription_is_told_in_words(reason, words):
    assert told(why_not_subscribed(standing(subscription(ended_at=T - DAY, end_reason=reason)), T)) == words


def test_last_of_several_ends_is_the_reason():
    first = subscription(ended_at=T - 3 * DAY, end_reason=EndReason.CHANGED)
    last = subscription(started_at=T - 3 * DAY, ended_at=T - DAY, end_reason=EndReason.UNSUBSCRIBED)
    assert told(why_not_subscribed(standing(first, last), T)) == "left weekly on 26.11."


def test_what_runs_at_that_time_is_no_reason():
    changed = subscription(ended_at=T, end_reason=EndReason.CHANGED)
    assert why_not_subscribed(standing(changed, subscription(started_at=T)), T) is None
    assert why_not_subscribed(standing(subscription(paused_until=T)), T) is None
    assert (
        why_not_subscribed(standing(subscription(), suppressions=(Suppression("refused", "", T + DAY),)), T)
        is None
    )


def test_member_who_never_subscribed_is_told_so():
    assert why_not_subscribed(standing(), T).code == "not_subscribed"
    assert why_not_subscribed(standing(member=member(MemberStatus.FORGOTTEN)), T).code == "forgotten"


@pytest.mark.parametrize("status", [EditionStatus.CANCELLED, EditionStatus.SKIPPED])
def test_edition_that_nobody_got_is_the_reason_whoever_asks(status):
    because = why_no_delivery(edition(status=status, started_at=None), standing(), {}, {}, T)
    assert told(because) == f"got nothing of it, like everybody: it was {status}"


def test_items_that_came_before_are_told_by_edition():
    items = dict.fromkeys((3, 7, 9), GOVERNORS)
    because = why_no_delivery(edition(), standing(subscription()), items, {3: "a", 7: "a", 9: "b"}, T)
    assert told(because) == "had all that is for them before: items 3 and 7 in a; item 9 in b"


def test_member_whom_no_variant_fits_waits_for_the_next_edition():
    items, carried = {3: GOVERNORS, 7: GOVERNORS}, {3: "a"}
    early, late = standing(subscription()), standing(subscription(started_at=T - DAY / 2))
    assert told(why_no_delivery(edition(), early, items, carried, T)).startswith("has had other items than")
    assert told(why_no_delivery(edition(), late, items, carried, T)).startswith("changed on 26.11., after")


def test_item_that_no_newsletter_of_theirs_serves_is_told_so():
    item = make_item(audiences=GOVERNORS)
    assert why_not_item(item, GOVERNORS, ["leaders"]).code == "not_served"
    assert why_not_item(item, GOVERNORS, ["governors"]) is None


@pytest.mark.parametrize(
    ("published", "held", "words"),
    [
        (T - 31 * DAY, "", "got no news as old as this"),
        (T + DAY, "", "has to wait until it is out"),
        (T - DAY, "aabb", "got 4 others with weekly/2026-11-27, and max_items allows no more"),
        (T - DAY, "aab", "got 2 others of a with weekly/2026-11-27, and max_per_feed allows no more"),
        (T - DAY, "abb", "was not meant to get it"),
    ],
)
def test_item_that_a_draft_left_out_is_told_why(published, held, words):
    item = make_item(feed="a", published=published, first_seen=T - 40 * DAY)
    others = [make_item(feed=feed) for feed in held]
    limits = Limits(4, T - 30 * DAY, T + DAY, max_per_feed=2)
    assert told(why_not_in(edition(), item, others, limits, None)).startswith(words)
