"""Subscriptions begin, change and end, and each word that was said stays on record."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, add_members
from sqlalchemy import insert, text, update

from newsletter.members.types import Subscription
from newsletter.store.schema import subscriptions
from newsletter.workflows.project import Project

HOUR = timedelta(hours=1)
CONSENT = Subscription(
    "weekly",
    frozenset({"governors"}),
    "each",
    "consent",
    "sign-up page",
    NOW + HOUR,
    wording="2026-03",
    network_address="192.0.2.7",
)


@pytest.fixture
def anna(project: Project) -> int:
    add_members(project, ["anna"])
    return project.members.find("anna@example.org", NOW).id


def test_consent_takes_the_place_of_another_basis_and_both_are_kept(project, anna):
    assert project.subscriptions.begin(anna, CONSENT)
    assert not project.subscriptions.begin(anna, replace(CONSENT, started_at=NOW + 2 * HOUR))
    before, now = project.subscriptions.of(anna)
    assert (before.basis, before.end_reason, before.ended_at) == ("membership", "changed", NOW + HOUR)
    assert (before.end_source, before.end_network_address) == ("sign-up page", "192.0.2.7")
    assert now == CONSENT


def test_end_keeps_on_whose_word(project, anna):
    end = project.subscriptions.end
    assert end(anna, "weekly", "one-click link", NOW + HOUR, network_address="192.0.2.7") == ["weekly"]
    assert end(anna, None, "member unsubscribe", NOW + 2 * HOUR) == []
    [it] = project.subscriptions.of(anna)
    assert (it.ended_at, it.end_reason, it.end_source, it.end_network_address) == (
        NOW + HOUR,
        "unsubscribed",
        "one-click link",
        "192.0.2.7",
    )
    assert project.subscriptions.begin(anna, replace(CONSENT, started_at=NOW + 3 * HOUR))
    assert len(project.subscriptions.of(anna)) == 2


def wait_until_somebody_waits(connection):
    """Return when another transaction waits for this one; SQLite's writers wait before they begin."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while connection.dialect.name == "postgresql" and not connection.scalar(waiting):
        time.sleep(0.001)


def test_whoever_leaves_while_a_list_begins_it_anew_has_left(project, anna):
    with ThreadPoolExecutor(1) as elsewhere:
        with project.database.write() as connection:
            [before] = project.subscriptions.of(anna)
            connection.execute(update(subscriptions).values(ended_at=NOW + HOUR, end_reason="changed"))
            anew = {"member_id": anna, "newsletter": "weekly", "audiences": ";leaders;", "frequency": "each"}
            anew |= {"basis": before.basis, "source": "members.csv", "started_at": NOW + HOUR}
            connection.execute(insert(subscriptions).values(anew))
            left = elsewhere.submit(project.subscriptions.end, anna, "weekly", "form", NOW + 2 * HOUR)
            wait_until_somebody_waits(connection)
        assert left.result() == ["weekly"]
    assert not any(it.ended_at is None for it in project.subscriptions.of(anna))


def test_change_begins_another_and_never_one_that_ended(project, anna):
    def pause(it: Subscription) -> Subscription:
        return replace(it, paused_until=NOW + 9 * HOUR)

    change = project.subscriptions.change
    assert change(anna, "weekly", "preferences page", NOW + HOUR, pause) == ["weekly"]
    assert change(anna, None, "preferences page", NOW + 2 * HOUR, pause) == []
    before, now = project.subscriptions.of(anna)
    assert (before.ended_at, before.end_reason, before.paused_until) == (NOW + HOUR, "changed", None)
    assert (now.source, now.basis, now.paused_until) == ("preferences page", "membership", NOW + 9 * HOUR)
    project.subscriptions.end(anna, None, "one-click link", NOW + 3 * HOUR)
    assert (
        change(anna, None, "preferences page", NOW + 4 * HOUR, lambda it: replace(it, paused_until=None))
        == []
    )
