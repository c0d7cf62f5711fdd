"""Who gets an edition: grouped by audiences and history, and planned in one statement."""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta
from functools import partial

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, plan, statuses
from sqlalchemy import event, insert, select, update

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.compose import FrozenVariant
from newsletter.editions.types import EditionId, EditionStatus
from newsletter.errors import EditionError
from newsletter.members.types import Basis
from newsletter.store.schema import (
    deliveries,
    editions,
    members,
    subscriptions,
    variant_items,
    variants,
)

G, L = frozenset({"governors"}), frozenset({"leaders"})
NEXT_FRIDAY = FRIDAY + timedelta(days=7)


def groups(project, items=(), **asked):
    """Return how many members there are for each set of audiences and each history."""
    found = project.recipients.groups("weekly", items, NOW, **asked)
    return {("+".join(sorted(each.audiences)), *sorted(each.carried)): each.members for each in found}


def change_subscription(project, name, **values):
    whose = select(members.c.id).where(members.c.email == f"{name}@example.org").scalar_subquery()
    with project.database.write() as connection:
        connection.execute(update(subscriptions).where(subscriptions.c.member_id == whose).values(values))


def test_members_are_grouped_by_their_audiences(project):
    add_members(project, {"anna": "governors", "ben": "leaders+governors", "cora": "governors", "dan": ""})
    assert groups(project) == {("governors",): 2, ("governors+leaders",): 1}


def test_who_gets_nothing_is_not_counted(project):
    names = ["stays", "ended", "suppressed", "forgotten", "paused", "back", "elsewhere"]
    add_members(project, names)
    change_subscription(project, "ended", ended_at=NOW, end_reason="unsubscribed")
    change_subscription(project, "paused", paused_until=NOW + timedelta(seconds=1))
    change_subscription(project, "back", paused_until=NOW)
    change_subscription(project, "elsewhere", newsletter="monthly")
    project.members.suppress("suppressed@example.org", "refused", "550", NOW)
    with project.database.write() as connection:
        forget = update(members).where(members.c.email == "forgotten@example.org")
        connection.execute(forget.values(email=None, email_key=None))
    assert groups(project) == {("governors",): 2}


def test_marketing_goes_only_to_those_who_consented(project):
    add_members(project, ["anna"])
    add_members(project, ["ben", "cora"], basis=Basis.CONSENT)
    add_members(project, ["dan"], basis=Basis.SOFT_OPT_IN)
    assert groups(project, consent_only=True) == {("governors",): 2}


def test_item_is_carried_unless_it_certainly_never_arrived(project):
    items = add_items(project, {"roof": "governors"}).values()
    add_members(project, ["anna"])
    edition = plan(project)
    carrying = set()
    for status in DeliveryStatus:
        with project.database.write() as connection:
            connection.execute(update(deliveries).values(status=status))
        if groups(project, items) == {("governors", *items): 1}:
            carrying.add(status)
        assert groups(project, items, edition=edition) == {("governors",): 1}
        assert groups(project, [99]) == {("governors",): 1}
    never_arrived = {DeliveryStatus.REFUSED, DeliveryStatus.SUPPRESSED, DeliveryStatus.CANCELLED}
    assert carrying == set(DeliveryStatus) - never_arrived


def test_histories_of_more_variants_than_a_number_has_bits(project):
    items = list(add_items(project, {f"n{number}": "governors" for number in range(70)}).values())
    names = [f"m{number}" for number in range(20)]
    add_members(project, names)
    dice = random.Random(7)
    had = {member: dice.sample(range(len(items)), dice.choice([0, 3, 40])) for member in range(1, 21)}
    with project.database.write() as connection:
        made = [_sent_variant(connection, at, item) for at, item in enumerate(items)]
        rows = [
            {**made[at], "member_id": member, "status": "sent", "attempts": 1, "resent": False}
            for member, seen in had.items()
            for at in seen
        ]
        connection.execute(insert(deliveries), rows)
    expected = {}
    for seen in had.values():
        key = ("governors", *sorted(items[at] for at in seen))
        expected[key] = expected.get(key, 0) + 1
    assert groups(project, items) == expected
    # The same histories find the same members again when deliveries are planned.
    extra = add_items(project, {"new": "governors"})["new"]
    edition = approve(project)
    variant = project.editions.variants(edition)[0]
    new = FrozenVariant(variant.key, G, (extra,))
    assert project.recipients.plan(edition, [*items, extra], lambda found: [(it, new) for it in found], NOW)
    assert set(statuses(project, edition)) == set(names)


def _sent_variant(connection, number, item):
    """Write an edition of long ago with one variant of one item; return the keys of both."""
    day = date(2020, 1, 1) + timedelta(days=number)
    values = {"newsletter": "weekly", "date": day, "status": "sent", "message_id_key": "x"}
    edition = connection.scalar(insert(editions).values(values).returning(editions.c.id))
    values = {"edition_id": edition, "audiences": "governors", "number": 1, "recipients": 0, "html_bytes": 0}
    values |= {"subject": "", "preheader": "", "html": "[]", "text": "[]", "hash": ""}
    variant = connection.scalar(insert(variants).values(values).returning(variants.c.id))
    connection.execute(insert(variant_items).values(variant_id=variant, position=0, item_id=item, revision=1))
    return {"edition_id": edition, "variant_id": variant}


