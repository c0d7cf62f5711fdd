"""Entries are known again whatever has happened to their ids, links and titles; others are never mixed up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.feeds.decide import FLOOD, decide_items
from newsletter.feeds.identity import marks_of, same_story
from newsletter.feeds.types import EntryState, ParsedEntry, ParsedFeed

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


def entry(name, **changed):
    """An entry about `name`; its day follows from the name."""
    values = {
        "key": f"id-{name}",
        "title": f"News of {name}",
        "link": f"https://example.org/{name}",
        "html": f"<p>All about {name}.</p>",
        "summary": f"All about {name}.",
        "published": NOW - timedelta(days=sum(map(ord, name))),
    }
    return ParsedEntry(**{**values, **changed})


def known(*entries):
    return {
        one.key: EntryState(number, one.content_hash, marks_of(one)) for number, one in enumerate(entries, 1)
    }


def decide(before, *entries):
    return decide_items(before, ParsedFeed(None, entries), NOW)


def items(before, *entries):
    """Return the item that each changed entry becomes, by title; None for a new one."""
    return {it.entry.title: it.item_id for it in decide(before, *entries).intents}


ROOF, PAY, BUS = entry("roof"), entry("pay"), entry("bus")


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "other"},
        {"key": "other", "title": "Edited"},
        {"link": "http://www.example.org/roof/?utm_source=rss", "title": "Edited"},
        {"link": "https://example.org/moved", "title": "Edited"},
        {"title": "Edited", "published": None},
        {"key": "other", "link": "https://new.example.com/roof"},
        {"key": "other", "link": "https://new.example.com/roof", "title": "Edited"},
        {"key": "other", "link": "https://example.org/moved"},  # the same words on the same day
        {"key": "other", "link": None},
    ],
)
def test_known_entry_that_changed_is_the_same_item(changed):
    after = replace(ROOF, **changed)
    assert set(items(known(ROOF, PAY), after).values()) <= {1}


@pytest.mark.parametrize(
    "other",
    [
        entry("door"),
        entry("door", link=ROOF.link, key="other"),  # a page whose news changes
        entry("door", title=ROOF.title),
        replace(ROOF, key="other", link="https://example.org/b", html="<p>Else.</p>"),
        replace(ROOF, key="id-roof", link="https://example.org/b", title="Else", published=NOW),
    ],
)
def test_other_entry_is_new(other):
    assert items(known(ROOF, PAY), other) == {other.title: None}
    assert items(known(ROOF, PAY), ROOF, other) == {other.title: None}


def test_id_that_changed_is_remembered_and_told_apart_from_the_old():
    renamed = decide(known(ROOF, PAY), replace(ROOF, key="other"))
    assert (renamed.renamed, renamed.intents, renamed.keys) == ({"id-roof": "other"}, (), ("other",))
    edited = decide(known(ROOF, PAY), replace(ROOF, key="other", html="<p>More.</p>"))
    assert [(it.key, it.item_id, it.is_material) for it in edited.intents] == [("other", 1, True)]


def test_ids_that_change_at_every_fetch():
    later = [replace(one, key=f"x{one.key}") for one in (ROOF, replace(PAY, title="Edited"), BUS)]
    decided = decide(known(ROOF, PAY, BUS), *later, entry("new"))
    assert {it.entry.title: it.item_id for it in decided.intents} == {"Edited": 2, "News of new": None}
    assert decided.renamed == {}
    assert "ids change" in decided.warnings[0]


def test_ids_that_number_the_places_of_the_list():
    before = known(*(replace(one, key=str(place)) for place, one in enumerate((ROOF, PAY, BUS))))
    new = entry("new", key="0")
    decided = decide(before, new, replace(ROOF, key="1"), replace(PAY, key="2", title="Edited"))
    found = [(it.entry.title, it.item_id) for it in decided.intents]
    assert found == [("News of new", None), ("Edited", 2)]
    assert decided.intents[0].key == new.link
    assert "from one entry to another" in decided.warnings[0]


def test_site_that_moved_with_new_ids_and_links():
    moved = [
        replace(one, key=f"https://b.org/{number}", link=f"https://b.org/{number}")
        for number, one in enumerate((ROOF, PAY, BUS))
    ]
    decided = decide(known(ROOF, PAY, BUS), *moved, entry("new"))
    assert [it.item_id for it in decided.intents] == [1, 2, 3, None]
    assert "All its ids and links have changed" in decided.warnings[0]


def test_links_all_alike_without_ids_are_told_apart_by_title_and_date():
    link = "https://example.org/news"
    alike = [entry(name, link=link, key=f"title:{name}") for name in ("roof", "pay")]
    alone = entry("bus", link=link, key=link)  # the only one of its document
    assert items(known(*alike), alone) == {"News of bus": None}
    again = entry("pay", link=link, key=link, html="<p>More.</p>")
    assert items(known(*alike), again) == {"News of pay": 2}


def test_front_page_as_link_is_no_identity():
    front = "https://example.org/"
    first = entry("roof", link=front, key=front)
    assert items(known(first), entry("pay", link=front, key=front)) == {"News of pay": None}
    assert items(known(first), first) == {}


def test_words_are_material_and_dates_are_not():
    for changed, is_material in [
        ({"published": NOW}, False),
        ({"title": "NEWS of: roof"}, False),
        ({"html": "<p>All <strong>about</strong> roof</p>"}, False),
        ({"title": "News of the roof"}, True),
        ({"html": "<p>All about roofs.</p>"}, True),
    ]:
        [intent] = decide(known(ROOF), replace(ROOF, **changed)).intents
        assert (intent.item_id, intent.is_material) == (1, is_material)


def test_flood_is_kept_hidden_but_for_its_newest():
    many = [entry(f"n{number}", published=NOW - timedelta(hours=number)) for number in range(FLOOD + 7)]
    decided = decide(known(ROOF), *many)
    assert [it.entry.title for it in decided.intents if it.hidden] == [it.title for it in many[FLOOD:]]
    assert decided.warnings == (
        "207 new entries came at once; the newest 200 were taken, and 7 are kept hidden.",
    )
    assert not any(it.hidden for it in decide({}, *many).intents)  # the first pull of a feed


def test_dates_to_come_are_told():
    soon, beyond = (
        entry("a", published=NOW + timedelta(days=9)),
        entry("b", published=NOW + timedelta(days=999)),
    )
    assert decide({}, soon, beyond).warnings == (
        "1 entry is dated in the future, the first on 2026-12-05; news waits for its date.",
        "1 entry is dated more than a year ahead; the day of arrival counts instead.",
    )


def test_same_story_leads_to_one_page_under_one_title_or_date():
    marks = marks_of(ROOF)
    assert same_story(
        marks, marks_of(replace(ROOF, link="http://example.org/roof?utm_source=x", published=None))
    )
    assert same_story(marks, marks_of(replace(ROOF, title="Else")))
    assert not same_story(marks, marks_of(replace(ROOF, title="Else", published=None)))
    assert not same_story(marks, marks_of(replace(ROOF, link=PAY.link)))
    front = marks_of(replace(ROOF, link="https://example.org"))
    assert not same_story(front, front)
