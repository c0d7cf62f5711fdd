"""What is older than the organisation wants to keep it goes, a little in each round, and is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, add_items, add_members, deliveries, dispatch, plan
from relays import ScriptedRelay

from newsletter.members.types import MemberStatus
from newsletter.workflows import retention as workflow
from newsletter.workflows.bounces import take_mail
from newsletter.workflows.members import unsubscribe_member
from newsletter.workflows.retention import apply_retention
from newsletter.workflows.round import run_round

DAY = timedelta(days=1)
PERIODS = {"left": "28d", "bounces": "60d", "attempts": "90d", "network_addresses": "30d"}


@pytest.fixture
def project(open_project):
    """A project whose edition went out to three; anna left at once, and a mail came back."""
    project = open_project(retention=PERIODS)
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna", "ben", "cora"])
    edition = plan(project)
    with ScriptedRelay() as relay:
        dispatch(project, edition, relay)
    unsubscribe_member(project, "anna@example.org", None, NOW)
    take_mail(project, b"Subject: hello from ben@example.org\n\nWho are you?\n", NOW)
    ben = project.members.find("ben@example.org", NOW)
    [running] = project.subscriptions.of(ben.id)
    word = replace(running, basis="consent", network_address="192.0.2.1", started_at=NOW)
    project.subscriptions.begin(ben.id, word)
    return project


def status(project, now) -> list[MemberStatus]:
    return [it.status for it in project.members.members(now)]


def test_each_period_takes_out_its_own_and_counts_it(project):
    edition = project.editions.newest("weekly")
    sent = project.editions.counts(edition)
    assert apply_retention(project, NOW + 27 * DAY) == {}
    assert apply_retention(project, NOW + 29 * DAY) == {"members": 1}
    assert status(project, NOW) == ["forgotten", "active", "active"]
    assert apply_retention(project, NOW + 31 * DAY) == {"network addresses": 2}  # of an end, of a beginning
    ben = project.members.find("ben@example.org", NOW)
    assert {it.network_address for it in project.subscriptions.of(ben.id)} == {None}
    assert apply_retention(project, NOW + 61 * DAY) == {"bounces": 1}
    assert [project.bounces.raw(it.id) for it in project.bounces.all()] == [None]
    assert apply_retention(project, NOW + 91 * DAY) == {"attempts": 3}
    assert project.editions.counts(edition) == sent
    assert {it.attempts for it in deliveries(project, edition).values()} == {1}
    assert apply_retention(project, NOW + 99 * DAY) == {}


def test_work_of_a_round_is_bounded_and_goes_on_in_the_next(project, monkeypatch):
    monkeypatch.setattr(workflow, "_AT_ONCE", 2)
    later = NOW + 91 * DAY
    assert apply_retention(project, later)["attempts"] == 2
    assert apply_retention(project, later)["attempts"] == 1
    assert apply_retention(project, later) == {}


def test_nothing_is_taken_out_where_no_period_is_set(open_project, project):
    assert apply_retention(open_project(), NOW + 9_999 * DAY) == {}
    assert status(project, NOW)[0] is MemberStatus.UNSUBSCRIBED


def test_round_says_what_it_took_out_once(project):
    said = [it.words for it in run_round(project, NOW + 29 * DAY) if it.kind == "erased"]
    assert said == ["members forgotten who left: 1"]
    assert [it for it in run_round(project, NOW + 29 * DAY) if it.kind == "erased"] == []
