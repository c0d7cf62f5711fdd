"""Why an edition stands still, from what is known around it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.editions.standstill import RelayRest, Sender, Surroundings, why_still
from newsletter.editions.types import DeliveryCounts, Edition, EditionId, EditionStatus

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
SOON = NOW + timedelta(minutes=30)
LONG_AGO = NOW - timedelta(hours=2)
FREE = RelayRest("relay.test")
SENDER = Sender("office", 4711, LONG_AGO)


def edition(status="sending", **values):
    name = EditionId("weekly", date(2026, 11, 27))
    return Edition(1, name, EditionStatus(status), "key", "hash", LONG_AGO, **values)


def told(counts, *, senders=(), relays=(FREE,), opens=NOW, retry=None):
    found = why_still(edition(), counts, Surroundings(senders, relays, opens, retry), NOW)
    return [(it.code, it.told(lambda when: f"{when:%H:%M}")) for it in found]


@pytest.mark.parametrize(
    ("around", "counts", "code", "sentence"),
    [
        ({"senders": [SENDER]}, {"pending": 5}, "sender", "sent by office (process 4711) since 07:00"),
        ({"opens": SOON}, {"pending": 5}, "window", "The hours for sending are over until 09:30"),
        (
            {"relays": [RelayRest("relay.test", full_until=SOON)]},
            {"pending": 5},
            "daily_limit",
            "relay.test has reached its daily_limit and takes more from 09:30",
        ),
        (
            {"relays": [RelayRest("relay.test", SOON, "relay relay.test:25: no answer in time")]},
            {"pending": 5},
            "relay",
            "Relay relay.test:25: no answer in time; it is left alone until 09:30",
        ),
        (
            {"relays": [RelayRest("main", SOON, "relay relay.test:25: no answer in time")]},
            {"pending": 5},
            "relay",
            "Relay main: relay.test:25: no answer in time; it is left alone until 09:30",
        ),
        ({"retry": SOON}, {"deferred": 2}, "deferred", "to 2; the first is tried again from 09:30"),
        ({"retry": SOON}, {"deferred": 1}, "deferred", "to 1; it is tried again from 09:30"),
        ({"retry": LONG_AGO}, {"deferred": 2}, "deferred", "to 2, whose time has come"),
        ({}, {"pending": 1200}, "idle", "1,200 wait for their turn, and nobody is sending them"),
    ],
)
def test_reason_is_told_with_its_time(around, counts, code, sentence):
    [(found, text)] = told(DeliveryCounts(**counts), **around)
    assert found == code
    assert sentence in text


def test_all_reasons_are_told_together():
    rest = RelayRest("a", SOON, "a:25: refused the login", full_until=SOON)
    counts = DeliveryCounts(pending=3, deferred=1, sent=2)
    found = told(counts, senders=[SENDER], relays=[FREE, rest], opens=SOON, retry=SOON)
    assert [code for code, _ in found] == ["sender", "window", "daily_limit", "relay", "deferred"]


@pytest.mark.parametrize(("by", "who"), [("Anna", "Anna"), (None, "itself")])
def test_paused_edition_says_who_and_why(by, who):
    paused = edition("paused", paused_by=by, pause_reason="a slip", halted_at=LONG_AGO)
    around = Surroundings([SENDER], [FREE], SOON, SOON)
    [reason] = why_still(paused, DeliveryCounts(pending=3), around, NOW)
    assert reason.told(lambda when: f"{when:%H:%M}") == f"It was paused by {who} on 07:00: a slip"


@pytest.mark.parametrize("status", ["sending", "sent", "cancelled", "approved"])
def test_edition_at_rest_waits_for_nothing(status):
    around = Surroundings([], [FREE], SOON, None)
    open_ones = DeliveryCounts(pending=0 if status == "sending" else 3, sent=3)
    assert why_still(edition(status), open_ones, around, NOW) == ()
