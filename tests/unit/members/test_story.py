"""What somebody gets and got, in plain words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsletter.members.story import story_of
from newsletter.members.types import Subscription

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
DAY = timedelta(days=1)


def test_story_tells_each_word_once_and_in_order():
    governors = frozenset({"governors"})
    first = Subscription("weekly", governors, "each", "membership", "crm.csv", NOW)
    consent = {"wording": "v3"}
    history = [
        Subscription("weekly", governors, "monthly", "consent", "form", NOW + DAY, None, NOW + 3 * DAY,
                     "unsubscribed", **consent, end_source="one-click link"),
        first,
    ]  # fmt: skip
    assert story_of(history) == [
        (NOW, "weekly for governors, each edition, as a member (crm.csv)"),
        (
            NOW + DAY,
            "weekly for governors, one edition a month, with their consent, agreed to wording v3 (form)",
        ),
        (NOW + 3 * DAY, "They left weekly (one-click link)"),
    ]


def test_change_is_told_by_what_it_was_changed_to():
    ended = {"ended_at": NOW + DAY, "end_reason": "changed"}
    history = [
        Subscription("weekly", frozenset({"leaders"}), "each", "soft-opt-in", "", NOW, **ended),
        Subscription("weekly", frozenset(), "each", "membership", "", NOW + DAY, paused_until=NOW + 9 * DAY),
    ]
    assert [words for _, words in story_of(history)] == [
        "weekly for leaders, each edition, by soft opt-in",
        "weekly for no audience, each edition, as a member, paused until 2026-11-29",
    ]
