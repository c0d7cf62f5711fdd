"""Every command has help with an example, and stands in docs/commands.md."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from newsletter.cli.commands import Command
from newsletter.cli.main import main


def verbs(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))
        else:
            yield (*path, name)


VERBS = sorted(verbs())
NOUNS = sorted({path[:1] for path in VERBS if len(path) > 1} | {()})


def help_of(*path: str) -> str:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(main, [*path, "--help"], prog_name="newsletter")
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    return done.stdout


@pytest.mark.parametrize("path", [*VERBS, *NOUNS], ids=" ".join)
def test_help_ends_with_an_example_that_can_be_pasted(path, monkeypatch, tmp_path):
    understood = []
    monkeypatch.setattr(Command, "invoke", lambda _, context: understood.append(context.command_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "members.csv").touch()
    example = help_of(*path).rpartition("Example:\n")[2].strip()
    _, *words = shlex.split(example.partition(" > ")[0])
    done = CliRunner().invoke(main, words, prog_name="newsletter")
    assert done.exit_code == 0, done.stderr
    [command] = understood
    assert command.startswith(" ".join(["newsletter", *path]))


@pytest.mark.parametrize("path", NOUNS, ids=" ".join)
def test_lists_of_commands_are_not_cut_short(path):
    listed = help_of(*path).partition("Commands:\n")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_option_says_what_it_does(path):
    command = main
    for name in path:
        command = command.commands[name]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.opts for option in options if not option.help] == []


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_command_stands_in_the_documentation(path, project_root):
    words = " ".join(path)
    page = (project_root / "docs" / "commands.md").read_text("utf-8")
    [row] = [line for line in page.splitlines() if re.match(rf"\| `{words}[` ]", line)]
    _, does, example = row.strip("| ").split(" | ")
    assert does
    assert example.startswith(f"`newsletter {words}")


def test_documentation_names_no_command_that_does_not_exist(project_root):
    page = (project_root / "docs" / "commands.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(VERBS)


def test_program_alone_shows_its_help():
    done = CliRunner().invoke(main, [], prog_name="newsletter")
    assert done.exit_code == 2  # a verb is missing
    assert "Commands:" in done.output


@pytest.mark.parametrize(
    ("typed", "meant"), [(["edtion"], "edition"), (["edition", "sned"], "send"), (["feed", "pul"], "pull")]
)
def test_command_that_is_mistyped_is_guessed(typed, meant):
    done = CliRunner().invoke(main, typed, prog_name="newsletter")
    assert done.exit_code == 2
    assert f"Did you mean '{meant}'" in done.stderr


def test_fault_of_usage_is_one_document_with_json():
    done = CliRunner().invoke(main, ["edition", "show", "--json"], prog_name="newsletter")
    assert done.exit_code == 2
    assert '"error": "Missing argument' in done.stdout
    assert '"hint": "newsletter edition show --help"' in done.stdout
