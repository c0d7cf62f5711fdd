"""Items and members' histories become variants, and frozen variants find their members."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from digests import make_item
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.compose import FrozenVariant, assign, by_section, compose, in_order
from newsletter.editions.room import Room
from newsletter.editions.types import HistoryGroup
from newsletter.feeds.types import ItemStatus

G, L, C = "governors", "leaders", "career-leads"
DAY = datetime(2026, 11, 27, tzinfo=UTC)
#: In the order in which they stand.
NEWS = {4: frozenset({G}), 3: frozenset({L}), 2: frozenset({G, L}), 1: frozenset({C})}


def group(*audiences, carried=(), members=1):
    return HistoryGroup(frozenset(audiences), frozenset(carried), members)


def frozen(key, audiences, *items):
    return FrozenVariant(key, frozenset(audiences), items)


def composed(*groups, items=NEWS, most=12):
    """Return the variants as (audiences, number, items, members)."""
    made = compose(items, groups, Room(most)).variants
    return [(set(plan.audiences), plan.number, plan.items, plan.members) for plan in made]


def assigned(variants, *groups):
    """Return the key of the variant that each group gets, None for none."""
    assignment = assign(variants, groups, NEWS, Room(12))
    keys = {id(member): variant.key for member, variant in assignment.served}
    every = [*(each for each, _ in assignment.served), *assignment.unserved, *assignment.nothing_new]
    assert Counter(every) == Counter(groups)
    return [keys.get(id(each)) for each in groups]


@pytest.mark.parametrize(
    ("groups", "variants"),
    [
        ([group(G, members=3)], [({G}, 1, (4, 2), 3)]),
        ([group(G, L)], [({G, L}, 1, (4, 3, 2), 1)]),
        ([group(G), group(L)], [({G}, 1, (4, 2), 1), ({L}, 1, (3, 2), 1)]),
        ([group(G, L, C), group(C)], [({C}, 1, (1,), 1), ({G, L, C}, 1, (4, 3, 2, 1), 1)]),
        # Histories that differ make further variants, the one that most members get first.
        (
            [group(G, members=1), group(G, carried={4}, members=5), group(G, carried={2}, members=2)],
            [({G}, 1, (2,), 5), ({G}, 2, (4,), 2), ({G}, 3, (4, 2), 1)],
        ),
        # Histories that make no difference do not.
        ([group(G, members=2), group(G, carried={3, 1}, members=3)], [({G}, 1, (4, 2), 5)]),
        # Who has had it all gets nothing.
        ([group(G), group(G, carried={4, 2})], [({G}, 1, (4, 2), 1)]),
        ([], []),
    ],
)
def test_variants_hold_what_is_for_each_set_and_new_to_it(groups, variants):
    assert composed(*groups) == variants


def test_longest_histories_come_back_when_there_is_less_room():
    # With room for one item, 4 was cut from nobody, and 2 from those who had not had 4.
    assert composed(group(G), group(G, carried={4}), most=1) == [({G}, 1, (2,), 1), ({G}, 2, (4,), 1)]


def test_members_with_nothing_new_are_told():
    nothing = group(G, carried={4, 2}, members=7)
    others = group(C, carried={1}, members=2)
    assert compose(NEWS, [nothing, others, group(L)], Room(12)).nothing_new == (nothing, others)


def test_order_of_items_is_kept():
    items = {2: frozenset({G}), 9: frozenset({G, L}), 1: frozenset({L}), 5: frozenset({G})}
    assert composed(group(G, L), items=items) == [({G, L}, 1, (2, 9, 1, 5), 1)]


@pytest.mark.parametrize(
    ("variants", "members", "key"),
    [
        ([frozen(1, {G}, 4, 2)], group(G), 1),
        ([frozen(1, {G}, 4, 2), frozen(2, {G}, 2)], group(G), 1),
        ([frozen(1, {G}, 4, 2), frozen(2, {G}, 2)], group(G, carried={4}), 2),
        ([frozen(1, {G}, 4, 2), frozen(2, {G}, 2)], group(G, carried={4, 2}), None),
        # A history that nobody had at approval: what fits of the same set, however little.
        ([frozen(1, {G}, 4, 2), frozen(2, {G}, 4)], group(G, carried={2}), 2),
        # Somebody in a set that nobody was in at approval gets the most that is all for them.
        ([frozen(1, {G}, 4, 2), frozen(2, {L}, 3), frozen(3, {C}, 1)], group(G, L), 1),
        ([frozen(1, {G, L}, 4, 3, 2), frozen(2, {C}, 1)], group(G), None),
        ([frozen(1, {G, L}, 2), frozen(2, {C}, 1)], group(G), 1),
        # Of two that are as good, the older one; the member's own set before a larger one.
        ([frozen(2, {L}, 2), frozen(1, {G}, 2)], group(G, L), 1),
        ([frozen(1, {G, L}, 2, 4), frozen(2, {G}, 2)], group(G), 2),
        # Of two that fit, the one that was made for just this history, however little it holds.
        ([frozen(1, {G}, 4), frozen(2, {G}, 77, 78)], group(G, carried={2}), 1),
        # An item may have lost its audience, or be gone, since approval.
        ([frozen(1, {L}, 99)], group(G, L), None),
        ([frozen(1, {G}, 99)], group(G), 1),
        ([], group(G), None),
    ],
)
def test_group_gets_the_approved_variant_with_most_for_it(variants, members, key):
    assert assigned(variants, members) == [key]


def test_members_without_a_variant_are_told_apart_by_whether_they_miss_anything():
    misses, has_it_all = group(C), group(G, carried={4, 2})
    assignment = assign([frozen(1, {L}, 3)], [misses, has_it_all], NEWS, Room(12))
    assert (assignment.unserved, assignment.nothing_new) == ((misses,), (has_it_all,))


def test_each_group_is_served_or_not():
    one, other = frozen(1, {G}, 4, 2), frozen(2, {L}, 3)
    assert assigned([one, other], group(G), group(C), group(L), group(G, carried={4})) == [1, None, 2, None]


# Many editions: members join, change audiences, and are left out of a delivery that was refused.

AUDIENCES = st.frozensets(st.sampled_from([G, L, C]), min_size=1)
ITEMS = st.lists(AUDIENCES, max_size=8)


@st.composite
def years(draw):
    """Return editions (new items, room) and, for each, what every member is in; None before they join."""
    editions = draw(st.lists(st.tuples(ITEMS, st.integers(1, 4)), min_size=1, max_size=5))
    members = draw(st.lists(st.lists(st.none() | AUDIENCES, min_size=len(editions)), min_size=1, max_size=5))
    return editions, members


def publish(items, sets, history, most):
    """Draft for the members of these sets, then send to them; return what each got."""
    groups = {}
    for member, audiences in sets.items():
        groups.setdefault((audiences, frozenset(history[member] & set(items))), []).append(member)
    made = [HistoryGroup(*key, len(members)) for key, members in groups.items()]
    variants = [
        FrozenVariant(key, plan.audiences, plan.items)
        for key, plan in enumerate(compose(items, made, Room(most)).variants, 1)
    ]
    served = assign(variants, made, items, Room(most)).served
    return {
        member: set(variant.items)
        for each, variant in served
        for member in groups[each.audiences, each.carried]
    }


@given(years())
def test_nobody_gets_an_item_twice_and_everybody_gets_all_of_theirs(year):
    editions, members = year
    history = {member: set() for member in range(len(members))}
    items = {}
    for number, (new, most) in enumerate(editions):
        items = {len(items) + at: audiences for at, audiences in enumerate(new)} | items
        sets = {member: life[number] for member, life in enumerate(members) if life[number]}
        for member, got in publish(items, sets, history, most).items():
            assert not history[member] & got
            assert all(items[item] & sets[member] for item in got)
            history[member] |= got
    final = {member: life[-1] or frozenset({G}) for member, life in enumerate(members)}
    for _ in range(len(items)):
        for member, got in publish(items, final, history, 1).items():
            assert not history[member] & got
            history[member] |= got
    for member, audiences in final.items():
        assert {item for item, theirs in items.items() if theirs & audiences} <= history[member]


@given(years())
def test_nobody_gets_an_item_twice_when_others_join_after_approval(year):
    [*_, (new, most)], members = year
    items = dict(enumerate(new))
    approved = [HistoryGroup(life[0], frozenset(), 1) for life in members if life[0]]
    variants = [
        FrozenVariant(key, plan.audiences, plan.items)
        for key, plan in enumerate(compose(items, approved, Room(most)).variants, 1)
    ]
    now = [
        HistoryGroup(life[-1] or frozenset({C}), frozenset(range(at)), 1) for at, life in enumerate(members)
    ]
    for each, variant in assign(variants, now, items, Room(most)).served:
        assert not each.carried.intersection(variant.items)
        assert all(items[item] & each.audiences for item in variant.items)


# Fair shares where max_items cuts.


def test_member_of_two_audiences_is_not_drowned_in_one():
    items = dict.fromkeys(range(10, 0, -1), frozenset({G})) | {0: frozenset({C}), -1: frozenset({C})}
    [(_, _, content, _)] = composed(group(G, C), items=items, most=4)
    assert content == (10, 9, 0, -1)


def test_item_for_both_counts_for_both():
    items = {5: frozenset({G, C}), 4: frozenset({G}), 3: frozenset({G}), 2: frozenset({C})}
    [(_, _, content, _)] = composed(group(G, C), items=items, most=3)
    assert content == (5, 4, 2)


def test_audience_with_little_news_leaves_room_to_the_other():
    items = {5: frozenset({G}), 4: frozenset({G}), 3: frozenset({G}), 2: frozenset({C})}
    [(_, _, content, _)] = composed(group(G, C), items=items, most=3)
    assert content == (5, 4, 2)


def test_pinned_items_go_in_before_any_share():
    items = {5: frozenset({G}), 4: frozenset({G}), 3: frozenset({C})}
    [plan] = compose(items, [group(G, C)], Room(2, pinned={5, 4})).variants
    assert plan.items == (5, 4)


# Fair shares of feeds.


def of_feeds(**items):
    """Return items for governors, in this order, and the feed of each."""
    feeds = {key: feed for feed, keys in items.items() for key in keys}
    return dict.fromkeys(sorted(feeds, reverse=True), frozenset({G})), feeds


def test_feed_has_half_of_the_room_while_others_wait():
    items, feeds = of_feeds(flood=range(100, 200), small=[3, 2], other=[1])
    [plan] = compose(items, [group(G)], Room(6, feeds=feeds)).variants
    assert plan.items == (199, 198, 197, 3, 2, 1)


def test_feed_has_the_room_that_others_leave():
    items, feeds = of_feeds(flood=range(100, 200), small=[3])
    made = compose(items, [group(G)], Room(6, feeds=feeds))
    assert [plan.items for plan in made.variants] == [(199, 198, 197, 196, 195, 3)]
    assert made.waiting == tuple(range(194, 99, -1))


def test_feed_never_has_more_than_its_limit_but_for_what_is_pinned_or_added_by_hand():
    items, feeds = of_feeds(flood=range(100, 200), hand=[9, 8, 7])
    feeds = {key: feed for key, feed in feeds.items() if feed != "hand"}
    made = compose(items, [group(G)], Room(12, 2, pinned={101, 100, 102}, feeds=feeds))
    assert [plan.items for plan in made.variants] == [(102, 101, 100, 9, 8, 7)]
    [plan] = compose(items, [group(G)], Room(12, 2, pinned={100}, feeds=feeds)).variants
    assert plan.items == (199, 100, 9, 8, 7)


def test_item_that_some_variant_holds_does_not_wait():
    items = {3: frozenset({G, L}), 2: frozenset({G}), 1: frozenset({L})}
    assert compose(items, [group(G, L), group(L)], Room(2)).waiting == ()
    assert compose(items, [group(G, L)], Room(2)).waiting == (1,)


def test_items_stand_in_the_order_given_whatever_went_in_first():
    [plan] = compose(NEWS, [group(G, L)], Room(12), standing=[2, 3, 4, 1]).variants
    assert plan.items == (2, 3, 4)


# The order in which items stand.


def standing(*items, sections=()):
    """Return the headlines of items as they stand, each given as (headline, section, other fields)."""
    made = [
        make_item(headline, id=number, section=section, published=DAY - timedelta(hours=number), **others)
        for number, (headline, section, others) in enumerate(items, 1)
    ]
    return "".join(made[key - 1].title for key in by_section(in_order(made), sections))


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ((), "adbec"),
        (("Pay",), "cadbe"),
        ((" PAY ", "None such", "law"), "cbead"),
    ],
)
def test_sections_stand_as_wished_and_then_as_their_first_items(sections, expected):
    items = [
        ("a", "Training", {}),
        ("b", "Law", {}),
        ("c", "Pay", {}),
        ("d", None, {"categories": ("training",)}),
    ]
    assert standing(*items, ("e", "Law", {"position": None}), sections=sections) == expected


def test_editors_order_goes_before_the_date_and_pinned_items_before_all():
    pinned = {"status": ItemStatus.PINNED}
    items = [
        ("a", None, {}),
        ("b", None, {"position": 2}),
        ("c", None, {"position": 1}),
        ("d", "Pay", pinned),
        ("e", None, pinned | {"pinned_at": DAY}),
        ("f", None, pinned | {"pinned_at": DAY - timedelta(hours=1)}),
        ("g", "Law", pinned | {"position": 7}),
    ]
    assert standing(*items) == "gfedcba"
