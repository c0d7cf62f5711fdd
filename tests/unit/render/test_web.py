"""The web version: what was frozen, without anything that is a member's."""

from __future__ import annotations

import re

import pytest
from digests import digest_items, make_item, render
from lxml.html import document_fromstring

from newsletter.errors import RenderError
from newsletter.render.types import MergeField, RenderedVariant
from newsletter.render.web import Headline, Surroundings, headlines, web_version

AROUND = Surroundings("A title", "../../index.html", "All issues", ("example.org",))
NAME, LEAVE = MergeField("member.first_name"), MergeField("unsubscribe_url")
LINK = "color:inherit; text-decoration:underline"
TOPICS, BROWSER = MergeField("preferences_url"), MergeField("web_url")


def web(*segments, around=AROUND):
    """The body of the web version of these segments."""
    page = web_version(frozen(*segments), around)
    return re.sub(r"\n", "", page.partition("<body>")[2].partition("</body>")[0])


def frozen(*segments):
    return RenderedVariant("S", "P", ("<!DOCTYPE html><html><body>", *segments, "</body></html>"), ())


@pytest.fixture(scope="module")
def digest():
    return web_version(render(digest_items()), AROUND)


def test_digest_keeps_what_all_members_read_and_nothing_of_one(digest):
    rendered = render(digest_items())
    assert all(headline in digest for headline in ("Pupils tell two boards", "Canllawiau newydd"))
    assert "Dear colleague," in digest
    fields = {part for part in rendered.html if isinstance(part, MergeField)}
    assert {field.name for field in fields} > {"unsubscribe_url", "preferences_url"}
    for trace in (
        "Unsubscribe",
        "Change your topics",
        "View in browser",
        "mailto:",
        rendered.hash,
        "__",
        "[if mso]",
    ):
        assert trace not in digest


def test_digest_becomes_a_page_that_asks_nobody(digest):
    page = document_fromstring(digest)
    assert page.xpath("string(//title)") == "A title"
    assert [link.text for link in page.xpath("//a[@href='../../index.html']")] == ["All issues"]
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; ")
    assert page.xpath("//script | //link | //iframe | //form | //img") == []
    assert len(page.xpath("//*[@role='main']")) == 1
    assert digest.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("segments", "left"),
    [
        (["<p>Dear ", NAME, ", hello</p>"], "<p>Dear, hello</p>"),
        (["<p>Dear ", MergeField("member.first_name", "<you>"), "</p>"], "<p>Dear &lt;you&gt;</p>"),
        (['<p>a</p><p><a href="', LEAVE, '">Leave</a> · <a href="', TOPICS, '">Topics</a></p>'], "<p>a</p>"),
        (['<p><a href="/x">Us</a> · <a href="', LEAVE, '">Leave</a></p>'], '<p><a href="/x">Us</a></p>'),
        (['<p><a href="', LEAVE, '">Leave</a> | us</p>'], "<p>us</p>"),
        (['<p>One · <a href="', LEAVE, '">Leave</a> · two</p>'], "<p>One · two</p>"),
        (["<p>Leave: ", LEAVE, "</p>"], "<p>Leave: </p>"),
        (['<p title="', LEAVE, '">here</p>'], "<p>here</p>"),
        (["<!-- ", LEAVE, " --><p>here</p>"], "<p>here</p>"),
        (['<p class="small mail-only">You get this as a member.</p><p>here</p>'], "<p>here</p>"),
        (['<div style="display:none">preheader</div><p>here</p>'], "<p>here</p>"),
        (
            ['<table><tr><td>us</td><td><a href="', LEAVE, '">Leave</a></td></tr></table>'],
            "<table><tr><td>us</td></tr></table>",
        ),
    ],
)
def test_what_is_a_members_goes_and_leaves_no_gap(segments, left):
    assert web(*segments) == left


def test_link_to_the_web_version_leads_to_all_issues_once():
    both = web('<p><a href="', BROWSER, '"><b>Browser</b></a></p><p><a href="', BROWSER, '">Browser</a></p>')
    assert both == '<p><a href="../../index.html">All issues</a></p>'


def test_field_that_cannot_be_taken_out_is_refused():
    with pytest.raises(RenderError, match="no web version"):
        web("<p ", LEAVE, ">here</p>")


@pytest.mark.parametrize(
    ("picture", "left"),
    [
        (
            '<img src="https://assets.example.org/a.png" alt="A">',
            '<img src="https://assets.example.org/a.png" alt="A">',
        ),
        ('<img src="https://notexample.org/a.png" alt="">', ""),
        (
            '<img src="https://other.org/a.png" alt="A &amp; B">',
            f'<a href="https://other.org/a.png" style="{LINK}">A &amp; B</a>',
        ),
        ('<a href="/x"><img src="https://other.org/a.png" alt="A"></a>', '<a href="/x"><span>A</span></a>'),
    ],
)
def test_pictures_of_others_are_links(picture, left):
    assert web(f"<div>{picture}</div>") == f"<div>{left}</div>"


def test_headlines_are_read_with_their_links():
    items = [
        make_item("Roofs & walls", link="https://a.example.org/?a=1&b=2"),
        make_item("Dim", language="cy", link=None),
    ]
    assert headlines(render(items)) == [
        Headline("Roofs & walls", "https://a.example.org/?a=1&b=2"),
        Headline("Dim", None, "cy"),
    ]
