"""When editors are asked, reminded and told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.editions.asking import Request, RequestKind, request_due
from newsletter.editions.types import Approval, Edition, EditionId, EditionStatus

DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASK, REMIND, HELD = RequestKind


def told(*mails):
    """What was told: kind, content, and how many hours before the edition is due."""
    return [
        Request(n, 1, kind, content, "", DUE - hours * HOUR) for n, (kind, content, hours) in enumerate(mails)
    ]


@pytest.mark.parametrize(
    ("mails", "hours", "kind"),
    [
        ([], 24, ASK),
        ([], 1, ASK),
        ([(ASK, "now", 24)], 23, ASK),  # the same, for whom it has not reached
        ([(ASK, "before", 24)], 23.5, None),
        ([(ASK, "before", 24)], 23, ASK),
        ([(ASK, "now", 24)], 4.1, ASK),
        ([(ASK, "now", 24)], 4, REMIND),
        ([(ASK, "now", 24), (REMIND, "now", 4)], 1, REMIND),
        ([(ASK, "before", 24), (ASK, "now", 3)], 2, ASK),  # they have heard of it just now
        ([(ASK, "before", 24), (REMIND, "before", 4), (ASK, "now", 3)], 2, ASK),
        ([(ASK, "before", 24), (ASK, "now", 20)], 3, REMIND),
        ([(ASK, "now", 24)], 0, None),
    ],
)
def test_draft_is_asked_about(mails, hours, kind):
    assert due("draft", told(*mails), hours) is kind


def test_lost_approval_is_told_at_once():
    mails = told((ASK, "before", 24))
    assert due("draft", mails, 23.8, lost=Approval("Anna", DUE - 23.9 * HOUR)) is ASK
    assert due("draft", mails, 23.8, lost=Approval("Anna", DUE - 30 * HOUR)) is None


@pytest.mark.parametrize(("status", "kind"), [("held", HELD), ("approved", None), ("sending", None)])
def test_other_states(status, kind):
    assert due(status, [], -1) is kind
    assert due(status, [], 1) is kind


def test_no_reminder_where_none_is_wanted():
    assert due("draft", told((ASK, "now", 24)), 0.1, remind=0 * HOUR) is ASK


def due(status, mails, hours, *, lost=None, remind=4 * HOUR):
    edition = Edition(1, EditionId("weekly", date(2026, 11, 27)), EditionStatus(status), "", "now", None)
    return request_due(edition, DUE, remind, mails, lost=lost, now=DUE - hours * HOUR)
