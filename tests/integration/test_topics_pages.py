"""Choosing topics and reading in a browser, by links that were read from mail that was really sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from builders import NOW, add_items, add_members, dispatch, plan, statuses
from fixtures.pages import URL, World, links_of, sent_world
from relays import ScriptedRelay

from newsletter.members.tokens import Purpose
from newsletter.members.types import EndReason, Frequency, Wish
from newsletter.workflows.control import cancel_edition
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.preferences import choose
from newsletter.workflows.web_versions import read_in_browser

NAMES = ("anna", "ben", "cora", "dan")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    with sent_world(tmp_path_factory.mktemp("project"), NAMES) as world:
        yield world


def link(world: World, name: str, page: str) -> str:
    return next(url for url in links_of(world.mails[name]) if f"/{page}/" in url)


def chosen(page: bytes) -> list[str]:
    """Return what stands checked or selected on a page."""
    lines = page.decode().splitlines()
    return [
        it.partition('value="')[2].partition('"')[0] for it in lines if " checked" in it or " selected" in it
    ]


def save(world: World, name: str, **fields):
    return world.visitor.post(link(world, name, "p"), urlencode(fields, doseq=True))


def test_page_shows_what_is_chosen_and_nobody(world):
    page = world.visitor.get(link(world, "anna", "p"))
    assert page.status == 200
    assert chosen(page.data) == ["governors", "each"]
    for trace in (b"nna", b"anna@", b"members.csv"):
        assert trace not in page.data


def test_choices_are_kept_and_history_with_them(world):
    answer = save(world, "ben", topic=["leaders", "governors"], frequency="monthly", pause="30")
    assert b"Your choices are saved" in answer.data
    again = world.visitor.get(f"{link(world, 'ben', 'p')}?lang=cy").data
    assert chosen(again) == ["governors", "leaders", "monthly", "keep"]
    assert "26 Rhagfyr 2026" in again.decode()
    before, after = world.history("ben")
    assert (before.end_reason, before.audiences, before.source) == (
        EndReason.CHANGED,
        {"governors"},
        "members.csv",
    )
    assert (after.audiences, after.frequency) == ({"governors", "leaders"}, Frequency.MONTHLY)
    assert after.paused_until == datetime(2026, 12, 26, tzinfo=UTC)
    assert (after.basis, after.source) == ("membership", "chosen on the page")
    save(world, "ben", topic=["leaders", "governors"], frequency="monthly", pause="keep")
    assert len(world.history("ben")) == 2


@pytest.mark.parametrize("fields", [{}, {"topic": "nothing"}, {"topic": ["x' OR 1=1", "<script>"]}])
def test_no_topic_is_told_and_changes_nothing(world, fields):
    answer = save(world, "cora", **fields)
    assert answer.status == 422
    assert b"at least one topic" in answer.data
    assert [it.audiences for it in world.history("cora")] == [{"governors"}]


def test_other_pages_cannot_choose_for_a_member(world):
    answer = world.visitor.post(
        link(world, "cora", "p"), "topic=leaders", own=False, Origin="https://evil.example"
    )
    assert answer.status == 403
    assert len(world.history("cora")) == 1


def test_whoever_left_has_nothing_to_choose(world):
    member = world.project.members.find("dan@example.org", NOW).id
    world.project.members.end_subscriptions(member, EndReason.UNSUBSCRIBED, NOW)
    page = world.visitor.get(link(world, "dan", "p"))
    assert b"You do not get Weekly at the moment" in page.data
    assert save(world, "dan", topic="governors", frequency="each").data == page.data
    assert not world.runs("dan")


def test_file_brings_nothing_that_its_member_left_out(open_project):
    project = open_project()
    add_members(project, {"anna": "governors+leaders"})
    anna = project.members.find("anna@example.org", NOW).id
    choose(project, anna, "weekly", Wish(frozenset({"leaders"}), Frequency.EACH), NOW)
    later = NOW + timedelta(days=1)
    for sets, expected in {
        "governors+leaders": {"leaders"},
        "career-leads+governors+leaders": {"leaders"},
        "career-leads": {"career-leads"},
    }.items():
        add_members(project, {"anna": sets}, now=later)
        assert [it.audiences for it in project.members.subscriptions(anna) if not it.ended_at] == [expected]


def test_choices_count_from_the_next_edition(open_project):
    project = open_project(web={"url": URL})
    add_items(project, {"roof": "governors", "pay": "leaders"})
    add_members(project, {"anna": "governors", "ben": "governors", "cora": "leaders"})
    anna, ben = (project.members.find(f"{name}@example.org", NOW).id for name in ("anna", "ben"))
    choose(project, anna, "weekly", Wish(frozenset({"leaders"}), Frequency.EACH), NOW)
    rest = NOW + timedelta(days=30)
    choose(project, ben, "weekly", Wish(frozenset({"governors"}), Frequency.EACH, rest), NOW)
    edition = plan(project)
    with ScriptedRelay() as relay:
        dispatch(project, edition, relay)
    assert statuses(project, edition) == {"anna": "sent", "cora": "sent"}
    assert b"News of pay" in relay.messages[0].content


def test_web_version_is_the_same_for_all_and_nobodys(world):
    urls = {link(world, name, "v") for name in NAMES}
    [url] = urls
    page = world.visitor.get(url)
    assert page.status == 200
    assert b"News of roof" in page.data
    for trace in (b"Anna", b"anna@", b"/u/", b"/p/", b"/v/", b"mailto:", b"Leave"):
        assert trace not in page.data
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_web_version_lives_as_long_as_its_edition(world):
    tokens, edition = link_tokens(world.project), world.project.editions.newest("weekly")
    [variant] = world.project.editions.variants(edition)
    for subject in (f"{variant.key + 1} {edition.key}", f"{variant.key} {edition.key + 1}"):
        assert world.visitor.get(f"/v/{tokens.make(Purpose.VIEW, subject)}").status == 404


def test_web_version_of_what_was_called_off_is_gone(open_project):
    project = open_project(web={"url": URL})
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = plan(project)
    [variant] = project.editions.variants(edition)
    assert "News of roof" in read_in_browser(project, variant.key, edition.key)
    cancel_edition(project, "weekly", "Cora", "wrong date", NOW)
    assert read_in_browser(project, variant.key, edition.key) is None
