"""What the log of a whole run says, and what it never does."""

from __future__ import annotations

import json

import pytest
from relays import EXTENSIONS, HANG_UP, USUAL, ScriptedRelay

SECRET = "s3cret-of-the-relay"


@pytest.fixture
def relay():
    """A relay that repeats addresses and knows one member of three."""
    said = {
        "bashir": b"550 5.1.1 <bashir@example.org>: nobody here, see mailto:bashir%40example.org\r\n",
        "carys": b"450 4.2.0 carys@example.org is greylisted\r\n",
    }
    script = {"RCPT": lambda address: said.get(address.partition("@")[0], USUAL), ".": HANG_UP}
    with ScriptedRelay(script, extensions=[*EXTENSIONS, "AUTH PLAIN"]) as relay:
        yield relay


@pytest.fixture
def scene(project, relay, monkeypatch):
    monkeypatch.setenv("RELAY_SECRET", SECRET)
    project.relay(relay.host, relay.port, 'username = "news"\npassword_env = "RELAY_SECRET"')
    monkeypatch.setenv("NEWSLETTER_NEWSLETTERS__WEEKLY__APPROVAL", "automatic")
    (project.folder / "feeds" / "policy.rss").unlink()
    return project


def logged(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("debug", [False, True])
def test_log_names_editions_and_deliveries_and_members_only_to_debug(scene, tmp_path, debug):
    file = tmp_path / "run.log"
    options = ["--log", file, *(["-v"] if debug else [])]
    for at in ("2026-11-24T12:00", "2026-11-26T07:00", "2026-11-27T07:00", "2026-11-27T07:01"):
        scene("run", "--now", at, *options, code=None)
    records = logged(file)
    told = {it["message"]: it for it in records if it["level"] != "debug"}
    assert {"delivery refused", "delivery deferred", "delivery unknown"} <= told.keys()
    refused = told["delivery refused"]
    assert (refused["edition"], refused["level"]) == ("weekly/2026-11-27", "info")
    assert isinstance(refused["delivery"], int)
    assert refused["reply"] == "550 5.1.1 <[address]>: nobody here, see mailto:[address]"
    for it in records:
        assert SECRET not in json.dumps(it)
        assert it["level"] == "debug" or "example.org" not in json.dumps(it), it
    members = {it["member"] for it in records if "member" in it}
    assert members == ({f"{name}@example.org" for name in ("anna", "bashir", "carys")} if debug else set())


def test_run_says_nothing_of_a_log_unless_it_is_asked(scene, tmp_path, monkeypatch):
    scene("run", "--now", "2026-11-24T12:00", code=3)
    monkeypatch.setenv("NEWSLETTER_LOG", "-")
    assert scene("run", "--now", "2026-11-24T12:01").stderr == ""
    records = [
        json.loads(line) for line in scene("run", "--now", "2026-11-24T13:01", code=3).stderr.splitlines()
    ]
    assert [(it["level"], it["subject"]) for it in records] == [("warning", "feed policy")]


def test_fault_of_a_command_is_logged_with_its_traceback(project, tmp_path):
    file = tmp_path / "run.log"
    project("--log", file, "edition", "show", "weakly", code=1)
    [record] = logged(file)
    assert "there is no newsletter 'weakly'" in record["message"]
    assert record["traceback"].startswith("Traceback")


def test_log_that_cannot_be_written_is_told_with_a_cure(project, tmp_path):
    told = project("--log", tmp_path / "no" / "run.log", "edition", "list", code=1).stderr
    assert "run.log cannot be written: No such file or directory" in told
