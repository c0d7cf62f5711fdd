"""Pulls: from feed files into items with audiences and reasons."""

from __future__ import annotations

import threading

import pytest
from builders import NOW, add_items, make_entry, reasons
from sqlalchemy import select

from newsletter.audiences.types import Hand, Reason
from newsletter.errors import ConfigError, NewsletterError
from newsletter.feeds.decide import decide_items
from newsletter.feeds.types import FeedSource, Fetched, ItemStatus, ParsedFeed
from newsletter.store.pulls import SortedItem
from newsletter.store.schema import item_revisions
from newsletter.workflows.pull import pull_feeds
from newsletter.workflows.sort import sort_again, sort_when_rules_changed

SOURCE = FeedSource("policy", "feeds/policy.xml")
RSS = """<rss version="2.0"><channel><title>Policy</title>{items}</channel></rss>"""
ENTRY = "<item><guid>{key}</guid><title>{title}</title><link>https://example.org/{key}</link></item>"


def record(project, *entries, audiences="governors", known=None):
    """Store what a pull brought, decided against what is known; return (key, id of the item) of changes."""
    [feed] = project.feeds.for_update([SOURCE])
    parsed = ParsedFeed("Policy", entries, warnings=("odd",))
    known = project.pulls.known_entries(feed.id) if known is None else known
    decided = decide_items(known, parsed, NOW)
    changes = [SortedItem(intent, reasons(audiences)) for intent in decided.intents]
    fetched = Fetched(b"", SOURCE.url, etag='"1"', last_modified="Thu")
    stored = project.pulls.record_pull(feed, fetched, parsed, changes, NOW, decided=decided)
    return [(intent.entry.key, intent.item_id) for intent in stored.intents]


def listed(project):
    return {item.title: (sorted(item.audiences), item.revision) for item, _ in project.items.all()}


def write_feed(project, **titles):
    path = project.config.folder / "feeds" / "policy.xml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(RSS.format(items="".join(ENTRY.format(key=key, title=t) for key, t in titles.items())))


@pytest.fixture
def pulling(open_project):
    """Open a project with two feeds and rules; the second feed has no file."""

    def pulling(**audiences):
        feeds = [{"name": "policy", "url": "feeds/policy.xml"}, {"name": "gone", "url": "feeds/gone.xml"}]
        tables = {slug: {"title": slug.title(), **rules} for slug, rules in audiences.items()}
        newsletters = [{"name": "weekly", "audiences": list(tables)}]
        return open_project(feeds=feeds, audiences=tables, newsletters=newsletters)

    return pulling


def test_entries_become_items_and_changes_revisions(project):
    roof, pay = make_entry("roof"), make_entry("pay", html="<p>“Ünicode” &amp; more</p>", categories=("Pay",))
    assert record(project, roof, pay) == [("roof", None), ("pay", None)]
    assert record(project, roof, pay) == []
    [(_, pay_id)] = record(project, roof, make_entry("pay", title="Pay, at last", published=None))
    item, why = project.items.get(pay_id)
    assert (item.title, item.revision, item.feed) == ("Pay, at last", 2, "policy")
    assert (item.published, item.first_seen) == (None, NOW)
    assert item.date == pay.published  # it counts from when it did before
    assert why == reasons("governors")
    with project.database.read() as connection:
        query = select(item_revisions.c.revision, item_revisions.c.content).where(
            item_revisions.c.item_id == pay_id
        )
        contents = dict(connection.execute(query.order_by(item_revisions.c.revision)).all())
    assert {number: content["title"] for number, content in contents.items()} == {
        1: "News of pay",
        2: "Pay, at last",
    }
    assert contents[1]["html"] == pay.html


def test_feed_remembers_what_it_was_sent(project):
    record(project, make_entry("roof"))
    [feed] = project.feeds.for_update([SOURCE])
    assert (feed.etag, feed.last_modified, feed.last_pulled_at) == ('"1"', "Thu", NOW)
    [status] = project.feeds.statuses([SOURCE])
    assert (status.title, status.items, status.warnings, status.problem) == ("Policy", 1, ("odd",), None)
    [moved] = project.feeds.for_update([FeedSource("policy", "https://example.org/policy")])
    assert (moved.id, moved.etag, moved.last_modified) == (feed.id, None, None)


def test_editors_word_survives_a_revision_and_new_rules(project):
    record(project, make_entry("roof"))
    [(item, _)] = project.items.all()
    project.items.set_audiences(item.id, {"governors": False, "leaders": True})
    project.items.set_status(item.id, ItemStatus.PINNED)
    record(project, make_entry("roof", title="A roof"), audiences="governors+career-leads")
    item, why = project.items.get(item.id)
    assert (item.audiences, item.status) == ({"leaders", "career-leads"}, ItemStatus.PINNED)
    assert why == (Reason("leaders", "editor", "editor", "the editor said so"), *reasons("career-leads"))
    project.items.replace_rules({item.id: reasons("governors")})
    assert project.items.get(item.id)[0].audiences == {"leaders"}
    assert project.items.editor_word(item.id) == {"governors": False, "leaders": True}


def test_more_keys_than_a_statement_takes_parameters(project):
    record(project, make_entry("roof"))
    [feed] = project.feeds.for_update([SOURCE])
    many = [make_entry("roof"), *(make_entry(str(number)) for number in range(70_000))]
    project.pulls.record_pull(feed, Fetched(b"", ""), ParsedFeed(None, tuple(many)), [], NOW)
    assert set(project.items.by_ids(range(70_000))) == {1}
    assert project.recipients.groups("weekly", range(70_000), NOW) == []


