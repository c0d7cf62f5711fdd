"""Stories in the store: told by two feeds, changed after sending, corrected, in floods, and gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from builders import FRIDAY, NOW, add_members, approve, make_entry, plan, reasons
from sqlalchemy import update

from newsletter.errors import NewsletterError
from newsletter.feeds.decide import FLOOD, decide_items
from newsletter.feeds.types import FeedSource, Fetched, ItemStatus, ParsedFeed
from newsletter.store.pulls import SortedItem
from newsletter.store.schema import entries
from newsletter.workflows.draft import draft_edition

POLICY, UNION = FeedSource("policy", "feeds/policy.xml"), FeedSource("union", "feeds/union.xml")


def pull(project, source, *found, audiences="governors", now=NOW):
    """Store what a pull brought; return how many entries joined items of other feeds."""
    [feed] = project.feeds.for_update([source])
    parsed = ParsedFeed(source.name, found)
    decided = decide_items(project.pulls.known_entries(feed.id), parsed, now)
    changes = [SortedItem(intent, reasons(audiences)) for intent in decided.intents]
    recorded = project.pulls.record_pull(feed, Fetched(b"", ""), parsed, changes, now, decided=decided)
    return recorded.joined


def only(project):
    [(item, _)] = project.items.all()
    return item


ROOF = make_entry("roof")


def test_same_story_in_two_feeds_is_one_item_for_the_audiences_of_both(project):
    pull(project, POLICY, ROOF)
    theirs = replace(
        ROOF, key="77", link="http://www.news.example.org/roof?utm_source=rss", html="<p>Short.</p>"
    )
    assert pull(project, UNION, theirs, audiences="leaders") == 1
    item = only(project)
    assert (item.feed, item.sources, item.audiences) == (
        "policy",
        ("policy", "union"),
        {"governors", "leaders"},
    )
    # The item goes on to read as the first feed has it.
    pull(project, UNION, replace(theirs, html="<p>Shorter.</p>"))
    pull(project, UNION, replace(theirs, html="<p>Shorter.</p>"))
    assert (only(project).html, only(project).revision) == (ROOF.html, 1)
    pull(project, POLICY, replace(ROOF, html="<p>More.</p>"))
    assert (only(project).html, only(project).revision) == ("<p>More.</p>", 2)
    [feed] = project.feeds.for_update([POLICY])
    assert project.pulls.known_entries(feed.id)["roof"].also_in == ("union",)


def test_link_of_several_stories_joins_none(project):
    pull(project, POLICY, *(make_entry(name, link="https://example.org/events") for name in ("roof", "pay")))
    assert pull(project, UNION, make_entry("roof", link="https://example.org/events")) == 0
    assert len(list(project.items.all())) == 3


def test_entry_from_before_there_were_marks_is_known_by_its_link(project):
    pull(project, POLICY, ROOF)
    with project.database.write() as connection:
        connection.execute(update(entries).values(link_mark=None, title_mark=None, text_mark=None))
    pull(project, POLICY, replace(ROOF, key="other"))
    item = only(project)
    assert item.revision == 1
    pull(project, POLICY, replace(ROOF, key="other", html="<p>More.</p>"))
    assert only(project).revision == 2


def test_change_after_approval_is_told_until_an_editor_settles_it(project):
    add_members(project, ["anna"])
    pull(project, POLICY, ROOF)
    draft_edition(project, "weekly", NOW, day=FRIDAY)
    pull(project, POLICY, replace(ROOF, html="<p>Before it is frozen.</p>"))
    assert only(project).changed_since is None  # the newest wins
    approve(project)
    pull(project, POLICY, replace(ROOF, html="<p><em>Before</em> it is frozen!</p>"))
    assert only(project).changed_since is None  # the same words
    pull(project, POLICY, replace(ROOF, html="<p>Too late.</p>"))
    assert only(project).changed_since == "weekly/2026-11-27"
    project.items.settle(only(project).id)
    assert only(project).changed_since is None
    with pytest.raises(NewsletterError, match="nothing to correct"):
        project.items.settle(only(project).id)
    pull(project, POLICY, replace(ROOF, html="<p>Later still.</p>"))
    assert only(project).changed_since == "weekly/2026-11-27"


def test_correction_takes_the_place_of_what_was_sent(project):
    add_members(project, ["anna"])
    pull(project, POLICY, ROOF)
    old = only(project)
    project.items.set_audiences(old.id, {"leaders": True})
    plan(project)
    later = NOW + timedelta(days=1)
    with pytest.raises(NewsletterError, match="nothing to correct"):
        project.items.correct(old.id, later)
    pull(project, POLICY, replace(ROOF, title="News of two roofs"), now=later)
    made = project.items.correct(old.id, later)
    item, why = project.items.get(made)
    assert (item.title, item.corrects, item.revision, item.date) == ("News of two roofs", old.id, 1, later)
    assert item.audiences == {"governors", "leaders"}
    assert {reason.rule for reason in why} == {"editor", "feed"}
    withdrawn, _ = project.items.get(old.id)
    assert (withdrawn.status, withdrawn.status_reason) == (ItemStatus.WITHDRAWN, f"item {made} corrects it")
    for key in (made, old.id):  # once is enough
        with pytest.raises(NewsletterError, match="nothing to correct"):
            project.items.correct(key, later)
    # Anna, who has had the item, gets the correction, once.
    drafted = draft_edition(project, "weekly", later, day=FRIDAY + timedelta(days=7)).edition
    [variant] = project.editions.variants(drafted)
    assert (variant.items, variant.subject) == ((made,), "Correction: News of two roofs")
    pull(project, POLICY, replace(ROOF, title="News of three roofs"), now=later)
    assert project.items.get(made)[0].title == "News of three roofs"


def test_unknown_item_cannot_be_corrected(project):
    with pytest.raises(NewsletterError, match="there is no item 7"):
        project.items.correct(7, NOW)


def test_item_that_is_edited_all_the_time_is_mailed_once(project):
    """Of two entries, each pull brings one with another title, text, link or id, and one whose date moves."""
    add_members(project, ["anna"])

    def edited(number):
        ways = [
            {"title": f"Roofs, part {number}"},
            {"html": f"<p>Version {number}.</p>"},
            {"link": f"https://news.example.org/roof?utm_source={number}"},
            {"key": f"id-{number}"},
        ]
        moving = make_entry("pay", published=NOW - timedelta(hours=2, minutes=number))
        return replace(ROOF, **ways[number % 4]), moving

    for number in range(12):
        pull(project, POLICY, *edited(number))
    plan(project)
    for number in range(12, 24):
        pull(project, POLICY, *edited(number), now=NOW + timedelta(days=1))
    assert len(list(project.items.all())) == 2
    later = NOW + timedelta(days=7)
    draft = draft_edition(project, "weekly", later, day=FRIDAY + timedelta(days=7))
    assert project.editions.variants(draft.edition) == []
    assert [group.members for group in draft.nothing_new] == [1]


def test_flood_and_dates_nobody_means(project):
    pull(project, POLICY, ROOF)
    many = [make_entry(f"n{number}", published=NOW - timedelta(hours=number)) for number in range(FLOOD + 2)]
    pull(project, POLICY, ROOF, *many, make_entry("far", published=NOW + timedelta(days=999)))
    items = {item.title: item for item, _ in project.items.all()}
    hidden = [item for item in items.values() if item.status is ItemStatus.HIDDEN]
    assert len(hidden) == 3
    assert all(item.status_reason for item in hidden)
    assert items["News of far"].date == NOW


@pytest.fixture
def site():
    """A site on loopback of which two pages are gone, and one is in trouble."""
    answers = {"/gone": 410, "/never": 404, "/trouble": 500}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_items_whose_pages_are_gone_are_withdrawn_before_an_edition_is_frozen(open_project, site):
    newsletter = {"name": "weekly", "audiences": ["governors"], "max_items": 3}
    project = open_project(fetch={"allow": ["127.0.0.1"]}, newsletters=[{**newsletter, "check_links": True}])
    names = ["there", "gone", "never", "trouble", "pinned", "file"]
    found = [
        make_entry(name, link=f"{site}/{name}", published=NOW - timedelta(hours=hours))
        for hours, name in enumerate(names, 1)
    ]
    found[4:] = [replace(found[4], link=f"{site}/gone#1"), replace(found[5], link="mailto:anna@example.org")]
    pull(project, POLICY, *found)
    keys = {item.title.removeprefix("News of "): item.id for item, _ in project.items.all()}
    project.items.set_status(keys["pinned"], ItemStatus.PINNED)
    made = draft_edition(project, "weekly", NOW, day=FRIDAY)
    assert [item.title for item in made.withdrawn] == ["News of gone", "News of never"]
    [variant] = project.editions.variants(made.edition)
    assert variant.items == (keys["pinned"], keys["there"], keys["trouble"])
    assert project.items.get(keys["gone"])[0].status_reason == "its page is gone (HTTP status 410)"
