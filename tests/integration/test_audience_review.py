"""What `audience list` is told: counts, rules that spoke nowhere, and rules that never can."""

from __future__ import annotations

from datetime import timedelta
from itertools import starmap

from builders import NOW, add_items, add_members

from newsletter.workflows.audiences import ENOUGH_EXAMINED, RECENT, UnusedRule, review_audiences

GOVERNORS = {"title": "Governors", "words": ["governing board", "zeppelin", "…"], "feeds": ["quiet"]}


def test_review_counts_and_names_rules_that_match_nothing(open_project):
    project = open_project(
        audiences={"governors": GOVERNORS, "leaders": {"title": "Leaders"}},
        newsletters=[{"name": "weekly", "audiences": ["governors", "leaders"]}],
        feeds=[{"name": "quiet", "url": "feeds/quiet.xml"}],
    )
    add_members(project, {"anna": "governors", "ben": "governors", "cora": "leaders"})
    add_items(project, {"governing board meets": "governors", "roof": "leaders"})
    review = review_audiences(project, NOW)
    governors, leaders = review.audiences
    assert review.examined == 2
    assert (governors.members, governors.items, governors.recent) == (2, 1, 1)
    assert (leaders.members, leaders.items, leaders.rules) == (1, 1, 0)
    assert UnusedRule("words", "zeppelin") in governors.unused
    assert UnusedRule("feeds", "quiet") in governors.unused
    assert UnusedRule("words", "governing board") not in governors.unused
    assert any("never matches" in fault for fault in governors.faults)
    assert not review.is_telling
    later = review_audiences(project, NOW + RECENT + timedelta(days=1))
    assert later.audiences[0].recent == 0


def test_rules_that_ship_are_no_slips_and_a_spelling_is_no_rule_of_its_own(open_project):
    words = ["headteacher", "head teacher", "head-teacher", "chair of governors", "zeppelin"]
    project = open_project(
        audiences={
            "governors": {"title": "Governors", "words": words, "categories": ["Governance"], "avoid": ["x"]}
        },
        newsletters=[{"name": "weekly", "audiences": ["governors"]}],
        sorting={"forms": [["chair", "chairperson"]]},
    )
    many = {f"{number}": "governors" for number in range(ENOUGH_EXAMINED - 2)}
    add_items(project, many | {"a chairperson of governors": "governors", "a head teacher": "governors"})
    review = review_audiences(project, NOW)
    assert review.is_telling
    [found] = review.audiences
    assert found.unused == tuple(
        starmap(UnusedRule, [("words", "zeppelin"), ("avoid", "x"), ("categories", "Governance")])
    )
    assert found.own == (UnusedRule("words", "zeppelin"),)
