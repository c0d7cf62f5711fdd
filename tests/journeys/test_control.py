"""What a person decides about an edition that goes out: pause, resume, cancel, and what is unknown."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from contextlib import closing, contextmanager

import pytest
from relays import HANG_UP, HELD, PATIENCE_S, USUAL, ScriptedRelay, refuses

ANNA, BASHIR, CARYS = "anna", "bashir", "carys"


@contextmanager
def going_out(project, relay):
    """Send an edition in a process of its own, until its two connections have a message in hand each."""
    project.relay(relay.host, relay.port)
    name = project.approved()
    with project.process("edition", "send", name, "--go") as process:
        try:
            relay.wait_for(2)
            yield name, process
        finally:
            process.kill()  # where it has not ended by itself


def ended(process):
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in stderr
    return process.returncode, stdout, stderr


def by_status(project, name):
    """Return the counts that are not nought."""
    return {
        status: count for status, count in project.json("edition", "show", name)["counts"].items() if count
    }


def test_pause_stops_another_process_and_resume_sends_the_rest(project):
    with ScriptedRelay({".": [HELD, HELD, USUAL]}) as relay:
        with going_out(project, relay) as (name, process):
            paused = project("edition", "pause", name, "--by", "Anna", "--because", "a typing slip")
            relay.released.set()
            code, stdout, stderr = ended(process)
        assert code == 3
        assert re.search(
            r"paused by Anna on .*: a typing slip; go on with: newsletter edition resume", stderr
        )
        assert f"{name} is paused: 1 pending, 2 sent" in stdout
        assert re.search(rf"{name} was paused by Anna on .*: a typing slip", paused.stdout)
        assert "edition resume" in paused.stdout
        refused = project("edition", "send", name, "--go", code=1)
        assert re.search(r"was paused by Anna on .*: a typing slip", refused.stderr)
        assert f"edition resume {name}" in refused.stderr
        assert "a typing slip" in project("edition", "send", name).stdout
        assert "1 sent now" in project("edition", "resume", name).stdout
        assert sorted(relay.names) == [ANNA, BASHIR, CARYS]
    assert by_status(project, name) == {"planned": 3, "sent": 3}
    again = project("edition", "resume", name)
    assert f"{name} is not paused" in again.stdout


def test_second_pause_is_content(project):
    with ScriptedRelay({".": [HELD, HELD, USUAL]}) as relay, going_out(project, relay) as (name, process):
        project("edition", "pause", name, "--by", "Anna")
        told = project("edition", "pause", name, "--by", "Ben")
        assert "Nothing changed" in told.stdout
        document = project.json("edition", "pause", name, "--by", "Cora")
        assert (document["status"], document["paused_by"]) == ("paused", "Anna")
        relay.released.set()
        ended(process)


def test_cancel_calls_off_what_has_not_left(project):
    with ScriptedRelay({".": [HELD, HELD, USUAL]}) as relay:
        with going_out(project, relay) as (name, process):
            counts = project.json("edition", "cancel", name, "--by", "Anna")["counts"]
            assert (counts["planned"], counts["cancelled"], counts["sending"]) == (3, 1, 2)
            relay.released.set()
            code, _, stderr = ended(process)
        assert code == 3
        assert "cancelled by Anna" in stderr
        assert by_status(project, name) == {"planned": 3, "sent": 2, "cancelled": 1}
        assert "that is final" in project("edition", "send", name, "--go", code=1).stderr
        assert "Nothing changed" in project("edition", "cancel", name).stdout
        assert len(relay.messages) == 2
    [missed] = {ANNA, BASHIR, CARYS} - {*relay.names}
    why = project("why", f"{missed}@example.org", "--edition", name).stdout
    assert re.search(r"got\s+nothing\s+of\s+it:\s+it\s+was\s+cancelled\s+by\s+Anna", why)


class _FullRelay(ScriptedRelay):
    """A relay that has room for nobody, and says so when the content has come."""

    def _usual(self, verb: str) -> bytes:
        return b"452 4.2.2 mailbox full\r\n" if verb == "." else super()._usual(verb)


def test_message_in_hand_that_is_deferred_does_not_wait_in_a_cancelled_edition(project):
    with _FullRelay({".": HELD}) as relay, going_out(project, relay) as (name, process):
        project("edition", "cancel", name)
        relay.released.set()
        ended(process)
    counts = project.json("edition", "report", name)["counts"]
    assert counts["pending"] + counts["deferred"] + counts["sending"] == 0


def test_cancel_asks_on_a_terminal_and_nowhere_else(terminal, project):
    name = project.approved()
    assert "Nothing was changed" in terminal.run("edition", "cancel", name, typed="n\n", code=1)
    assert project.json("edition", "show", name)["status"] == "approved"
    assert "Call it off for good?" in terminal.run("edition", "cancel", name, typed="y\n")
    assert project.json("edition", "show", name)["status"] == "cancelled"


def test_cancel_that_says_yes_is_not_asked(terminal, project):
    name = project.approved()
    assert "?" not in terminal.run("edition", "cancel", name, "--yes")
    assert project.json("edition", "show", name)["status"] == "cancelled"


@pytest.fixture
def doubtful(project):
    """An edition that is sent but for one delivery, whose answer the relay never gave."""
    with ScriptedRelay({".": [HANG_UP, USUAL]}) as relay:
        project.relay(relay.host, relay.port)
        name = project.approved()
        project("edition", "send", name, "--go", code=3)
        assert by_status(project, name) == {"planned": 3, "sent": 2, "unknown": 1}
        yield project, name, relay


def ids(relay):
    found = [re.search(rb"(?mi)^Message-ID: *(\S+)", message.content)[1] for message in relay.messages]
    return dict(zip(relay.names, found, strict=True)), len(found)


def test_report_names_the_unknown_and_says_what_can_be_done(doubtful):
    project, name, relay = doubtful
    told = project("edition", "report", name).stdout
    assert f"{relay.names[0]}@example.org" in told
    assert f"edition resume {name} --unknown resend" in told
    assert f"edition resume {name} --unknown sent" in told


def test_unknown_one_is_sent_once_more_with_the_same_message_id(doubtful):
    project, name, relay = doubtful
    first, _ = ids(relay)
    resumed = project("edition", "resume", name, "--unknown", "resend", "--by", "Anna")
    assert "1 message of which nobody knew will be sent once more" in resumed.stderr
    assert "1 sent now" in resumed.stdout
    assert ids(relay) == (first, 4)
    assert by_status(project, name) == {"planned": 3, "sent": 3}
    again = project("edition", "resume", name, "--unknown", "resend")
    assert "nothing is unknown" in again.stdout
    assert len(relay.messages) == 4
    tries = project.json("why", f"{relay.names[0]}@example.org", "--edition", name)["editions"][0]["delivery"]
    assert [attempt["status"] for attempt in tries["attempts"]] == ["unknown", "pending", "sent"]
    assert tries["attempts"][1]["reply"] == "to be sent once more: Anna decided"


def test_unknown_one_is_taken_as_sent_when_a_person_says_so(doubtful):
    project, name, relay = doubtful
    resumed = project("edition", "resume", name, "--unknown", "sent")
    assert "1 message of which nobody knew taken as sent" in resumed.stdout
    assert by_status(project, name) == {"planned": 3, "sent": 3}
    assert len(relay.messages) == 3
    assert project.json("edition", "report", name)["deliveries"] == []


def test_run_that_paused_itself_goes_on_and_says_why_it_had(project):
    with ScriptedRelay(refuses("MAIL", "550 5.7.1 you may not send")) as relay:
        project.relay(relay.host, relay.port)
        name = project.approved()
        project("edition", "send", name, "--go", code=1)
    state = project.json("edition", "report", name)
    assert (state["status"], state["paused_by"]) == ("paused", None)
    assert "you may not send" in state["pause_reason"]
    project.configure(f'host = "{relay.host}"\nport = {relay.port}\nsecurity = "none"', 'outbox = "outbox"')
    sent = project("edition", "send", name, "--go")
    assert re.search(r"was paused by itself on .*you may not send; it goes on now", sent.stderr)
    assert by_status(project, name) == {"planned": 3, "sent": 3}


def standstill(project, name):
    """Return the reasons why an edition stands still; report and show must say the same, in words too."""
    [shown, reported] = (project.json("edition", verb, name)["standstill"] for verb in ("show", "report"))
    assert shown == reported
    for verb in ("show", "report"):
        told = project("edition", verb, name).stdout
        assert all(f"{it['text']}." in told for it in reported if it["code"] != "paused")
    return {it["code"]: it for it in reported}


def test_sender_at_work_is_named_while_it_works_and_missed_when_it_is_gone(project):
    with ScriptedRelay({".": [HELD, HELD, USUAL]}) as relay, going_out(project, relay) as (name, process):
        found = standstill(project, name)
        assert [*found] == ["sender"]
        assert found["sender"]["where"] == socket.gethostname()
        assert f"process {process.pid}" in found["sender"]["text"]
        told = project("edition", "report", name).stdout
        assert "leaves at this moment" in told
        assert "Go on sending" not in told + project("edition", "show", name).stdout
        process.kill()
        process.wait()
        assert standstill(project, name)["idle"]["deliveries"] == 1
        relay.released.set()
        told = project("edition", "send", name, "--go", code=3).stderr
    assert "an earlier sender stopped with 2 messages in hand; whether they arrived is not known\n" in told
    assert by_status(project, name) == {"planned": 3, "sent": 1, "unknown": 2}


def test_edition_says_what_it_waits_for(project):
    with ScriptedRelay(refuses("RCPT", "452 4.2.2 full")) as relay:
        project.relay(relay.host, relay.port)
        name = project.approved()
        project("edition", "send", name, "--go", code=3)
    assert standstill(project, name)["deferred"]["deliveries"] == 3
    assert "is left alone" not in project("edition", "report", name).stdout
    with closing(sqlite3.connect(project.folder / "newsletter.db")) as database, database:
        database.execute("UPDATE deliveries SET status = 'pending'")
    project("edition", "send", name, "--go", code=1)  # nobody listens any more
    found = standstill(project, name)
    assert [*found] == ["relay"]
    assert "connection refused; it is left alone until" in found["relay"]["text"]
    assert found["relay"]["where"] == f"{relay.host}:{relay.port}"


def test_self_pause_is_a_reason_of_its_own(project):
    with ScriptedRelay(refuses("MAIL", "550 5.7.1 you may not send")) as relay:
        project.relay(relay.host, relay.port)
        name = project.approved()
        project("edition", "send", name, "--go", code=1)
    assert "you may not send" in standstill(project, name)["paused"]["text"]


def test_forecast_is_shown_where_a_rate_holds_sending_up(project):
    name = project.approved()
    assert "through by" not in project("edition", "send", name).stdout
    assert project.json("edition", "send", name)["finishes"] is None
    project.configure('outbox = "outbox"', 'outbox = "outbox"\nrate = "1/minute"')
    assert "Begun now, it would be through by" in project("edition", "send", name).stdout
    assert project.json("edition", "send", name)["finishes"] is not None


def test_report_of_all_lists_those_that_are_sent_too(project):
    name = project.approved()
    project("edition", "send", name, "--go")
    assert project.json("edition", "report", name)["deliveries"] == []
    everyone = json.loads(project("--json", "edition", "report", name, "--all").stdout)["deliveries"]
    assert [row["status"] for row in everyone] == ["sent"] * 3
    assert all(row["at"] and row["relay"] and row["reply"] for row in everyone)
    assert "anna@example.org" in project("edition", "report", name, "--all").stdout
