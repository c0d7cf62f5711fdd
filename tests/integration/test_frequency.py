"""Monthly members: one edition in a calendar month, and whatever changes, no item twice and none lost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random

import pytest
from builders import FRIDAY, NOW, add_items, add_members, plan
from projects import AUDIENCES
from sqlalchemy import select, update

from newsletter.errors import EmptyEdition, MemberError
from newsletter.members.types import Frequency
from newsletter.store.schema import deliveries, editions, items, members, variant_items
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.members import change_frequency, show_member
from newsletter.workflows.readers import find_reader, sample_readers
from newsletter.workflows.why import explain_member

#: Short, so that what comes between two monthly editions is older than others may get.
WEEKLY = {"name": "weekly", "audiences": [*AUDIENCES], "max_age": "8d", "schedule": "0 7 * * FRI"}
MONTHLY, EACH = Frequency.MONTHLY, Frequency.EACH


@pytest.fixture
def project(open_project):
    return open_project(newsletters=[WEEKLY])


def week(number: int) -> datetime:
    """The Thursday before a Friday, weeks after 27 November 2026."""
    return NOW + timedelta(weeks=number)


def often(project, name, frequency, now) -> list[str]:
    return change_frequency(project, f"{name}@example.org", frequency, None, now)


def issue(project, number: int) -> None:
    """Plan the edition of a week, with one new item."""
    add_items(project, {f"n{number}": "governors"}, now=week(number))
    try:
        plan(project, FRIDAY + timedelta(weeks=number), now=week(number))
    except EmptyEdition:
        return  # everybody is monthly, and has had the month's


def carried(project) -> dict[str, Counter]:
    """How often each member was carried each item, by names."""
    query = (
        select(members.c.first_name, items.c.title)
        .join_from(deliveries, members, members.c.id == deliveries.c.member_id)
        .join(variant_items, variant_items.c.variant_id == deliveries.c.variant_id)
        .join(items, items.c.id == variant_items.c.item_id)
    )
    found: dict[str, Counter] = {}
    with project.database.read() as connection:
        for name, title in connection.execute(query):
            found.setdefault(name.lower(), Counter())[title.removeprefix("News of ")] += 1
    return found


def test_monthly_member_gets_the_first_edition_of_a_month_with_all_that_came_since(project):
    add_members(project, ["anna", "ben"])
    often(project, "ben", MONTHLY, NOW)
    for number in range(4):  # 27 November, 4, 11 and 18 December
        issue(project, number)
    assert set(carried(project)["ben"]) == {"n0", "n1"}
    for number in range(4, 6):  # Christmas and New Year's Day
        issue(project, number)
    assert carried(project) == {name: Counter(f"n{it}" for it in range(6)) for name in ("anna", "ben")}
    story = explain_member(project, "ben@example.org", week(6), edition="weekly/2026-12-11").editions[0]
    assert story.because.code == "monthly"
    assert story.because.text.endswith("gets weekly once a month, and that month's was weekly/2026-12-04")


def test_preview_shows_a_monthly_member_the_older_news_and_others_theirs(project):
    add_members(project, ["anna", "ben"])
    issue(project, 0)
    often(project, "ben", MONTHLY, week(0))
    for number in range(1, 4):  # ben has had November's, and gets the first of December
        add_items(project, {f"n{number}": "governors"}, now=week(number))
    often(project, "anna", EACH, week(3))
    edition = draft_edition(project, "weekly", week(3)).edition
    content = {it.key: len(it.items) for it in project.editions.variants(edition)}
    seen = {it.first_name: content[key] for key, it in sample_readers(project, edition, week(3)).items()}
    assert seen == {"Anna": 2, "Ben": 3}
    with_age = find_reader(project, edition, "ben@example.org", week(3))
    assert content[with_age.variant] == 3


def test_members_who_get_one_a_month_make_no_number_unusual(project):
    add_members(project, [f"m{number}" for number in range(60)])
    for number in range(30):
        often(project, f"m{number}", MONTHLY, NOW)
    issue(project, 0)
    with project.database.write() as connection:
        connection.execute(update(editions).values(status="sent"))
    add_items(project, {"n1": "governors"}, now=week(0))
    made = draft_edition(project, "weekly", week(0), day=FRIDAY + timedelta(days=3))
    assert sum(it.recipients for it in project.editions.variants(made.edition)) == 30
    assert "recipients-unusual" not in {it.rule for it in made.findings}
    made = draft_edition(project, "weekly", week(1))
    assert sum(it.recipients for it in project.editions.variants(made.edition)) == 60
    assert "recipients-unusual" not in {it.rule for it in made.findings}


@pytest.mark.parametrize(
    ("tables_url", "seed"),
    [("sqlite", 0), ("sqlite", 1), ("postgresql", 2), ("postgresql", 3)],
    indirect=["tables_url"],
)
def test_random_changes_bring_no_item_twice_and_lose_none(project, seed):
    dice = Random(seed)
    names = ["anna", "ben", "cora", "dan"]
    add_members(project, names)
    for number in range(14):
        for name in dice.sample(names, dice.randrange(3)):
            often(project, name, dice.choice([MONTHLY, EACH]), week(number) - timedelta(hours=1))
        issue(project, number)
    for name in names:
        often(project, name, EACH, week(14) - timedelta(hours=1))
    issue(project, 14)
    assert carried(project) == {name: Counter(f"n{number}" for number in range(15)) for name in names}


def test_frequency_that_changes_is_kept_with_its_time(project):
    add_members(project, ["anna"])
    assert often(project, "anna", MONTHLY, week(1)) == ["weekly"]
    assert often(project, "anna", MONTHLY, week(2)) == []
    member, history = show_member(project, "anna@example.org", week(2))
    assert [(it.frequency, it.started_at, it.ended_at) for it in history] == [
        ("each", NOW, week(1)),
        ("monthly", week(1), None),
    ]
    assert member.frequency is MONTHLY
    with pytest.raises(MemberError, match="is not subscribed to daily"):
        change_frequency(project, "anna@example.org", EACH, "daily", week(3))
