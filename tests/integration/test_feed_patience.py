"""Pulls from a site, one after the other: what is remembered of moves, waits, ends and troubles."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest
from builders import NOW
from fixtures.site import answer
from sqlalchemy import select

from newsletter.feeds.types import FeedSource
from newsletter.store.schema import feed_memos
from newsletter.workflows.pull import pull_feeds

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def rss(*names):
    items = "".join(f"<item><guid>{it}</guid><title>News of {it}</title></item>" for it in names)
    return f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode()


@pytest.fixture
def pull(open_project, site):
    """Pull a feed of the site some time after NOW; further settings of the feed may be given."""
    site.answers["/feed"] = answer(body=rss("roof", "pay"), ETag='"1"')

    def pull(after=timedelta(), names=(), **settings):
        feeds = [{"name": "news", "url": site.url(), **settings}]
        pull.project = open_project(feeds=feeds, fetch={"allow": ["127.0.0.1"]})
        [summary] = pull_feeds(pull.project, NOW + after, names)
        return summary

    return pull


def status(pull):
    [found] = pull.project.feeds.statuses(pull.project.config.feeds)
    return found


def test_feed_is_asked_with_what_it_sent(pull, site):
    assert pull().new == 2
    site.answers["/feed"] = answer(304, b"")
    assert pull(MINUTE).not_modified
    assert site.asked[1]["if-none-match"] == '"1"'


def test_same_document_once_more_is_not_read_again(pull, site):
    pull()
    site.answers["/feed"] = answer(body=rss("roof", "pay"), ETag='"2"')
    assert pull(MINUTE).not_modified
    pull(2 * MINUTE)
    assert site.asked[2]["if-none-match"] == '"2"'


def test_changed_document_is_read_with_what_was_kept(pull, site):
    pull()
    with pull.project.database.read() as connection:
        assert len(connection.execute(select(feed_memos)).all()) == 1
    site.answers["/feed"] = answer(body=rss("door", "roof", "pay"))
    assert (found := pull(MINUTE)).new == 1
    assert (found.changed, found.unchanged) == (0, 2)


def test_permanent_redirect_is_remembered_once_it_was_seen_three_times(pull, site):
    site.answers |= {"/feed": answer(301, b"", Location="/new"), "/new": answer(body=rss("roof", "pay"))}
    for number in range(3):
        pull(number * MINUTE)
        assert status(pull).moved_to == (site.url("/new") if number == 2 else None)
    site.paths.clear()
    pull(3 * MINUTE)
    assert site.paths == ["/new"]
    site.answers["/new"] = answer(404)
    assert f"{site.url()}: at {site.url('/new')} the server answered 404" in pull(4 * MINUTE).problem
    site.paths.clear()
    site.answers["/feed"] = answer(body=rss("roof", "pay"))
    assert pull(5 * MINUTE).problem is None
    assert site.paths == ["/feed"]


def test_feed_that_is_gone_retires(pull, site):
    pull()
    site.answers["/feed"] = answer(410)
    found = pull(MINUTE)
    assert (found.retired_at, found.due) == (NOW + MINUTE, True)
    assert "not asked any more" in found.hint
    site.paths.clear()
    found = pull(DAY)
    assert (found.retired_at, found.problem) == (NOW + MINUTE, None)
    assert site.paths == []
    assert status(pull).retired_at
    assert status(pull).items == 2  # what it brought stays
    site.answers["/feed"] = answer(body=rss("roof", "pay", "door"))
    assert pull(DAY, ["news"]).new == 1
    assert status(pull).retired_at is None


def test_gone_feed_at_a_new_address_is_another(pull, site):
    site.answers |= {"/feed": answer(410), "/other": answer(body=rss("roof"))}
    pull()
    assert pull(MINUTE, url=site.url("/other")).new == 1


@pytest.mark.parametrize("code", [429, 503])
def test_server_that_asks_for_patience_gets_it(pull, site, code):
    site.answers["/feed"] = answer(code, Retry_After="3600")
    assert (found := pull()).waits_until == NOW + HOUR
    assert str(code) in found.problem
    site.answers["/feed"] = answer(body=rss("roof"))
    assert (found := pull(59 * MINUTE, ["news"])).waits_until == NOW + HOUR
    assert found.problem is None
    assert len(site.asked) == 1
    assert pull(HOUR).new == 1
    assert status(pull).waits_until is None


def test_lasting_trouble_is_told_once_and_then_daily(pull, site):
    site.answers["/feed"] = answer(500)
    times = [timedelta(), MINUTE, 23 * HOUR, DAY, DAY + MINUTE, 2 * DAY]
    assert [pull(when).due for when in times] == [True, False, False, True, False, True]
    assert status(pull).failing_since == NOW
    site.answers["/feed"] = answer(body=rss("roof"))
    pull(3 * DAY)
    assert (status(pull).failing_since, status(pull).problem) == (None, None)
    site.answers["/feed"] = answer(500)
    assert pull(3 * DAY + MINUTE).due


def test_flickering_trouble_is_not_told_each_time(pull, site):
    told = []
    for number in range(6):
        site.answers["/feed"] = answer(500) if number % 2 == 0 else answer(body=rss("roof", str(number)))
        told.append(pull(number * MINUTE).due)
    assert told == [True, *[False] * 5]


def test_warning_is_kept_and_told_once(pull, site):
    cut_off = rss("roof", "pay")[:-20]
    site.answers["/feed"] = answer(body=cut_off)
    assert pull().due
    site.answers["/feed"] = answer(body=cut_off.replace(b"roof", b"door"))
    found = pull(MINUTE)
    assert (found.due, bool(found.warnings)) == (False, True)
    site.answers["/feed"] = answer(body=cut_off.replace(b"roof", b"door"), ETag='"3"')
    pull(2 * MINUTE)
    assert status(pull).warnings == found.warnings


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        (
            {"username": "anna", "password_env": "SECRET"},
            ("authorization", f"Basic {b64encode(b'anna:sesame').decode()}"),
        ),
        ({"token_env": "SECRET"}, ("authorization", "Bearer sesame")),
        ({"headers_env": {"X-Api-Key": "SECRET"}}, ("x-api-key", "sesame")),
    ],
)
def test_login_comes_from_the_environment(pull, site, monkeypatch, settings, header):
    monkeypatch.delenv("SECRET", raising=False)
    found = pull(**settings)
    assert "SECRET, which is not set in the environment" in found.problem
    assert "export SECRET" in found.hint
    monkeypatch.setenv("SECRET", "sesame\r\nX-Evil: 1")
    assert "no header may have" in (problem := pull(**settings).problem)
    assert "sesame" not in problem
    assert site.asked == []
    monkeypatch.setenv("SECRET", "sesame")
    assert pull(**settings).new == 2
    assert header in site.asked[0].items()


def test_feeds_are_told_in_the_order_of_the_file(open_project, site):
    (feeds := [{"name": f"f{n}", "url": site.url(f"/{n}")} for n in range(5)]).insert(
        2, {"name": "disk", "url": "feeds/none.xml"}
    )
    site.answers = {f"/{n}": answer(body=rss("a")) for n in range(5)}
    project = open_project(feeds=feeds, fetch={"allow": ["127.0.0.1"]})
    assert [it.feed for it in pull_feeds(project, NOW)] == ["f0", "f1", "disk", "f2", "f3", "f4"]
    assert project.feeds.for_update([FeedSource("f0", site.url("/0"))])[0].last_pulled_at == NOW


def test_whatever_a_server_answers_other_feeds_are_read_and_the_missing_one_is_named(open_project, site):
    codes = [400, 401, 403, 404, 410, 418, 451, 500, 502, 503, 504, 511]  # 429 has a test of its own
    site.answers = {f"/{code}": answer(code, Retry_After="3600") for code in codes}
    feeds = [{"name": f"f{code}", "url": site.url(f"/{code}")} for code in codes]
    project = open_project(
        feeds=[*feeds, {"name": "good", "url": site.url("/good")}], fetch={"allow": ["127.0.0.1"]}
    )
    for number in range(3):
        site.answers["/good"] = answer(body=rss("roof", str(number)))
        found = {it.feed: it for it in pull_feeds(project, NOW + number * MINUTE)}
        assert (found["good"].problem, found["good"].new) == (None, 2 if number == 0 else 1)
    statuses = {it.source.name: it for it in project.feeds.statuses(project.config.feeds)}
    assert all(str(code) in statuses[f"f{code}"].problem for code in codes)
    asked = {code: site.paths.count(f"/{code}") for code in codes}
    assert asked == dict.fromkeys(codes, 3) | {410: 1, 503: 1}
