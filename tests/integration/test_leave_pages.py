"""Leaving on the pages, by links that were read from mail that was really sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from builders import NOW, add_items, add_members, dispatch, plan, statuses
from fixtures.pages import FORM, ONE_CLICK, URL, World, links_of, sent_world, served
from relays import ScriptedRelay

from newsletter.members.tokens import Purpose
from newsletter.members.types import EndReason
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.leave import UNDO_FOR, leave_newsletter, take_back_leaving

NAMES = ("anna", "ben", "cora", "dan", "eve", "fay", "gus", "hal")
BOUNDARY = "----=_Part_7"
PART = f"""--{BOUNDARY}
Content-Disposition: form-data; name="List-Unsubscribe"

One-Click
--{BOUNDARY}--
""".replace("\n", "\r\n")
#: As Gmail, Yahoo and others are seen to post, by content type.
BODIES = {
    "as Gmail does": (FORM, ONE_CLICK),
    "with a character set": (f"{FORM}; charset=UTF-8", ONE_CLICK),
    "in parts": (
        f'multipart/form-data; boundary="{BOUNDARY}"',
        PART,
    ),
    "with a line end": (FORM, f"{ONE_CLICK}\r\n"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    with sent_world(tmp_path_factory.mktemp("project"), NAMES) as world:
        yield world


def test_mail_says_where_to_leave(world):
    mail = world.mails["anna"]
    url, mailto = re.findall("<([^>]+)>", mail["List-Unsubscribe"])
    token = url.removeprefix(f"{URL}/u/")
    assert mail["List-Unsubscribe-Post"] == ONE_CLICK
    assert mailto == f"mailto:office@example.org?subject=Unsubscribe%20from%20weekly%20({token})"
    assert all(url in part.get_content().replace("&amp;", "&") for part in mail.iter_parts())
    assert len({world.unsubscribe_url(name) for name in NAMES}) == len(NAMES)


def test_looking_changes_nothing(world):
    before = world.dump()
    urls = {url for mail in world.mails.values() for url in links_of(mail)}
    assert len(urls) == 2 * len(NAMES) + 1  # that of the web version is the same for all
    for url in urls:
        for method in ("GET", "HEAD", "HEAD", "GET"):
            answer = world.visitor.ask(method, url)
            assert answer.status == 200
            assert "set-cookie" not in answer.headers
    assert world.dump() == before


@pytest.mark.parametrize(
    ("name", "kind", "body"), [(n, *b) for n, b in zip(NAMES, BODIES.values(), strict=False)]
)
def test_one_click_acts_at_once_and_once(world, name, kind, body):
    for _ in range(3):
        answer = world.visitor.post(world.unsubscribe_url(name), body, own=False, kind=kind)
        assert answer.status == 200
        assert b"You are unsubscribed" in answer.data
    [row] = world.history(name)
    assert (row.end_reason, row.ended_at) == (EndReason.UNSUBSCRIBED, NOW)


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=", "x=1", "List-Unsubscribe=No", "\xff%zz&&="])
def test_another_body_gets_the_page_with_the_button(world, body):
    answer = world.visitor.post(world.unsubscribe_url("hal"), body.encode("latin-1"), own=False)
    assert answer.status == 200
    assert answer.data == world.visitor.get(world.unsubscribe_url("hal")).data
    assert world.runs("hal")


def test_leaving_can_be_taken_back(world):
    left = world.visitor.post(world.unsubscribe_url("gus"), ONE_CLICK)
    assert not world.runs("gus")
    [action] = re.findall(r'action="([^"]+)"', left.data.decode())
    path = action.removeprefix("/letters")
    assert b"Yes, keep it coming" in world.visitor.get(path).data
    assert not world.runs("gus")
    assert world.visitor.post(path, own=False).status == 403
    for _ in range(2):
        assert b"You are still subscribed" in world.visitor.post(path).data
    before, after = world.history("gus")
    assert (before.end_reason, after.source) == (EndReason.UNSUBSCRIBED, "taken back on the page")
    assert (after.audiences, after.basis, after.frequency) == (
        before.audiences,
        before.basis,
        before.frequency,
    )


def test_page_tells_nothing_about_anybody(world):
    tokens = link_tokens(world.project)
    nobody = f"{URL}/u/{tokens.make(Purpose.LEAVE, '999 weekly')}"
    theirs = world.unsubscribe_url("fay")
    assert world.visitor.get(nobody).data == world.visitor.get(theirs).data
    known, unknown = (world.visitor.post(url, ONE_CLICK) for url in (theirs, nobody))
    assert known.status == unknown.status == 200
    assert b"fay" not in known.data.lower()
    assert b"example.org" not in known.data.replace(b"office@example.org", b"")


def test_token_is_for_one_purpose(world):
    token = world.unsubscribe_url("eve").rpartition("/")[2]
    wrong = world.visitor.get("/u/wrong")
    for path in (f"/p/{token}", f"/v/{token}", f"/stay/{token}", f"/u/{token[:-1]}", f"/u/{token}A"):
        answer = world.visitor.get(path)
        assert (answer.status, answer.data) == (404, wrong.data)
    assert world.visitor.post(f"/stay/{token}").status == 404
    assert world.runs("eve")


def test_wrong_links_are_counted_and_right_ones_never(world):
    from_there = {"X-Forwarded-For": "203.0.113.7"}
    found = [world.visitor.get(f"/u/{number}", **from_there).status for number in range(101)]
    assert found == [404] * 100 + [429]
    assert world.visitor.get(world.unsubscribe_url("eve"), **from_there).status == 200
    assert world.visitor.get("/u/0", **{"X-Forwarded-For": "203.0.113.8"}).status == 404


def test_leaving_counts_while_the_edition_goes_out(open_project):
    """Whoever leaves before their turn gets no mail of an edition that was planned for them."""
    project = open_project(web={"url": URL})
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna", "ben"])
    edition = plan(project)
    ben = project.members.find("ben@example.org", NOW).id
    token = link_tokens(project).make(Purpose.LEAVE, f"{ben} weekly")
    with served(project) as visitor:
        assert visitor.post(f"/u/{token}", ONE_CLICK, own=False).status == 200
    with ScriptedRelay() as relay:
        dispatch(project, edition, relay)
    assert statuses(project, edition) == {"anna": "sent", "ben": "suppressed"}
    assert relay.names == ["anna"]


def test_leaving_cannot_be_taken_back_for_ever(open_project):
    project = open_project()
    add_members(project, ["anna"])
    anna = project.members.find("anna@example.org", NOW).id
    left = leave_newsletter(project, anna, "weekly", NOW)
    assert leave_newsletter(project, anna, "weekly", NOW + UNDO_FOR) is None
    other = left - timedelta(microseconds=1)
    assert not take_back_leaving(project, anna, "weekly", left, NOW + UNDO_FOR)
    assert not take_back_leaving(project, anna, "weekly", other, NOW)
    assert take_back_leaving(project, anna, "weekly", left, NOW)


def test_links_to_leave_outlive_editions_and_keys(open_project):
    project = open_project(web={"url": URL})
    add_members(project, ["anna"])
    anna = project.members.find("anna@example.org", NOW).id
    token = link_tokens(project).make(Purpose.LEAVE, f"{anna} weekly")
    late = NOW + timedelta(days=3650)
    with served(project, clock=lambda: late) as visitor:
        assert visitor.post(f"/u/{token}", ONE_CLICK, own=False).status == 200
    assert project.members.find("anna@example.org", late).status == "unsubscribed"


@pytest.mark.parametrize(("kept", "expected"), [("30d", "127.0.0.1"), (None, None)])
def test_where_somebody_left_from_is_on_record_where_that_is_kept(open_project, kept, expected):
    retention = {"network_addresses": kept} if kept else {}
    project = open_project(web={"url": URL}, retention=retention)
    add_members(project, {"anna": "governors"})
    anna = project.members.find("anna@example.org", NOW).id
    token = link_tokens(project).make(Purpose.LEAVE, f"{anna} weekly")
    with served(project) as visitor:
        assert visitor.post(f"/u/{token}", ONE_CLICK, own=False).status == 200
    [row] = project.subscriptions.of(anna)
    assert (row.end_source, row.end_network_address) == ("link to leave", expected)


def test_fault_is_a_page_and_the_log_tells_no_data(open_project, caplog):
    project = open_project(web={"url": URL})
    token = link_tokens(project).make(Purpose.LEAVE, "7 weekly")
    with served(project) as visitor:
        with project.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE subscriptions RENAME TO moved")
        try:
            answer = visitor.post(f"/u/{token}", ONE_CLICK)
        finally:
            with project.database.write() as connection:
                connection.exec_driver_sql("ALTER TABLE moved RENAME TO subscriptions")
    assert answer.status == 500
    assert b"It is our fault" in answer.data
    assert "UPDATE" not in caplog.text
    assert token not in caplog.text
    assert "store/subscriptions.py" in caplog.text
