"""Lists of feeds, read and written."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import FeedParseError
from newsletter.feeds.opml import FeedList, ListedFeed, parse_opml, write_opml
from newsletter.feeds.types import FeedSource

WHEN = datetime(2026, 11, 27, 12, tzinfo=UTC)


def opml(body: str, head: str = "") -> bytes:
    return f"<?xml version='1.0'?>{head}<opml version='2.0'><body>{body}</body></opml>".encode()


def parse(body: str) -> FeedList:
    return parse_opml(opml(body), "feeds.opml")


def test_folders_become_categories():
    found = parse(
        "<outline text='Schools'><outline text='Wales'>"
        "<outline type='rss' text='Estyn &amp; co' xmlUrl='https://a.example.org/x?a=1&amp;b=2'/></outline>"
        "<outline title='NGA' xmlUrl='https://b.example.org/' category='/Schools/Boards'/></outline>"
    )
    assert found == FeedList(
        (
            ListedFeed("https://a.example.org/x?a=1&b=2", "Estyn & co", ("Schools", "Wales")),
            ListedFeed("https://b.example.org/", "NGA", ("Schools", "Boards")),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("outline", "url"),
    [
        ("<outline xmlUrl='https://a.example/x?a&b&eacute;'/>", "https://a.example/x?a&b&eacute;"),
        ("<outline XMLURL='feed://a.example/x'/>", "http://a.example/x"),
        ("<outline xmlurl='feed:https://a.example/x'/>", "https://a.example/x"),
        ("<outline type='RSS' url='https://a.example/x'/>", "https://a.example/x"),
        ("<outline xmlUrl='https://a.example/x'><outline", "https://a.example/x"),
    ],
)
def test_list_is_read_as_programs_write_it(outline, url):
    assert [feed.url for feed in parse(outline).feeds] == [url]


def test_what_cannot_be_fetched_is_told_with_its_line():
    found = parse(
        "\n<outline text='x' xmlUrl='javascript:alert(1)'/>\n<outline text='A note'/>\n"
        "<outline xmlUrl='https://a.example/'/><outline xmlUrl='https://a.example/'/>"
        "<outline xmlUrl='file:///etc/passwd'/>"
    )
    assert [feed.url for feed in found.feeds] == ["https://a.example/"]
    assert found.problems == (
        (2, "no http or https address: 'javascript:alert(1)'"),
        (3, "names no address of a feed (xmlUrl): 'A note'"),
        (4, "no http or https address: 'file:///etc/passwd'"),
    )


BOMB = "<!DOCTYPE opml [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (opml("<outline xmlUrl='&j;'/>", BOMB + "]>"), "entities of its own"),
        (opml("&x;", "<!DOCTYPE opml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"), "entities of its own"),
        (opml("", "<!DOCTYPE opml [<!ENTITY % x SYSTEM 'http://127.0.0.1/'> %x;]>"), "entities of its own"),
        (b"", "is empty"),
        (b"\x00\x01", "is empty"),
        (b"<rss version='2.0'/>", "is no list of feeds"),
        (b"not XML at all", "is no list of feeds"),
    ],
)
def test_other_documents_are_refused(body, says):
    with pytest.raises(FeedParseError, match=f"feeds.opml: .*{says}") as raised:
        parse_opml(body, "feeds.opml")
    assert "newsletter feed add URL" in raised.value.hint


def test_external_subset_is_not_asked_for():
    body = opml("<outline xmlUrl='https://a.example/'/>", "<!DOCTYPE opml SYSTEM 'http://127.0.0.1:9/x'>")
    assert len(parse_opml(body, "x").feeds) == 1


def test_written_list_reads_the_same():
    feeds = [
        FeedSource("estyn", "https://a.example.org/x?a=1&b=2", categories=("Schools", "Wales <&\"'>")),
        FeedSource("nga", "https://b.example.org/", categories=("Schools",)),
        FeedSource("own", "feeds/own.xml"),
        FeedSource("pages", "feeds/pages", "pages"),
        FeedSource("last", "https://c.example.org/"),
    ]
    text = write_opml("Heath Union", feeds, {"nga": "The NGA"}, WHEN)
    assert "<title>Heath Union</title>" in text
    assert "Fri, 27 Nov 2026 12:00:00 GMT" in text
    assert parse_opml(text.encode(), "x") == FeedList(
        (
            ListedFeed("https://a.example.org/x?a=1&b=2", "estyn", ("Schools", "Wales <&\"'>")),
            ListedFeed("https://b.example.org/", "The NGA", ("Schools",)),
            ListedFeed("https://c.example.org/", "last"),
        ),
        (),
    )


@given(st.binary(max_size=200) | st.text(st.sampled_from("<>/outline ='\"&;xmlUrl!ENTITY"), max_size=100))
def test_any_bytes_are_a_list_or_refused(body):
    raw = body if isinstance(body, bytes) else opml(body)
    with suppress(FeedParseError):
        parse_opml(raw, "x")
