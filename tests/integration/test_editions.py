"""An edition's stages: drafted, approved, and only then sent; and what members have had over many of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, dispatch, plan, statuses
from projects import AUDIENCES, small_settings
from relays import ScriptedRelay
from sqlalchemy import update

from newsletter.audiences.types import Hand
from newsletter.editions.types import EditionStatus
from newsletter.errors import (
    AlreadySent,
    EditionError,
    EmptyEdition,
    MissingField,
    NotApproved,
)
from newsletter.feeds.types import FeedSource, ItemStatus
from newsletter.members.types import Basis
from newsletter.store.schema import items as table
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.find import find_edition
from newsletter.workflows.plan import begin_sending, plan_send

WEEKLY = {"name": "weekly", "audiences": [*AUDIENCES]}


def friday(number: int) -> date:
    return FRIDAY + timedelta(weeks=number - 1)


def variants(project, edition):
    """Return each variant as "set~number": its items by key of the feed, and how many get it."""
    items = {item.id: item.title.removeprefix("News of ") for item, _ in project.items.all()}
    return {
        "+".join(sorted(v.audiences)) + f"~{v.number}" * (v.number > 1): (
            [items[item] for item in v.items],
            v.recipients,
        )
        for v in project.editions.variants(edition)
    }


def drafted(project, **others):
    return draft_edition(project, "weekly", NOW, **others).edition


def send(project, day, now=NOW):
    """Send an edition; return what each member got, by the keys of the items."""
    edition = plan(project, day, now=now)
    by_variant = {v.key: v for v in project.editions.variants(edition)}
    with ScriptedRelay() as relay:
        dispatch(project, edition, relay, connections=3)
    assert sorted(relay.names) == sorted(statuses(project, edition))
    assert sum(v.recipients for v in by_variant.values()) == len(relay.messages)
    return {message.name: _keys(message.content) for message in relay.messages}


def _keys(content: bytes) -> list[str]:
    plain = content.decode().replace("=\r\n", "").partition("Content-Type: text/html")[0]
    return [line.removeprefix("* News of ") for line in plain.splitlines() if line.startswith("* ")]


def test_nobody_gets_an_item_twice_or_loses_one_when_members_come_and_change(project):
    add_items(project, {"g1": "governors", "l1": "leaders", "both1": "governors+leaders"})
    add_members(project, {"anna": "governors", "ben": "leaders"})
    assert send(project, friday(1)) == {"anna": ["g1", "both1"], "ben": ["l1", "both1"]}

    add_items(project, {"g2": "governors", "c2": "career-leads"}, now=NOW + timedelta(days=7))
    # Ben becomes a governor too, Cora joins late: each lacks other items than Anna.
    add_members(project, {"ben": "governors+leaders", "cora": "governors", "dan": "career-leads"})
    assert send(project, friday(2)) == {
        "anna": ["g2"],
        "ben": ["g2", "g1"],
        "cora": ["g2", "g1", "both1"],
        "dan": ["c2"],
    }

    add_items(project, {"all3": "governors+leaders+career-leads"}, now=NOW + timedelta(days=14))
    add_members(project, {"anna": "career-leads", "cora": "leaders"})
    assert send(project, friday(3)) == {
        "anna": ["all3", "c2"],
        "ben": ["all3"],
        "cora": ["all3", "l1"],
        "dan": ["all3"],
    }


def test_histories_that_differ_make_a_further_variant_and_others_do_not(project):
    add_items(project, {"old": "governors", "other": "leaders"})
    add_members(project, {"anna": "governors", "ben": "governors", "lena": "leaders"})
    send(project, friday(1))
    add_items(project, {"new": "governors"}, now=NOW + timedelta(days=7))
    add_members(project, ["cora"])
    draft = draft_edition(project, "weekly", NOW, day=friday(2))
    assert variants(project, draft.edition) == {"governors": (["new"], 2), "governors~2": (["new", "old"], 1)}
    assert [(set(group.audiences), group.members) for group in draft.nothing_new] == [({"leaders"}, 1)]
    # Once the old item counts no more, everybody is alike.
    much_later = draft_edition(project, "weekly", NOW, day=friday(6)).edition
    assert variants(project, much_later) == {"governors": (["new"], 3)}


def test_item_that_was_cut_comes_with_the_next_edition(open_project):
    project = open_project(newsletters=[{**WEEKLY, "max_items": 2}])
    add_items(project, {"n1": "governors", "n2": "governors+leaders", "n3": "governors"})
    add_members(project, {"anna": "governors", "ben": "governors+leaders", "lena": "leaders"})
    assert send(project, friday(1)) == {"anna": ["n1", "n2"], "ben": ["n1", "n2"], "lena": ["n2"]}
    assert send(project, friday(2)) == {"anna": ["n3"], "ben": ["n3"]}


def test_feed_that_floods_leaves_room_to_others_and_loses_nothing(open_project):
    project = open_project(newsletters=[{**WEEKLY, "max_items": 6}])
    few = dict.fromkeys(["few0", "few1", "few2", "few3"], "governors")
    add_items(project, few, now=NOW - timedelta(days=9))
    many = [f"n{number:03}" for number in range(200)]
    add_items(project, dict.fromkeys(many, "governors"), source=FeedSource("flood", "feeds/flood.xml"))
    add_members(project, ["anna"])
    draft = draft_edition(project, "weekly", NOW, day=friday(1))
    assert draft.waiting == {"flood": 197, "policy": 1}
    assert send(project, friday(1)) == {"anna": [*many[:3], "few0", "few1", "few2"]}
    assert send(project, friday(2)) == {"anna": [*many[3:8], "few3"]}


def test_refused_member_may_still_get_the_items(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = plan(project)
    with ScriptedRelay({"RCPT": b"550 5.7.1 not today\r\n"}) as relay:
        dispatch(project, edition, relay)
    assert send(project, friday(2)) == {"anna": ["roof"]}


def test_two_newsletters_share_what_was_carried(open_project):
    project = open_project(newsletters=[WEEKLY, {**WEEKLY, "name": "daily"}])
    add_items(project, {"roof": "governors", "pay": "governors"})
    add_members(project, ["anna"])
    plan(project, name="daily")
    with pytest.raises(EmptyEdition, match="has 0 new items, and min_items is 1"):
        approve(project)


def test_members_who_came_after_approval_get_what_fits_them(project):
    add_items(project, {"g": "governors", "l": "leaders", "both": "governors+leaders"})
    add_members(project, {"anna": "governors", "ben": "governors+leaders"})
    edition = approve(project)
    add_members(project, {"cora": "governors", "dan": "leaders", "eve": "governors+leaders+career-leads"})
    planned = plan_send(project, "weekly", NOW)
    sizes = {v.audiences: planned.recipients.get(v.key) for v in project.editions.variants(edition)}
    assert sizes == {frozenset({"governors"}): 2, frozenset({"governors", "leaders"}): 2}
    assert [(set(group.audiences), group.members) for group in planned.unserved] == [({"leaders"}, 1)]
    begin_sending(project, "weekly", NOW)
    assert set(statuses(project, edition)) == {"anna", "ben", "cora", "eve"}


def test_draft_is_brought_up_to_date_until_it_is_approved(project):
    add_members(project, ["anna"])
    first = drafted(project)
    assert (first.id.date, first.status, variants(project, first)) == (FRIDAY, EditionStatus.DRAFT, {})
    add_items(project, {"roof": "governors"})
    second = drafted(project)
    assert variants(project, second) == {"governors": (["roof"], 1)}
    assert (second.key, second.message_id_key) == (first.key, first.message_id_key)
    assert second.hash != first.hash
    assert drafted(project).hash == second.hash  # the same again is the same

    approved = approve_edition(project, "weekly", " Cora ", NOW)
    assert (approved.status, approved.approved_by, approved.approved_at) == ("approved", "Cora", NOW)
    assert approve_edition(project, "weekly", "Dan", NOW).approved_by == "Cora"
    with pytest.raises(EditionError, match="is approved and stays as it is") as caught:
        drafted(project)
    assert "--reopen" in caught.value.hint

    reopened = drafted(project, reopen=True)
    assert (reopened.status, reopened.approved_by, reopened.hash) == (EditionStatus.DRAFT, None, second.hash)
    with pytest.raises(NotApproved):
        begin_sending(project, "weekly", NOW)
    assert approve_edition(project, "weekly", "Dan", NOW).approved_by == "Dan"
    begin_sending(project, "weekly", NOW)
    assert drafted(project).id.date == friday(2)  # the next date that is open
    for reopen in (False, True):
        with pytest.raises(AlreadySent):
            drafted(project, day=FRIDAY, reopen=reopen)


def test_draft_takes_the_next_scheduled_date(open_project):
    project = open_project(newsletters=[{**WEEKLY, "schedule": "0 7 1,15 * *"}])
    assert drafted(project).id.date == date(2026, 12, 1)
    assert drafted(project, day=date(2026, 12, 24)).id.date == date(2026, 12, 24)
    assert [str(edition.id) for edition in project.editions.all()] == [
        "weekly/2026-12-24",
        "weekly/2026-12-01",
    ]
    assert find_edition(project, "weekly").id.date == date(2026, 12, 24)


def test_template_fault_leaves_the_earlier_draft(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    before = drafted(project)
    (project.config.folder / "templates" / "digest.txt").write_text("Dear {{ member.shoe_size }}")
    add_items(project, {"pay": "governors"})
    with pytest.raises(MissingField, match=r"digest\.txt:1: .*shoe_size"):
        drafted(project)
    assert find_edition(project, "weekly") == before


def test_approval_does_not_stand_for_other_settings(open_project):
    project = open_project()
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = approve(project)
    for tables in (
        {"sender": {"from": "Others <others@example.org>", "reply_to": "office@example.org"}},
        {"sender": {**small_settings()["sender"], "leave": "leave@example.org"}},
        {"newsletters": [{**WEEKLY, "title": "The Weekly"}]},
        {"newsletters": [{**WEEKLY, "language": "cy"}]},
        {"newsletters": [{**WEEKLY, "audiences": ["leaders"]}]},
    ):
        with pytest.raises(NotApproved, match="changed") as caught:
            begin_sending(open_project(**tables), "weekly", NOW)
        assert "--reopen" in caught.value.hint
    assert statuses(project, edition) == {}
    assert begin_sending(project, "weekly", NOW).status is EditionStatus.SENDING


def test_approval_does_not_stand_once_an_item_is_hidden(project):
    items = add_items(project, {"roof": "governors", "pay": "governors"})
    add_members(project, ["anna"])
    approve(project)
    project.items.set_status(items["pay"], ItemStatus.HIDDEN)
    with pytest.raises(NotApproved, match=rf"item {items['pay']} \(News of pay\) is hidden since"):
        begin_sending(project, "weekly", NOW)
    assert variants(project, drafted(project, reopen=True)) == {"governors": (["roof"], 1)}


def test_pinned_items_come_first_and_hidden_ones_not_at_all(project):
    items = add_items(project, {"first": "governors", "second": "governors", "third": "governors"})
    add_members(project, ["anna"])
    project.items.set_status(items["third"], ItemStatus.PINNED)
    project.items.set_status(items["first"], ItemStatus.WITHDRAWN)
    assert variants(project, drafted(project)) == {"governors": (["third", "second"], 1)}


def test_pinned_items_stand_in_the_order_of_pinning_unless_they_have_places(project):
    items = add_items(project, dict.fromkeys("abcd", "governors"))
    add_members(project, ["anna"])
    for minute, name in enumerate("cdcb"):
        hand = Hand("Anna", NOW + timedelta(minutes=minute))
        project.items.set_status(items[name], ItemStatus.PINNED, hand)
    assert variants(project, drafted(project)) == {"governors": (["d", "c", "b", "a"], 1)}
    project.items.set_position(items["b"], 1, hand)
    assert variants(project, drafted(project)) == {"governors": (["b", "d", "c", "a"], 1)}


def test_edition_that_is_too_large_names_the_item_that_takes_most(project):
    items = add_items(project, {"short": "governors", "long": "governors", "linked": "governors"})
    html = "<p>Many words.</p>"
    with project.database.write() as connection:  # the plain template shows titles alone
        long = {"link": None, "html": html * 2, "title": "Many " * 20_000}
        connection.execute(update(table).where(table.c.id == items["long"]).values(**long))
        connection.execute(update(table).where(table.c.id == items["linked"]).values(html=html * 3))
    [size] = [it for it in draft_edition(project, "weekly", NOW).findings if it.rule == "size"]
    assert f"the longest is item {items['long']}: “Many Many" in size.cure


def test_age_counts_from_the_editions_date(open_project):
    project = open_project()
    add_items(project, {"late": "governors"}, now=datetime(2026, 11, 26, 2, tzinfo=NOW.tzinfo))
    add_items(project, {"early": "governors"}, now=NOW - timedelta(days=20))
    add_members(project, ["anna"])
    for max_age, keys in [
        ("2h", []),
        ("1d", ["late"]),
        ("30d", ["late", "early"]),
        ("999999d", ["late", "early"]),
    ]:
        project = open_project(newsletters=[{**WEEKLY, "max_age": max_age}])
        found = [keys for keys, _ in variants(project, drafted(project)).values()]
        assert found == ([keys] if keys else [])


def test_nothing_is_approved_or_sent_that_is_empty(open_project):
    project = open_project(newsletters=[{**WEEKLY, "min_items": 2}])
    drafted(project)
    for items, members, fault in [
        ({}, {}, "has 0 new items, and min_items is 2"),
        ({"roof": "governors"}, {"anna": "governors"}, "has 1 new item, and min_items is 2"),
        ({"pay": "leaders"}, {"ben": "leaders"}, None),
    ]:
        add_items(project, items)
        add_members(project, members)
        drafted(project)
        if fault:
            with pytest.raises(EmptyEdition, match=fault) as caught:
                approve_edition(project, "weekly", "Cora", NOW)
            assert caught.value.hint
    with pytest.raises(EditionError, match="an approval needs a name"):
        approve_edition(project, "weekly", " ", NOW)
    approve_edition(project, "weekly", "Cora", NOW)
    add_members(project, {"anna": "", "ben": ""})  # all of them leave
    with pytest.raises(EmptyEdition, match="nothing new for anyone who is on the list now"):
        begin_sending(project, "weekly", NOW)
    assert find_edition(project, "weekly").status is EditionStatus.APPROVED


def test_edition_without_members_is_drafted_and_not_approved(project):
    add_items(project, {"roof": "governors"})
    assert variants(project, drafted(project)) == {"career-leads+governors+leaders": (["roof"], 0)}
    with pytest.raises(EmptyEdition, match="has no recipients"):
        approve_edition(project, "weekly", "Cora", NOW)


def test_automatic_approval_is_put_on_record(open_project):
    project = open_project(newsletters=[{**WEEKLY, "approval": "automatic"}])
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    drafted(project)
    assert begin_sending(project, "weekly", NOW).approved_by == 'approval = "automatic"'


def test_unusual_number_of_members_needs_a_word(project):
    add_items(project, {"roof": "governors"})
    add_members(project, [f"m{number}" for number in range(20)])
    send(project, friday(1))
    add_items(project, {"pay": "governors"}, now=NOW + timedelta(days=7))
    add_members(project, [f"n{number}" for number in range(20)])
    approve(project, friday(2))
    assert plan_send(project, "weekly", NOW).total == 40
    begin_sending(project, "weekly", NOW)  # twenty more is no surprise
    add_items(project, {"visit": "governors"}, now=NOW + timedelta(days=14))
    with ScriptedRelay() as relay:
        dispatch(project, find_edition(project, "weekly"), relay)

    add_members(project, [f"o{number}" for number in range(21)])
    approve(project, friday(3))
    with pytest.raises(EditionError, match="would go to 61 members, the one before went to 40") as caught:
        begin_sending(project, "weekly", NOW)
    assert "--confirm 61" in caught.value.hint
    with pytest.raises(EditionError, match="goes to 61 members, not to the 60 of --confirm"):
        begin_sending(project, "weekly", NOW, confirmed=60)
    edition = begin_sending(project, "weekly", NOW, confirmed=61)
    assert project.editions.counts(edition).planned == 61


def test_marketing_goes_only_to_those_who_consented(open_project):
    project = open_project(newsletters=[{**WEEKLY, "purpose": "marketing"}])
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    add_members(project, ["ben"], basis=Basis.CONSENT)
    edition = plan(project)
    assert statuses(project, edition) == {"ben": "pending"}


def test_edition_that_is_not_there_is_told(project):
    for text, fault in {
        "weakly": "there is no newsletter 'weakly'; did you mean `weekly`",
        "weekly": "weekly has no edition yet",
        "weekly/2026-11-27": "there is no edition weekly/2026-11-27",
        "weekly/27": "'27' is not a date",
    }.items():
        with pytest.raises(EditionError, match=fault) as caught:
            find_edition(project, text)
        assert caught.value.hint
    with pytest.raises(EditionError) as caught:
        find_edition(project, "weekly/2026-11-26")
    assert caught.value.hint == "newsletter edition list"


def test_news_of_the_future_waits_for_its_date(project):
    add_members(project, ["anna"])
    add_items(project, {"roof": "governors"})
    add_items(project, {"jubilee": "governors"}, now=NOW + timedelta(days=9))
    assert variants(project, drafted(project)) == {"governors": (["roof"], 1)}
    later = draft_edition(project, "weekly", NOW, day=friday(3)).edition
    assert variants(project, later) == {"governors": (["jubilee", "roof"], 1)}


def test_drafts_made_at_the_same_moment_are_one_draft(project):
    add_members(project, ["anna"])
    add_items(project, {"roof": "governors"})
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: drafted(project), range(4)))
    assert {edition.key for edition in made} == {find_edition(project, "weekly").key}
    assert variants(project, made[0]) == {"governors": (["roof"], 1)}


def test_plan_tells_who_gets_nothing_and_why(project):
    add_members(project, ["anna"])
    add_items(project, {"roof": "governors"})
    plan(project)
    add_members(project, {"ben": "leaders"})
    items = add_items(project, {"pay": "leaders", "hub": "career-leads+leaders"})
    approve(project, friday(2))
    add_members(project, {"cora": "career-leads"})
    made = plan_send(project, "weekly", NOW)
    assert made.total == 1
    assert [set(group.audiences) for group in made.nothing_new] == [{"governors"}]
    # The hub is for Cora, but no approved variant holds it without the pay, which is not.
    assert [set(group.audiences) for group in made.unserved] == [{"career-leads"}]
    project.items.set_audiences(items["pay"], {"career-leads": True})
    made = plan_send(project, "weekly", NOW)
    assert (made.total, made.unserved) == (2, ())


def test_dry_run_and_approval_refuse_what_sending_would(project):
    add_members(project, ["anna"])
    items = add_items(project, {"roof": "governors"})
    approve(project)
    project.items.set_status(items["roof"], ItemStatus.HIDDEN)
    for refused in (plan_send, begin_sending):
        with pytest.raises(NotApproved, match="hidden"):
            refused(project, "weekly", NOW)
    with pytest.raises(NotApproved, match="hidden"):
        approve_edition(project, "weekly", "Cora", NOW)