def test_unknown_item_is_told(project):
    for ask in (project.items.get, lambda it: project.items.set_status(it, ItemStatus.HIDDEN)):
        with pytest.raises(NewsletterError, match="there is no item 7"):
            ask(7)


def test_two_pulls_at_once_store_an_entry_once(project):
    roof, pay = make_entry("roof"), make_entry("pay")
    together, stored, faults = threading.Barrier(4), [], []

    def pull(entries):
        together.wait()
        try:
            stored.extend(record(project, *entries, known={}))
        except Exception as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    threads = [threading.Thread(target=pull, args=(them,)) for them in [(roof, pay), (pay, roof)] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(stored) == [("pay", None), ("roof", None)]
    assert set(listed(project)) == {"News of roof", "News of pay"}


def test_entry_that_changed_while_another_pull_ran_is_a_revision(project):
    record(project, make_entry("roof"))
    # Decided when nothing was known yet, recorded after the other.
    [(_, item)] = record(project, make_entry("roof", title="A roof"), known={})
    assert item is not None
    assert listed(project) == {"A roof": (["governors"], 2)}


def test_bad_feed_does_not_stop_the_rest(pulling):
    project = pulling(governors={"words": ["roof"]})
    write_feed(project, a="A roof", b="A wall")
    ticks = []
    policy, gone = pull_feeds(project, NOW, progress=lambda: ticks.append(1))
    assert (policy.feed, policy.new, policy.changed, policy.unchanged, policy.problem) == (
        "policy",
        2,
        0,
        0,
        None,
    )
    assert gone.feed == "gone"
    assert "gone.xml" in gone.problem
    assert len(ticks) == 2
    assert listed(project) == {"A roof": (["governors"], 1), "A wall": ([], 1)}
    statuses = project.feeds.statuses(project.config.feeds)
    assert [(status.items, status.problem) for status in statuses] == [(2, None), (0, gone.problem)]


def test_pull_counts_new_changed_and_unchanged(pulling):
    project = pulling(governors={})
    for titles, counts in [
        ({"a": "One", "b": "Two"}, (2, 0, 0)),
        ({"a": "One", "b": "Two, changed", "c": "Three"}, (1, 1, 1)),
        ({"c": "Three"}, (0, 0, 1)),
    ]:
        write_feed(project, **titles)
        [summary] = pull_feeds(project, NOW, ["policy"])
        assert (summary.new, summary.changed, summary.unchanged) == counts
    assert len(listed(project)) == 3  # what the feed no longer has is kept


def test_unknown_feed_is_told_before_anything_is_pulled(pulling):
    project = pulling(governors={})
    write_feed(project, a="One")
    with pytest.raises(ConfigError, match="no feed 'polcy'; did you mean `policy`"):
        pull_feeds(project, NOW, ["policy", "polcy"])
    assert listed(project) == {}


def test_pull_sorts_older_items_again_when_the_rules_have_changed(pulling, monkeypatch):
    project = pulling(governors={"words": ["roof"]})
    write_feed(project, a="A roof", b="A wall", c="A door")
    pull_feeds(project, NOW, ["policy"])
    [door] = [item.id for item, _ in project.items.all() if item.title == "A door"]
    project.items.set_audiences(door, {"governors": True})

    project = pulling(governors={"words": ["wall"]}, leaders={"words": ["roof", "door"]})
    pull_feeds(project, NOW, ["gone"])
    audiences = {title: names for title, (names, _) in listed(project).items()}
    assert audiences == {"A roof": ["leaders"], "A wall": ["governors"], "A door": ["governors", "leaders"]}
    assert [reason.text for reason in project.items.get(door)[1]] == ["the editor said so", "door"]
    assert sort_when_rules_changed(project) == 0  # it is done


def test_items_are_listed_newest_first_and_sorted_again_page_by_page(pulling):
    record(
        project := pulling(governors={}), *(make_entry(f"n{number}", published=NOW) for number in range(501))
    )
    ids = [item.id for item, _ in project.items.all()]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), sort_again(project)) == (501, 501)
    assert all(names == [] for names, _ in listed(project).values())


def test_two_may_sort_again_at_once(pulling):
    project = pulling(governors={"words": ["news"]})
    record(project, *(make_entry(f"n{number}") for number in range(30)))
    faults = []

    def sort():
        try:
            sort_again(project)
        except Exception as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    threads = [threading.Thread(target=sort) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert all(names == ["governors"] for names, _ in listed(project).values())


def test_editors_word_is_kept_with_who_and_when(project):
    items = add_items(project, {"roof": "governors"})
    roof, anna = items["roof"], Hand("Anna", NOW)
    project.items.set_audiences(roof, {"governors": False, "leaders": True}, anna)
    project.items.set_status(roof, ItemStatus.PINNED, anna)
    project.items.set_position(roof, 2, anna)
    project.items.set_note(roof, "Ring first", Hand("Bo", NOW))
    project.items.replace_rules({roof: reasons("governors")})
    found, [reason] = project.items.get(roof)
    assert (found.audiences, found.status, found.position, found.note) == (
        {"leaders"},
        ItemStatus.PINNED,
        2,
        "Ring first",
    )
    assert reason.text.startswith("Anna, 2026-11-26 09:00")
    said = [(word.hand.by, word.told) for word in project.items.words_of_editors(roof)]
    assert said == [
        ("Anna", "not for governors"),
        ("Anna", "for leaders"),
        ("Anna", "pinned"),
        ("Anna", "order 2"),
        ("Bo", "note Ring first"),
    ]
    project.items.set_audiences(roof, {"governors": None, "leaders": None}, anna)
    assert project.items.get(roof)[0].audiences == {"governors"}
