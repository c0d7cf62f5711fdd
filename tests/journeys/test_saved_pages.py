"""Saved news pages become items, are sorted, and reach a member of two audiences as one message."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass

import pytest
from journeys.program import Mailbox, Project, headlines, html_of, text_of
from lxml import html as lxml_html


@dataclass(frozen=True)
class Story:
    """What must become of a page. absent: audiences that must not be among it."""

    title: str
    published: str
    section: str
    audiences: frozenset[str]
    absent: frozenset[str]
    #: The beginning of a point of its list, and words of its quotation, as the HTML has them.
    point: str | None
    quotation: str


SAMPLES = (
    Story(
        "Quiet rooms are spreading: what sixty schools learnt from giving pupils somewhere calm to go",
        "2026-11-18",
        "Pupils and wellbeing",
        frozenset({"governors", "leaders"}),
        frozenset({"career-leads"}),
        "open the room before the first lesson",
        "ten minutes is a great deal",
    ),
    Story(
        "Careers talks help worried pupils too, a survey of careers leaders suggests",
        "2026-11-03",
        "Pupils and wellbeing",
        frozenset({"career-leads"}),
        frozenset({"governors"}),
        "a task that is finished by lunchtime",
        "Give me a minibus",
    ),
)
SEEDS = (
    Story(
        "DfE issues careers guidance and access for education and training providers",
        "2021-07-19",
        "Safeguarding and support for pupils",
        frozenset({"governors", "leaders", "career-leads"}),
        frozenset(),
        "governing bodies",
        "personal development",
    ),
    Story(
        "Diversity Role Models releases a new report on its work to support schools with anti-LGBT+ bullying",
        "2020-12-03",
        "Safeguarding and support for pupils",
        frozenset({"governors"}),
        frozenset({"career-leads"}),
        "Root inclusion",
        "Ruth Davies",
    ),
)
DEBRIS = ("Home Menu", "NAHT is campaigning to", "The alliance is asking ministers", "First published")


@dataclass(frozen=True)
class Site:
    """A project whose only feed is a folder of saved pages, and what must come of them."""

    project: Project
    stories: tuple[Story, ...]

    def html(self, item: dict) -> str:
        return self.project.json("item", "show", item["id"])["html"]


class _Journeys:
    """What holds for the pages of any site."""

    def test_pages_become_two_items(self, site):
        items = site.project.json("item", "list")
        assert [item["title"] for item in items] == [story.title for story in site.stories]
        assert [item["published"] for item in items] == [
            f"{s.published}T12:00:00+00:00" for s in site.stories
        ]
        assert [item["section"] for item in items] == [story.section for story in site.stories]
        assert [item["link"] for item in items] == [None, None]
        for item, story in zip(items, site.stories, strict=True):
            page = site.html(item)
            assert [words for words in DEBRIS if words in page + item["summary"]] == []
            assert re.search(rf"<li>\s*{re.escape(story.point)}", page)
            [quotation] = re.findall(r"<blockquote>.*?</blockquote>", page, re.DOTALL)
            assert story.quotation in quotation

    def test_pages_are_sorted_with_reasons_that_quote_them(self, site):
        for item, story in zip(site.project.json("item", "list"), site.stories, strict=True):
            assert story.audiences <= set(item["audiences"])
            assert story.absent & set(item["audiences"]) == set()
            assert {reason["audience"] for reason in item["reasons"]} == set(item["audiences"])
            seen = _plain(f"{item['title']} {item['section']} {item['summary']} {site.html(item)}")
            for reason in item["reasons"]:
                assert _plain(reason["text"]) in seen
            explained = site.project("audience", "explain", item["id"]).stdout
            assert item["reasons"][0]["text"] in explained

    def test_pages_reach_a_governor_who_is_career_lead_as_one_message(self, site, mailbox):
        message = _sent_to_one(site.project, mailbox, "governors;career-leads")
        assert headlines(message) == [story.title for story in site.stories]
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        text, page = text_of(message), html_of(message)
        for story in site.stories:
            assert _plain(text).casefold().count(_plain(story.title).casefold()) >= 1
            assert story.point in _plain(text)
            assert story.point in _plain(page)
        assert [
            words for words in DEBRIS[:-1] if words in text + page
        ] == []  # it says when they were published
        assert "Dear Anna" in text
        assert "Dear Anna" in page

    def test_message_of_pages_is_dressed_for_mail_programs(self, site, mailbox):
        message = _sent_to_one(site.project, mailbox, "governors;career-leads")
        body = lxml_html.document_fromstring(html_of(message)).body
        naked = [
            element.tag
            for element in body.iter("p", "td", "h1", "h2", "h3", "h4", "ul", "li", "a", "blockquote")
            if not element.get("style")
        ]
        assert naked == []
        assert "{{" not in message.as_string()
        assert message["To"] == "Anna Aldous <anna@example.org>"
        assert re.fullmatch(r"<[^<>@\s]+@example\.org>", message["Message-ID"])
        assert message["List-Unsubscribe"].startswith("<mailto:comms@example.org?subject=")
        assert message["List-Id"]
        assert message["Date"]
        assert message["Precedence"] is None
        assert message["Auto-Submitted"] == "auto-generated"


class TestSamples(_Journeys):
    """Our own pages; two of a site are told from one another as three are."""

    @pytest.fixture
    def site(self, fresh):
        pages = fresh.folder / "feeds" / "site"
        shutil.copytree(fresh.folder / "feeds" / "pages", pages)
        (pages / "phone-policies.txt").unlink()
        return _read(fresh, SAMPLES)


class TestSeeds(_Journeys):
    """Pages of a real site, where they are at hand."""

    @pytest.fixture
    def site(self, fresh, seeds):
        shutil.copytree(seeds, fresh.folder / "feeds" / "site")
        return _read(fresh, SEEDS)


def _read(project: Project, stories: tuple[Story, ...]) -> Site:
    project.only_feed("feeds/site", "pages")
    project("feed", "pull")
    return Site(project, stories)


def _sent_to_one(project: Project, mailbox: Mailbox, audiences: str):
    project.relay(mailbox.host, mailbox.port)
    project.import_members(
        f"email,first_name,last_name,audiences\nanna@example.org,Anna,Aldous,{audiences}\n"
    )
    project("edition", "send", project.approved(), "--go")
    assert mailbox.recipients == ["anna@example.org"]
    [message] = mailbox.messages
    return message


def _plain(text: str) -> str:
    """Return text without markup, quotation marks and differences of white space."""
    return " ".join(re.sub(r"<[^>]*>|[\"“”‘’']", " ", text.replace("&amp;", "&")).split())
