"""What stands before all pages: headers, sizes, where a POST comes from, and links that do not work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders import NOW
from fixtures.pages import FORM, URL, Visitor, served
from projects import load, small_settings

from newsletter.errors import ConfigError
from newsletter.web.app import make_app
from newsletter.workflows.examine import examine
from newsletter.workflows.project import Project


@pytest.fixture(scope="module")
def visitor(tmp_path_factory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("project")
    with Project(load(folder, small_settings(web={"url": URL}))) as project, served(project) as visitor:
        yield visitor


def test_pages_need_an_address(tmp_path):
    with Project(load(tmp_path)) as project, pytest.raises(ConfigError, match=r"\[web\] url"):
        make_app(project)


def test_examination_asks_for_the_pages(visitor, tmp_path):
    with Project(load(tmp_path, small_settings(web={"url": visitor.place}))) as project:
        [web] = [found for found in examine(project, NOW) if found.subject == "web"]
    told = (
        f"the pages answer at {visitor.place}; without https, mail programs offer nobody one click (RFC 8058)"
    )
    assert (web.level, web.text) == ("note", told)


def test_health_is_told(visitor):
    assert (visitor.get("/healthz").status, visitor.get("/healthz").data) == (200, b"ok\n")


@pytest.mark.parametrize("path", ["/u/abc", "/p/abc", "/nothing", "/letters/u/abc", "/u/../../etc/passwd"])
def test_links_that_do_not_work_get_the_same_answer(visitor, path):
    answer, other = visitor.get(path), visitor.get("/somewhere")
    assert (answer.status, answer.data) == (404, other.data)
    assert b"office@example.org" in answer.data


def test_every_answer_keeps_browsers_from_doing_more(visitor):
    for answer in (visitor.get("/u/abc"), visitor.get("/healthz"), visitor.post("/p/abc", own=False)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://news.example.org"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://news.example.org"}, 404),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://news.example.org.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_post_comes_from_our_own_page(visitor, headers, status):
    assert visitor.post("/p/abc", own=False, **headers).status == status


@pytest.mark.parametrize("chunked", [False, True])
def test_large_body_goes_no_further(visitor, chunked):
    body = iter([b"x" * 50_000] * 4) if chunked else b"x" * 200_000
    answer = visitor.ask("POST", "/u/abc", body=body, headers={"Content-Type": FORM}, chunked=chunked)
    assert answer.status == 413


def test_language_can_be_chosen(visitor):
    assert b'<html lang="cy">' in visitor.get("/u/abc?lang=cy").data
    assert b'<html lang="en">' in visitor.get("/u/abc?lang=xx").data
