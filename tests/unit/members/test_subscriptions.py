"""What an import means for one member's subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.address import Address
from newsletter.members.subscriptions import decide_subscriptions, merge_rows
from newsletter.members.types import (
    Basis,
    EndReason,
    MemberRow,
    Served,
    Subscription,
    SubscriptionChanges,
    Terms,
)

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
TERMS = Terms(
    (
        Served("weekly", frozenset({"governors", "leaders", "career-leads"})),
        Served("careers", frozenset({"career-leads"})),
    ),
    Basis.MEMBERSHIP,
    "members.csv",
    NOW,
)
PAUSE = NOW + timedelta(days=9)


def begun(newsletter: str, *audiences: str, **others) -> Subscription:
    fields = {"frequency": "each", "basis": "membership", "source": "members.csv", "started_at": NOW} | others
    return Subscription(newsletter, frozenset(audiences), **fields)


def running(newsletter: str, *audiences: str, **others) -> Subscription:
    return begun(newsletter, *audiences, started_at=NOW - timedelta(days=99), **others)


def ended(newsletter: str, reason: EndReason, days_ago: int = 1) -> Subscription:
    return running(newsletter, "governors", ended_at=NOW - timedelta(days=days_ago), end_reason=reason.value)


def left_out(why: EndReason) -> SubscriptionChanges:
    return SubscriptionChanges(left_out=why)


NOTHING = SubscriptionChanges()
UNSUBSCRIBED = EndReason.UNSUBSCRIBED
CHANGED, NOT_LISTED, NO_LONGER = EndReason.CHANGED, EndReason.NOT_LISTED, EndReason.NO_LONGER_SERVED


@pytest.mark.parametrize(
    ("audiences", "listed", "history", "changes"),
    [
        # Somebody new gets what serves them, with what they have in common with it.
        ({"governors"}, None, [], SubscriptionChanges((), (begun("weekly", "governors"),))),
        (
            {"governors", "career-leads"},
            None,
            [],
            SubscriptionChanges(
                (), (begun("weekly", "governors", "career-leads"), begun("careers", "career-leads"))
            ),
        ),
        ({"career-leads"}, {"careers"}, [], SubscriptionChanges((), (begun("careers", "career-leads"),))),
        ({"governors"}, set(), [], NOTHING),
        ({"governors"}, {"careers"}, [], NOTHING),
        (set(), None, [], NOTHING),
        ({"pupils"}, None, [], NOTHING),
        # Who is known keeps what they have.
        ({"governors"}, None, [running("weekly", "governors")], NOTHING),
        ({"governors"}, {"weekly"}, [running("weekly", "governors", basis="consent")], NOTHING),
        ({"governors"}, None, [running("weekly", "governors"), running("old", "leaders")], NOTHING),
        (
            {"career-leads"},
            None,
            [running("weekly", "career-leads")],
            SubscriptionChanges((), (begun("careers", "career-leads"),)),
        ),
        # Changed audiences end the row and begin another that keeps all else.
        (
            {"leaders"},
            None,
            [
                running(
                    "weekly",
                    "governors",
                    frequency="monthly",
                    basis="consent",
                    source="form",
                    paused_until=PAUSE,
                )
            ],
            SubscriptionChanges(
                (("weekly", CHANGED),),
                (
                    begun(
                        "weekly",
                        "leaders",
                        frequency="monthly",
                        basis="consent",
                        source="form",
                        paused_until=PAUSE,
                    ),
                ),
            ),
        ),
        (set(), None, [running("weekly", "governors")], SubscriptionChanges((("weekly", NO_LONGER),))),
        (
            {"governors"},
            set(),
            [running("weekly", "governors")],
            SubscriptionChanges((("weekly", NOT_LISTED),)),
        ),
        (
            {"leaders"},
            set(),
            [running("weekly", "governors")],
            SubscriptionChanges((("weekly", NOT_LISTED),)),
        ),
        # Who left stays out, of that newsletter; what we ended may begin again.
        ({"governors"}, None, [ended("weekly", UNSUBSCRIBED)], left_out(UNSUBSCRIBED)),
        ({"governors"}, {"weekly"}, [ended("weekly", EndReason.COMPLAINT)], left_out(EndReason.COMPLAINT)),
        ({"governors"}, None, [ended("weekly", EndReason.BOUNCED)], left_out(EndReason.BOUNCED)),
        ({"governors"}, None, [ended("weekly", EndReason.FORGOTTEN)], left_out(EndReason.FORGOTTEN)),
        ({"governors"}, set(), [ended("weekly", UNSUBSCRIBED)], NOTHING),
        (
            {"career-leads"},
            None,
            [ended("weekly", UNSUBSCRIBED)],
            SubscriptionChanges((), (begun("careers", "career-leads"),), left_out=UNSUBSCRIBED),
        ),
        (
            {"governors"},
            None,
            [ended("weekly", NO_LONGER)],
            SubscriptionChanges((), (begun("weekly", "governors"),)),
        ),
        (
            {"governors"},
            None,
            [ended("weekly", NOT_LISTED)],
            SubscriptionChanges((), (begun("weekly", "governors"),)),
        ),
        # The last word counts.
        (
            {"governors"},
            None,
            [ended("weekly", UNSUBSCRIBED, 2), ended("weekly", CHANGED, 9)],
            left_out(UNSUBSCRIBED),
        ),
        (
            {"governors"},
            None,
            [ended("weekly", UNSUBSCRIBED, 2), ended("weekly", NO_LONGER, 2)],
            left_out(UNSUBSCRIBED),
        ),
        (
            {"governors"},
            None,
            [ended("weekly", UNSUBSCRIBED, 9), ended("weekly", NO_LONGER, 2)],
            SubscriptionChanges((), (begun("weekly", "governors"),)),
        ),
        ({"governors"}, None, [ended("weekly", UNSUBSCRIBED, 9), running("weekly", "governors")], NOTHING),
    ],
)
def test_import_decides_for_one_member(audiences, listed, history, changes):
    assert decide_subscriptions(audiences, listed, history, TERMS) == changes


@pytest.mark.parametrize("history", [[], [running("weekly", "leaders")]])
def test_suppressed_address_is_left_alone(history):
    assert decide_subscriptions({"governors"}, None, history, TERMS, suppressed="bounced") == left_out(
        EndReason.BOUNCED
    )


def row(line, first_name="", last_name="", audiences=None, newsletters=None, **attributes) -> MemberRow:
    address = Address("anna@example.org", "anna@example.org")
    return MemberRow(line, address, first_name, last_name, audiences, newsletters, attributes)


def test_rows_of_one_address_are_joined_and_later_words_win():
    governors, leaders = frozenset({"governors"}), frozenset({"leaders"})
    rows = [
        row(2, "Ann", "Bell", governors, None, school="Heath", town="Lewes"),
        row(9, "Anna", "", leaders, leaders, school="Hill"),
        row(11),
    ]
    assert merge_rows(rows) == row(
        2, "Anna", "Bell", governors | leaders, leaders, school="Hill", town="Lewes"
    )
