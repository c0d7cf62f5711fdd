"""One command says why any member did or did not get anything."""

from __future__ import annotations

import re

import pytest
from journeys.program import Terminal
from journeys.shapes import WHY, WHY_ITEM, faults
from relays import ScriptedRelay, refuses


@pytest.fixture
def sent(project):
    """An edition that everybody got."""
    name = project.approved()
    project("edition", "send", name, "--go")
    return name


def test_member_who_got_it_is_told_when_and_in_the_relays_words(project, sent):
    story = project.json("why", "anna@example.org", "--edition", sent)
    assert faults(story, WHY) == []
    [edition] = story["editions"]
    assert (edition["id"], edition["delivery"]["status"], edition["why"]) == (sent, "sent", None)
    [attempt] = edition["delivery"]["attempts"]
    assert (attempt["status"], attempt["relay"].split()[0]) == ("sent", "outbox")
    told = project("why", "anna@example.org", "--edition", sent).stdout
    assert f"{sent}: sent, as governors+career-leads." in told
    assert attempt["reply"] in told


def test_every_item_is_accounted_for(project, sent):
    listed = {item["id"]: item for item in project.json("item", "list")}
    for email in ("anna@example.org", "bashir@example.org"):
        [edition] = project.json("why", email, "--edition", sent)["editions"]
        held = edition["delivery"]["items"]
        for key in listed:
            story = project.json("why", email, "--item", key)
            assert faults(story, WHY_ITEM) == []
            assert [it["edition"] for it in story["item"]["carried"]] == [sent] * (key in held)
            assert len(story["item"]["why"]) == (key not in held)
        for key in (held[0], min(listed.keys() - {*held})):
            assert project("why", email, "--item", key, "--edition", sent).stdout


def test_who_joined_later_is_told_so(project, sent):
    project("member", "add", "dilys@example.org", "--first-name", "Dilys", "--audience", "governors")
    told = project("why", "dilys@example.org", "--edition", sent).stdout
    assert re.search(r"Dilys joined on \d{4}-\d\d-\d\d \d\d:\d\d, after its recipients were fixed", told)
    [edition] = project.json("why", "dilys@example.org")["editions"]
    assert (edition["delivery"], edition["why"]["code"]) == (None, "joined_later")


def test_who_left_is_told_when(project):
    name = project.json("edition", "draft", "weekly")["id"]
    project("member", "unsubscribe", "carys@example.org")
    project("edition", "draft", "weekly")
    project("edition", "approve", name)
    project("edition", "send", name, "--go")
    told = project("why", "carys@example.org").stdout
    assert "unsubscribed" in told
    assert re.search(rf"{name} +none +left weekly on \d", told)


def test_unknown_address_is_answered_with_the_likely_one(project):
    asked = project("why", "ana@example.org", code=1)
    assert "no member has the address ana@example.org" in asked.stderr
    assert "did you mean anna@example.org?" in asked.stderr
    assert "not an email address" in project("why", "anna@", code=1).stderr
    assert "there is no item 999" in project("why", "anna@example.org", "--item", 999, code=1).stderr


def test_suppression_is_lifted_by_a_name_and_a_reason_and_told(project):
    with ScriptedRelay(refuses("RCPT", "550 5.1.1 no such user")) as relay:
        project.relay(relay.host, relay.port)
        name = project.approved()
        project("edition", "send", name, "--go", code=3)
    [way_on] = re.findall(r"newsletter .*(member unsuppress .*)", project("why", "anna@example.org").stdout)
    assert "Missing option '--because'" in project(*way_on.split()[:3], code=2).stderr
    lifted = project(*way_on.split()[:3], "--because", "a new mailbox", "--by", "Cora").stdout
    assert re.match(r"anna@example\.org is mailed again; .*\(refused: 550 5\.1\.1 no such user\)", lifted)
    told = project("why", "anna@example.org").stdout
    assert re.search(r"Not mailed from .* until .*, when Cora lifted that: a new mailbox", told)
    [lifted] = project.json("why", "anna@example.org")["lifted"]
    assert (lifted["by"], lifted["because"], lifted["reason"]) == ("Cora", "a new mailbox", "refused")
    assert project.json("member", "show", "anna@example.org")["status"] == "active"
    again = project("member", "unsuppress", "anna@example.org", "--because", "x", code=1)
    assert "is not suppressed" in again.stderr


@pytest.mark.parametrize("columns", [80, 120])
def test_terminal_gets_lines_that_fit_it(project, sent, columns):
    for call in (
        "why anna@example.org",
        f"why anna@example.org --edition {sent}",
        "why bashir@example.org --item 1",
    ):
        seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", Terminal(project, columns).run(*call.split()))
        assert max(map(len, seen.splitlines())) <= columns
