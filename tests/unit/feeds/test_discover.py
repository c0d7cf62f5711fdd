"""The feeds that a page names."""

import pytest

from newsletter.feeds.discover import FeedLink, feed_links
from newsletter.feeds.types import Fetched

URL = "https://www.example.org/news/"


def links(html: str) -> tuple[FeedLink, ...]:
    return feed_links(Fetched(html.encode(), URL, "text/html"))


def test_feeds_are_found_those_of_comments_last():
    html = """<!doctype html><html><head>
    <link rel="alternate" type="application/rss+xml" title="Comments &raquo; on all" href="/comments/feed/">
    <link rel='alternate' type='application/atom+xml; charset=utf-8' title='News' href='feed.atom'>
    <LINK TYPE=application/feed+json REL="alternate home" HREF=//feeds.example.org/n.json>
    <link rel=alternate type=application/rss+xml href=feed.atom>
    <link rel=alternate type=application/json href=/wp-json/>
    <link rel=alternate hreflang=cy href=/cy/><link rel=stylesheet href=x.css type=text/xml>
    <link rel=alternate type=application/rss+xml href=javascript:alert(1)></head>"""
    assert links(html) == (
        FeedLink("https://www.example.org/news/feed.atom", "News"),
        FeedLink("https://feeds.example.org/n.json", ""),
        FeedLink("https://www.example.org/comments/feed/", "Comments » on all"),
    )


def test_base_of_the_page_counts():
    html = "<base href='https://cdn.example.org/a/'><link rel=alternate type=application/rss+xml href=b>"
    assert [link.url for link in links(html)] == ["https://cdn.example.org/a/b"]


@pytest.mark.parametrize("body", ["", "{}", "<rss/>", "<!-- -->", "<div>" * 5000])
def test_what_is_no_page_names_none(body):
    assert links(body) == ()
