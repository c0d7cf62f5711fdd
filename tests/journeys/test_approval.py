"""An edition whose editors are asked by mail, and approve it on a page."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
import urllib3
from journeys.program import html_of, text_of

#: A server that has just been started may take a while on a busy machine.
PATIENT = urllib3.Retry(connect=100, backoff_factor=0.1, backoff_max=0.5, read=False)
OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def pages(project, mailbox) -> Iterator[str]:
    """The address of the pages of a project that mails go out of, to members and to one editor."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    project.relay(mailbox.host, mailbox.port)
    project.configure("[smtp]", f'[web]\nurl = "http://127.0.0.1:{port}"\n\n[smtp]')
    project.configure('name = "weekly"', 'name = "weekly"\neditors = ["Anna Bell <anna.bell@example.org>"]')
    with project.process("serve", "--port", port) as server:
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def ask(pages):
    """Ask for a page, or press its button, and return what it says."""

    def ask(url, method="GET", status=200):
        answer = urllib3.request(method, url, headers=OWN, retries=PATIENT)
        assert answer.status == status
        return answer.data.decode()

    return ask


def test_change_after_approval_is_held_and_shown_until_somebody_approves_that_too(
    project, mailbox, pages, ask
):
    def run(at):
        return project("run", "--now", at).stdout

    def link():
        return re.search(rf"{pages}/a/\S+", text_of(mailbox.messages[-1]))[0]

    run("2026-11-24T12:00")
    assert "Anna Bell was asked to approve it" in run("2026-11-26T07:00")
    asked = mailbox.messages[-1]
    assert (asked["To"], asked["Subject"]) == (
        "Anna Bell <anna.bell@example.org>",
        "To approve: weekly/2026-11-27, due Fri 27 Nov 07:00",
    )
    assert "Look at it and approve it" in html_of(asked)
    first = link()
    assert "Approve as Anna Bell" in ask(first)
    assert "Approved by Anna Bell" in ask(first, "POST")
    assert project.json("edition", "show", "weekly")["approved_by"] == "Anna Bell"

    gone = project.json("item", "list")[0]
    project("item", "hide", gone["id"])
    assert "no longer what Anna Bell approved, and asks for approval again" in run("2026-11-26T12:00")
    told = f"Gone: item {gone['id']}, {gone['title']}"
    assert told in " ".join(text_of(mailbox.messages[-1]).split())
    assert told in project("edition", "diff", "weekly").stdout
    assert "It has changed since you were asked" in ask(first, "POST", status=409)
    held = run("2026-11-27T07:00")
    assert "held: was due on Fri 27 Nov 2026 at 07:00; nobody had approved it" in held
    assert mailbox.messages[-1]["Subject"] == "Held: weekly/2026-11-27, it waits for you"
    assert set(mailbox.recipients) == {"anna.bell@example.org"}

    assert "Approved by Anna Bell" in ask(link(), "POST")
    assert "weekly/2026-11-27: 3 sent" in run("2026-11-27T07:05")
    assert len(mailbox.recipients) == 3 + 3
