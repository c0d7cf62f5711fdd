"""What is handed to the XML reader is bounded, and what a document repeats is told apart or left out."""

import tracemalloc

import pytest

from newsletter.errors import FeedParseError
from newsletter.feeds.bounds import MAX_ENTRIES, bound
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import Fetched

URL = "https://example.org/feed"


def rss(*items):
    told = "".join(f"<item>{item}</item>" for item in items)
    return f"<rss version='2.0'><channel><title>News</title>{told}</channel></rss>"


def parse(text):
    return parse_feed(Fetched(text.encode(), URL))


def item(number, day=None, **more):
    dated = f"<pubDate>2026-01-01T{day:02}:00:00Z</pubDate>" if day is not None else ""
    rest = "".join(f"<{tag}>{text}</{tag}>" for tag, text in more.items())
    return f"<title>Story {number}</title>{dated}{rest}"


def test_small_document_is_left_as_it_is():
    text = rss(item(1), item(2))
    assert bound(text).text is text


@pytest.mark.parametrize(("days", "first"), [((20, 2), "Story 0"), ((2, 20), "Story 7")])
def test_of_too_many_entries_the_newer_end_is_read(days, first):
    many = [item(number) for number in range(MAX_ENTRIES + 7)]
    many[0], many[-1] = item(0, days[0]), item(MAX_ENTRIES + 6, days[1])
    parsed = parse(rss(*many))
    assert (len(parsed.entries), parsed.entries[0].title) == (MAX_ENTRIES, first)
    end = "first" if first == "Story 0" else "last"
    assert parsed.warnings == (f"The document has 507 entries; the {end} 500 were read.",)


@pytest.mark.parametrize(("encoding", "text"), [("utf-8", "Tŷ 😀"), ("cp1252", "Café")])
def test_large_document_is_cut_before_it_is_decoded(encoding, text, monkeypatch):
    """As text the whole of it would take 4 bytes a character, for one character beyond the usual."""
    monkeypatch.setattr("newsletter.feeds.bounds.MAX_ENTRIES", 5)
    items = [item(number, description=text + "x" * 10_000) for number in range(250)]
    body = f'<?xml version="1.0" encoding="{encoding}"?>{rss(*items)}'.encode(encoding)
    tracemalloc.start()
    parsed = parse_feed(Fetched(body, URL))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parsed.warnings == ("The document has 250 entries; the first 5 were read.",)
    assert [entry.html.startswith(f"<p>{text}x") for entry in parsed.entries] == [True] * 5
    assert peak < 2 * len(body)


def test_entries_are_read_as_long_as_their_markup_is_bearable(monkeypatch):
    monkeypatch.setattr("newsletter.feeds.bounds._MAX_COST", 1_000)
    parsed = parse(rss(item(0), item(1, description="&lt;br>" * 600), item(2, description="&lt;br>" * 300)))
    assert [entry.title for entry in parsed.entries] == ["Story 0", "Story 1"]
    assert parsed.warnings == ("The document has 3 entries; the first 2 were read.",)


def test_what_stands_in_cdata_costs_nothing(monkeypatch):
    monkeypatch.setattr("newsletter.feeds.bounds._MAX_COST", 1_000)
    told = "<![CDATA[" + "<br>&amp;" * 600 + "]]>"
    assert len(parse(rss(item(1, description=told))).entries) == 1


@pytest.mark.parametrize(
    "text",
    [
        rss(item(1, description="<b/>" * 60_000)),
        "<rss><a>" + "<b>" * 60_000,
        "<rss>" + "<" * 900_000,
        "<rss>" + "<a/>" * 60_000 + "</rss>",
    ],
    ids=["one-entry", "no-entry", "garbage", "no-items"],
)
def test_more_markup_than_anybody_writes_is_refused_with_a_cure(text):
    with pytest.raises(FeedParseError, match=r"more markup|cut off") as caught:
        parse(text)
    assert caught.value.hint


def keys(*items):
    parsed = parse(rss(*items))
    return [(entry.title, entry.key) for entry in parsed.entries], parsed.warnings


def test_links_all_alike_are_no_identity():
    found, warnings = keys(*(item(n, n + 1, link="https://example.org/news") for n in (1, 2, 3)))
    assert [title for title, _ in found] == ["Story 1", "Story 2", "Story 3"]
    assert len({key for _, key in found}) == 3
    assert warnings == ()


def test_one_id_for_all_is_no_identity():
    linked = [item(n, guid="1", link=f"https://example.org/{n}") for n in (1, 2)]
    assert keys(*linked)[0] == [("Story 1", "https://example.org/1"), ("Story 2", "https://example.org/2")]
    assert len(keys(*(item(n, guid="1") for n in (1, 2, 3)))[0]) == 3


def test_repeated_entry_is_left_out():
    same = {"guid": "1", "link": "https://example.org/1"}
    found, warnings = keys(item(1, **same), item(2, **same))  # its title was edited
    assert found == [("Story 1", "1")]
    assert "'Story 2'" in warnings[0]
    assert len(keys(item(1, link="https://example.org/1"), item(1, link="https://example.org/1"))[0]) == 1


def test_tracking_parameters_are_dropped_from_links():
    [entry] = parse(rss(item(1, link="https://example.org/1?utm_source=rss&amp;id=2"))).entries
    assert (entry.link, entry.key) == ("https://example.org/1?id=2",) * 2


def test_recording_without_a_page_is_its_own():
    [entry] = parse(
        rss("<title>Meeting</title><enclosure url='/m.mp3' type='audio/mpeg' length='1'/>")
    ).entries
    assert entry.link == "https://example.org/m.mp3"


def test_channel_definition_format_is_whole():
    parsed = parse("<?xml version='1.0'?><CHANNEL HREF='/'><ITEM HREF='/a'><TITLE>A</TITLE></ITEM></CHANNEL>")
    assert ([entry.title for entry in parsed.entries], parsed.warnings) == (["A"], ())
