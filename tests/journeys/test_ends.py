"""How the program behaves towards terminals, pipes, shells and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from journeys.program import Terminal
from relays import PATIENCE_S, ScriptedRelay, never_answers

#: A colour; bold is none (https://no-color.org).
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7])")


def plain(seen: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)


@pytest.mark.parametrize("columns", [80, 120])
def test_terminal_gets_lines_that_fit_it(project, columns):
    project("edition", "draft", "weekly")
    for call in ("item list", "item show 3", "check", "edition send weekly"):
        seen = plain(Terminal(project, columns).run(*call.split()))
        assert max(map(len, seen.splitlines())) <= columns


def test_terminal_gets_variants_on_a_line_each(terminal, project):
    project("edition", "draft", "weekly")
    seen = plain(terminal.run("edition", "show", "weekly")).splitlines()
    assert {line.split()[0] for line in seen[2:5]} == {"leaders", "governors", "governors+career-leads"}


def test_terminal_folds_headlines_between_words(terminal, project):
    words = {word for item in project.json("item", "list") for word in item["title"].split()}
    seen = plain(terminal.run("item", "list"))
    assert words - set(seen.split()) == set()


def test_no_color_is_honoured(terminal):
    assert COLOUR.search(terminal.run("check", NO_COLOR="1")) is None


def test_pipe_gets_one_line_for_each_row(project):
    listed = project.run("item", "list").stdout.splitlines()
    assert len(listed) == 1 + len(project.json("item", "list"))
    assert "\x1b" not in "".join(listed)
    assert [line for line in listed if line != line.rstrip()] == []


@pytest.mark.parametrize("call", ["item list", "item list --json", "member list", "member export", "--help"])
def test_pipe_that_nobody_reads_ends_quietly(project, call):
    reading, writing = os.pipe()
    os.close(reading)
    with project.process(*call.split(), stdout=writing) as process:
        os.close(writing)
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_progress_is_only_shown_to_people(project):
    with ScriptedRelay() as relay:
        project.relay(relay.host, relay.port)
        sent = project.run("edition", "send", project.approved(), "--go")
    assert sent.code == 0
    assert sent.stderr == ""


def test_shell_completion_is_there(project):
    env = {**os.environ, "_NEWSLETTER_COMPLETE": "bash_source"}
    program = [sys.executable, "-c", "from newsletter.cli.main import main; main(prog_name='newsletter')"]
    done = subprocess.run(program, env=env, capture_output=True, text=True, check=True)
    assert "complete -o nosort -F" in done.stdout
    words = {"_NEWSLETTER_COMPLETE": "bash_complete", "COMP_WORDS": "newsletter edition s", "COMP_CWORD": "2"}
    done = subprocess.run(program, env={**os.environ, **words}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["plain,send", "plain,show", "plain,subject"]


def wait_for(process, happened):
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_interrupted_send_keeps_what_is_in_hand_and_goes_on(project):
    name = project.approved()
    with ScriptedRelay(never_answers("RCPT")) as relay:
        project.relay(relay.host, relay.port)
        with project.process("edition", "send", name, "--go", "--json") as process:
            wait_for(process, lambda: "RCPT" in relay.commands)
            for number in (signal.SIGINT, signal.SIGTERM):  # twice the same at one moment would arrive as one
                process.send_signal(number)  # the relay never answers, so the first waits
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert f"edition send {name} --go" in stderr
    assert '"sent": 0' in stdout
    counts = project.json("edition", "show", name)["counts"]
    assert (counts["planned"], counts["pending"]) == (3, 3)  # no content had left


def test_interrupted_import_ends_with_130_and_no_traceback(fresh):
    os.mkfifo(fresh.folder / "members.fifo")
    with (
        fresh.process("--json", "member", "import", "members.fifo") as process,
        # Opened by the command when it is about to read, which it then does for ever.
        (fresh.folder / "members.fifo").open("wb"),
    ):
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert stdout.strip().startswith("{")
    assert '"error": "interrupted"' in stdout
    assert "Traceback" not in stderr
    assert "interrupted" in stderr


def test_member_list_of_many_is_streamed(fresh):
    rows = "".join(f"m{number:05}@example.org,governors\n" for number in range(2_500))
    fresh.import_members(f"email,audiences\n{rows}")
    assert len(fresh("member", "list").stdout.splitlines()) == 2_501
    assert len(fresh.json("member", "list")) == 2_500
    assert len(fresh("member", "export").stdout.splitlines()) == 2_501
