"""Approvals of several people, and what they stand for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from builders import NOW, add_items, add_members, approve
from projects import AUDIENCES

from newsletter.editions.changes import Change
from newsletter.errors import EditionError, NotApproved
from newsletter.feeds.types import ItemStatus
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.changes import difference, is_changed
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.find import find_edition
from newsletter.workflows.plan import begin_sending

WEEKLY = {"name": "weekly", "audiences": [*AUDIENCES]}
TWO = {**WEEKLY, "approvers": ["Anna Bell", "Ben", "Cora"], "approvals": 2}


@pytest.fixture
def drafted(open_project):
    """A project whose newsletter asks for two approvals, with a draft."""
    project = open_project(newsletters=[TWO])
    add_items(project, {"roof": "governors", "pay": "governors"})
    add_members(project, ["anna"])
    draft_edition(project, "weekly", NOW)
    return project


def names(project):
    return [it.name for it in project.editions.approvals(find_edition(project, "weekly"))]


def test_nothing_leaves_before_all_have_approved(drafted):
    assert approve_edition(drafted, "weekly", "anna  BELL", NOW).status == "draft"
    assert approve_edition(drafted, "weekly", "Anna Bell", NOW).status == "draft"
    with pytest.raises(
        NotApproved, match="1 of 2 approvals, by Anna Bell; 1 more is needed, from Ben or Cora"
    ):
        begin_sending(drafted, "weekly", NOW)
    with pytest.raises(
        EditionError, match="'Zed' is not among the approvers of weekly: Anna Bell, Ben, Cora"
    ):
        approve_edition(drafted, "weekly", "Zed", NOW)
    assert approve_edition(drafted, "weekly", "ben", NOW).status == "approved"
    assert names(drafted) == ["Anna Bell", "Ben"]
    assert begin_sending(drafted, "weekly", NOW).status == "sending"


def test_first_approval_stands_until_the_content_changes(drafted):
    approve_edition(drafted, "weekly", "Ben", NOW)
    draft_edition(drafted, "weekly", NOW)
    assert names(drafted) == ["Ben"]
    hidden = add_items(drafted, {"visit": "governors"})["visit"]
    edition = draft_edition(drafted, "weekly", NOW).edition
    assert (names(drafted), is_changed(drafted, edition).name) == ([], "Ben")
    # Not even when it is as it was again: in between nobody knew what would come of it.
    drafted.items.set_status(hidden, ItemStatus.HIDDEN)
    assert draft_edition(drafted, "weekly", NOW).edition.hash != edition.hash
    assert names(drafted) == []


def test_more_approvals_can_be_asked_for_later(open_project):
    project = open_project()
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    approve(project)
    stricter = open_project(newsletters=[{**TWO, "approvers": ["Cora", "Ben"]}])
    with pytest.raises(NotApproved, match="1 of 2 approvals, by Cora"):
        begin_sending(stricter, "weekly", NOW)
    approve_edition(stricter, "weekly", "Ben", NOW)
    assert begin_sending(stricter, "weekly", NOW).status == "sending"


def test_two_who_approve_at_the_same_moment_both_count(drafted):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: approve_edition(drafted, "weekly", name, NOW), ["Ben", "Cora"]))
    assert find_edition(drafted, "weekly").status == "approved"
    assert sorted(names(drafted)) == ["Ben", "Cora"]


def test_what_changed_since_approval_is_told(open_project):
    project = open_project()
    items = add_items(project, {"roof": "governors", "pay": "governors"})
    add_members(project, ["anna"])
    edition = approve(project)
    assert difference(project, edition).changes == {}
    add_items(project, {"visit": "governors"})
    project.items.set_status(items["pay"], ItemStatus.HIDDEN)
    reopened = draft_edition(project, "weekly", NOW, reopen=True).edition
    made = difference(project, reopened)
    visit = next(it for it in made.changes if it.kind == "item" and it.after)
    assert made.titles[visit.subject] == "News of visit"
    assert Change("item", str(items["pay"]), before=(str(items["pay"]),)) in made.changes
    told = [it for it in made.changes if it.kind == "text"]
    assert {line for it in told for line in it.before} == {"* News of pay"}
    assert {line for it in told for line in it.after} == {"* News of visit"}


def test_other_sender_is_named_where_it_is_refused(open_project):
    project = open_project()
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    approve(project)
    moved = open_project(sender={"from": "Other News <news@example.org>", "reply_to": "office@example.org"})
    with pytest.raises(NotApproved, match=r"From was Heath News <news@.*, is Other News <news@") as caught:
        begin_sending(moved, "weekly", NOW)
    assert "--reopen" in caught.value.hint


def test_edition_that_nobody_approved_has_nothing_to_compare(drafted):
    with pytest.raises(EditionError, match="nobody has approved"):
        difference(drafted, find_edition(drafted, "weekly"))