def test_plan_is_one_statement_however_many_members(project):
    add_items(project, {"roof": "governors", "pay": "leaders"})
    add_members(project, {"anna": "governors", "ben": "leaders", "cora": "leaders+governors"})
    edition = approve(project)
    written = []
    event.listen(
        project.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: written.append(statement),
    )
    [*variants_made] = project.editions.variants(edition)
    by_set = {v.audiences: FrozenVariant(v.key, v.audiences, v.items) for v in variants_made}
    written.clear()
    assert project.recipients.plan(
        edition, [1, 2], lambda found: [(each, by_set[each.audiences]) for each in found], NOW
    )
    inserts = [statement for statement in written if statement.lstrip().startswith("INSERT")]
    assert len(inserts) == 1
    assert "SELECT" in inserts[0]
    assert statuses(project, edition) == dict.fromkeys(("anna", "ben", "cora"), "pending")
    counted = {variant.audiences: variant.recipients for variant in project.editions.variants(edition)}
    assert counted == {G: 1, L: 1, G | L: 1}


def test_second_plan_writes_nothing(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = plan(project)
    add_members(project, ["ben"])
    assert not project.recipients.plan(
        edition, [], lambda _: pytest.fail("it was asked whom to send to"), NOW
    )
    assert statuses(project, edition) == {"anna": "pending"}


def test_plan_whose_choice_fails_leaves_everything_as_it_was(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = approve(project)

    def choose(_):
        raise EditionError("too many")

    with pytest.raises(EditionError, match="too many"):
        project.recipients.plan(edition, [1], choose, NOW)
    found = project.editions.find(edition.id)
    assert (found.status, statuses(project, edition)) == (EditionStatus.APPROVED, {})


def test_plan_of_content_that_was_drafted_again_writes_nothing(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    stale = approve(project)
    with project.database.write() as connection:
        connection.execute(update(editions).values(hash="another"))
    assert not project.recipients.plan(stale, [1], lambda _: [], NOW)


def race(*steps):
    """Run steps at the same moment; return their results, in their order."""
    together, results = threading.Barrier(len(steps)), {}

    def run(number, step):
        together.wait()
        try:
            results[number] = step()
        except Exception as fault:  # noqa: BLE001 - a result like any other
            results[number] = fault

    threads = [threading.Thread(target=run, args=each) for each in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(steps))]


def chooser(project, edition):
    """Give every group the edition's variant for its set, unless it had one of the items."""
    made = [FrozenVariant(v.key, v.audiences, v.items) for v in project.editions.variants(edition)]
    by_set = {variant.audiences: variant for variant in made}

    def choose(found):
        return [
            (each, by_set[each.audiences])
            for each in found
            if not each.carried.intersection(by_set[each.audiences].items)
        ]

    return choose


def test_of_two_plans_at_once_one_is_written(project):
    add_items(project, {"roof": "governors"})
    names = [f"m{number}" for number in range(30)]
    add_members(project, names)
    edition = approve(project)
    choose = chooser(project, edition)
    step = partial(project.recipients.plan, edition, [1], choose, NOW)
    assert sorted(race(step, step, step)) == [False, False, True]
    assert statuses(project, edition) == dict.fromkeys(names, "pending")


def test_editions_that_are_planned_at_once_carry_an_item_once(project):
    add_items(project, {"roof": "governors"})
    names = [f"m{number}" for number in range(30)]
    add_members(project, names)
    made = [approve(project, day) for day in (FRIDAY, NEXT_FRIDAY)]  # both hold the item, as drafts may
    choices = [chooser(project, edition) for edition in made]
    steps = [
        partial(project.recipients.plan, edition, [1], choose, NOW)
        for edition, choose in zip(made, choices, strict=True)
    ]
    assert race(*steps) == [True, True]
    planned = [statuses(project, edition) for edition in made]
    assert sorted(map(len, planned)) == [0, 30]


def test_of_two_drafts_at_once_one_is_stored(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    fresh = EditionId("weekly", NEXT_FRIDAY)
    first = approve(project)
    for edition_id, replacing in [(fresh, None), (first.id, project.editions.find(first.id))]:
        save = partial(project.editions.save_draft, edition_id, [], f"hash of {edition_id}", NOW)
        results = race(*[partial(save, replacing=replacing)] * 2)
        [refused] = [result for result in results if isinstance(result, EditionError)]
        assert "changed by another process" in str(refused)
        assert project.editions.find(edition_id).status is EditionStatus.DRAFT


def test_preview_is_that_of_a_member_of_the_set(project):
    add_members(project, {"anna": "leaders", "ben": "governors", "cora": "governors"})
    assert project.recipients.sample("weekly", G).address.text == "ben@example.org"
    assert project.recipients.sample("weekly", G | L) is None
