from dataclasses import replace
from datetime import UTC, datetime

from newsletter.feeds.decide import decide_items
from newsletter.feeds.types import EntryState, ParsedEntry, ParsedFeed

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
ENTRY = ParsedEntry("k", "Title", None, "<p>x</p>", "x")


def decide(known, *entries):
    decided = decide_items(known, ParsedFeed(None, entries), NOW)
    return [(intent.entry.key, intent.item_id) for intent in decided.intents]


def test_unknown_entry_is_a_new_item():
    assert decide({}, ENTRY, replace(ENTRY, key="l")) == [("k", None), ("l", None)]


def test_known_entry_is_stored_again_only_when_it_reads_differently():
    known = {"k": EntryState(5, ENTRY.content_hash)}
    assert decide(known, ENTRY) == []
    assert decide(known, replace(ENTRY, html="<p>y</p>")) == [("k", 5)]


def test_entry_that_left_the_document_is_no_matter():
    assert decide({"gone": EntryState(1, "x")}) == []
