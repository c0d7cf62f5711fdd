"""`newsletter demo`: everything once, and nothing twice."""

from __future__ import annotations

import re
import signal
import time
from urllib.parse import unquote

import pytest
from journeys.program import Project, headlines, read_message
from relays import PATIENCE_S

SETS = {
    "governors", "leaders", "career-leads", "governors+leaders", "governors+career-leads",
    "leaders+career-leads", "governors+leaders+career-leads",
}  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo that ran, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    project = Project(folder)
    return project, project.run("demo", "x")


def test_demo_sends_two_hundred_messages_and_sums_up(demo):
    project, ended = demo
    assert ended.code == 0
    rows = {row[0]: row[1:] for row in map(str.split, ended.stdout.splitlines()[1:9])}
    assert set(rows) == SETS | {"all"}
    assert rows["all"] == ["200", "200"]
    assert sum(int(rows[name][2]) for name in SETS) == 200
    assert "200 messages sent in" in ended.stdout
    assert "edition show weekly" in ended.stdout
    assert "Traceback" not in ended.stderr
    assert len(list((project.folder / "x" / "inbox").glob("*.eml"))) == 200


def test_demo_has_a_page_that_lists_the_mail(demo):
    project, ended = demo
    inbox = project.folder / "x" / "inbox"
    assert (inbox / "index.html").as_uri() in ended.stdout
    page = (inbox / "index.html").read_text("utf-8")
    shown = re.findall(r'<a href="([^"]+)" target="message">', page)
    assert len(shown) == 200
    assert all((inbox / unquote(name)).is_file() for name in shown)


def test_demo_gives_each_member_one_message_with_no_item_twice(demo):
    project, _ = demo
    messages = [read_message(path.read_bytes()) for path in (project.folder / "x" / "inbox").glob("*.eml")]
    assert len({message["To"] for message in messages}) == 200
    for message in messages[::20]:
        titles = headlines(message)
        assert titles
        assert len(set(titles)) == len(titles)


def test_demo_run_again_sends_nothing(demo):
    project, _ = demo
    again = project.run("demo", "x")
    assert again.code == 0
    assert "Nothing was sent now" in again.stdout
    assert len(list((project.folder / "x" / "inbox").glob("*.eml"))) == 200


def test_demo_that_was_broken_off_goes_on(tmp_path):
    project = Project(tmp_path)
    inbox = tmp_path / "newsletter-demo" / "inbox"
    with project.process("demo") as process:
        while not any(inbox.glob("*.eml")) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_S)
    if process.returncode:  # else it was quicker than we are
        assert process.returncode == 130
        assert "newsletter demo" in told
    assert "Traceback" not in told
    ended = project.run("demo", "--json")
    assert ended.code == 0
    assert {it["variant"] for it in ended.json["variants"]} == SETS
    assert sum(it["sent"] for it in ended.json["variants"]) == 200
    names = [read_message(path.read_bytes())["To"] for path in inbox.glob("*.eml")]
    assert len(names) == len(set(names)) == 200


def test_demo_leaves_other_folders_alone(fresh, tmp_path):
    refused = fresh.run("demo", ".")
    assert refused.code == 1
    assert "it is not a demo's folder" in refused.stderr
    assert not (fresh.folder / "newsletter.db").exists()
