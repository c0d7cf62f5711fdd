"""What is to be done now, asked of a real store."""

from __future__ import annotations

from datetime import timedelta

from builders import FRIDAY, NOW, add_items, add_members, approve

from newsletter.workflows.draft import draft_edition
from newsletter.workflows.schedules import agenda_of

WEEKLY = {"name": "weekly", "audiences": ["governors"], "min_items": 2}
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
#: NOW is the Thursday before, at nine.
DUE = NOW + 22 * HOUR


def told(project, now):
    found = agenda_of(project, project.config.newsletter("weekly"), now, NOW)(now)
    return [f"{step.action} {step.date}" for step in found]


def test_steps_follow_the_states_of_the_store(open_project):
    project = open_project(newsletters=[WEEKLY, {"name": "other", "audiences": ["governors"]}])
    add_members(project, ["anna"])
    assert told(project, NOW) == [f"draft {FRIDAY}"]
    add_items(project, {"roof": "governors"})
    draft_edition(project, "weekly", NOW)
    draft_edition(project, "other", NOW, day=FRIDAY + WEEK)
    assert told(project, DUE - HOUR) == []
    # One item, where two are the least.
    assert told(project, DUE) == [f"skip {FRIDAY}"]
    add_items(project, {"pay": "governors"})
    draft_edition(project, "weekly", NOW)
    assert told(project, DUE) == [f"hold {FRIDAY}"]
    approve(project)
    assert told(project, DUE) == [f"send {FRIDAY}"]
    assert told(project, DUE + WEEK) == [f"skip {FRIDAY}", f"draft {FRIDAY + WEEK}"]


def test_store_gives_open_editions_however_old_and_the_last_ones(open_project):
    project = open_project(newsletters=[WEEKLY])
    days = [FRIDAY + WEEK * number for number in range(4)]
    for day in days:
        draft_edition(project, "weekly", NOW, day=day)
    found = project.editions.standing("weekly", 1)
    assert [edition.id.date for edition in found] == days[::-1]
    for edition in found:
        if edition.id.date != days[1]:
            project.editions.cancel(edition, "Cora", "x", NOW)
    assert [edition.id.date for edition in project.editions.standing("weekly", 1)] == [days[3], days[1]]
    assert project.editions.standing("other", 1) == []
