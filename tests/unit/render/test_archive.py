"""The archive's front page and its feeds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree
from lxml.html import document_fromstring

from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import Fetched
from newsletter.render.archive import Archive, Issue, IssuePage, render_front_page
from newsletter.render.archive_feeds import FEED_ISSUES, atom_feed, json_feed
from newsletter.render.design import DESIGN
from newsletter.render.web import Headline

ALL = IssuePage("weekly/2026-11-27/governors+leaders.html", ("Governors", "Leaders"))
ISSUE = Issue(
    id="weekly/2026-11-27",
    newsletter="The weekly <digest>",
    language="en",
    day=date(2026, 11, 27),
    sent=datetime(2026, 11, 27, 7, tzinfo=UTC),
    subject="Roofs for every school in the…",
    preheader="Also: pay",
    page=ALL,
    pages=(IssuePage("weekly/2026-11-27/governors.html", ("Governors",)), ALL),
    headlines=(
        Headline("Roofs for every school in the land", "https://a.example.org/?a=1&b=2"),
        Headline("Pay <1>"),
    ),
)
OLDER = replace(ISSUE, id="weekly/2025-12-05", day=date(2025, 12, 5))
WELSH = replace(ISSUE, id="bwletin/2026-11-20", newsletter="Bwletin", language="cy", day=date(2026, 11, 20))
HERE = "https://news.example.org/v/"


def archive(*issues, address=HERE):
    return Archive("Heath <Union>", "https://www.example.org", "example.org", address, issues)


def test_front_page_is_by_newsletter_and_year_and_skips_no_heading():
    page = document_fromstring(render_front_page(archive(ISSUE, WELSH, OLDER), DESIGN))
    headings = [(it.tag, it.text_content()) for it in page.xpath("//h1 | //h2 | //h3 | //h4")]
    story = ("h4", "Roofs for every school in the land")
    assert headings == [
        ("h1", "Newsletter archive"),
        *(("h2", "The weekly <digest>"), ("h3", "2026"), story, ("h3", "2025"), story),
        *(("h2", "Bwletin"), ("h3", "2026"), story),
    ]
    assert page.xpath("//time/text()") == ["27 November", "5 December", "20 Tachwedd"]
    assert page.xpath("//section/@lang") == ["en", "cy"]
    assert page.xpath("//nav//a/@href") == ["#weekly-2026", "#weekly-2025", "#bwletin-2026"]


def test_front_page_needs_no_script_and_stays_in_its_folder():
    page = document_fromstring(render_front_page(archive(ISSUE), DESIGN))
    assert page.xpath("//script | //img | //iframe | //nav") == []
    links = page.xpath("//main//a/@href | //link/@href | //footer//a/@href")
    assert set(links) == {
        "weekly/2026-11-27/governors%2Bleaders.html",
        "weekly/2026-11-27/governors.html",
        *("feed.xml", "feed.json"),
    }


def test_subject_of_an_editor_stays_as_it_is():
    issue = replace(ISSUE, subject="Read this first")
    assert issue.title == Headline("Read this first")
    assert issue.also == ISSUE.headlines
    assert replace(issue, headlines=()).also == (Headline("Also: pay"),)


@pytest.mark.parametrize("make", [atom_feed, json_feed])
@pytest.mark.parametrize("address", [HERE, ""], ids=["whole links", "relative links"])
def test_feeds_are_read_by_our_own_reader_without_a_warning(make, address):
    document = make(archive(ISSUE, OLDER, address=address))
    parsed = parse_feed(Fetched(document, f"{HERE}feed"))
    assert parsed.warnings == ()
    first, second = parsed.entries
    assert first.title == "Roofs for every school in the land"
    assert first.link == f"{HERE}weekly/2026-11-27/governors%2Bleaders.html"
    assert first.summary == "Also: pay"
    assert first.published == ISSUE.sent
    assert "Pay &lt;1&gt;" in first.html
    assert first.key != second.key
    assert second.key == "tag:example.org,2025-12-05:weekly/2025-12-05"


def test_feeds_hold_the_newest_issues_only():
    many = [replace(ISSUE, id=f"weekly/{number}") for number in range(FEED_ISSUES + 1)]
    assert len(json.loads(json_feed(archive(*many)))["items"]) == FEED_ISSUES
    assert len(etree.fromstring(atom_feed(archive(*many))).findall("{*}entry")) == FEED_ISSUES


def test_text_that_no_xml_may_hold_is_left_out():
    assert b"a\xef\xbf\xbfb" not in atom_feed(archive(replace(ISSUE, preheader="a\uffffb")))
