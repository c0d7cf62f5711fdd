"""What all commands share: their state, opening the project, showing data, notes and faults."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from newsletter.workflows.project import Project

DONE, FAILED, USAGE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
#: A command in a sentence; those that work in no project folder stay as they are.
_COMMAND = re.compile(
    r"\bnewsletter (?=(?:audience|bounce|check|edition|feed|item|member|run|schedule|serve|why)\b)"
)


@dataclass(slots=True)
class App:
    """The state of one call of the program."""

    folder: Path = Path()
    as_json: bool = False
    verbose: bool = False
    #: Whether a JSON document has begun on stdout; nothing else may follow it then.
    json_begun: bool = False

    def open(self) -> Project:
        """Open the project; it is closed when the command ends."""
        from newsletter.config import load_config
        from newsletter.workflows.project import Project

        return click.get_current_context().with_resource(Project(load_config(self.folder)))

    def open_sorted(self) -> Project:
        """Open the project, its items sorted by the rules as they stand in newsletter.toml now."""
        from newsletter.cli.screen import progress
        from newsletter.workflows.sort import sort_when_rules_changed

        project = self.open()
        with progress("The rules have changed; sorting the items again") as tell:
            sort_when_rules_changed(project, lambda done: tell(done, None))
        return project

    def show(self, data: object, human: Callable[[], None]) -> None:
        """Print data as JSON, or let `human` print it for people."""
        if self.as_json:
            self.json_begun = True
            click.echo(_json(data))
        else:
            human()

    def show_all(self, rows: Iterable[object]) -> None:
        """Print a list of any length as JSON, row by row.

        A fault half way leaves the document open, so that nobody takes it for the whole.
        """
        self._stream(rows)
        click.echo()

    def show_with_rows(self, head: Mapping[str, object], name: str, rows: Iterable[object]) -> None:
        """Print an object as JSON whose last field is a list of any length, as `show_all` does."""
        fields = "".join(f"{_json(key)}: {_json(value, indent=None)},\n" for key, value in head.items())
        click.echo(f"{{\n{fields}{_json(name)}: ", nl=False)
        self._stream(rows)
        click.echo("\n}")

    def _stream(self, rows: Iterable[object]) -> None:
        before = "["
        for row in rows:
            self.json_begun = True
            click.echo(f"{before}\n{_json(row, indent=None)}", nl=False)
            before = ","
        self.json_begun = True
        click.echo("[]" if before == "[" else "\n]", nl=False)

    def note(self, text: str) -> None:
        """Tell something that is no data."""
        click.echo(text, err=True)

    def fail(self, message: str, hint: str) -> None:
        """Tell a fault and its cure; with --json also as a document."""
        cure = self.runnable(hint)
        click.echo(f"newsletter: {printable(message)}", err=True)
        if cure:
            click.echo(f"  {printable(cure)}", err=True)
        self.show_fault(message, cure)

    def show_fault(self, message: str, hint: str) -> None:
        """Print a fault as the JSON document, where one is asked for and none has begun."""
        if self.as_json and not self.json_begun:
            self.show({"error": message, "hint": hint}, lambda: None)

    def command(self, rest: str) -> str:
        """Return a command as it can be run from where the user is."""
        return self.runnable(f"newsletter {rest}")

    def runnable(self, hint: str) -> str:
        """Return a hint whose commands name the project folder that -C named."""
        if self.folder == Path():
            return hint
        folder = shlex.quote(str(self.folder))
        return _COMMAND.sub(lambda found: f"{found[0]}-C {folder} ", hint)


class _ItemId(click.IntRange):
    """The number of an item: whatever fits a column of the database."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as the base has it
        """Return it, or say what it should look like."""
        try:
            return super().convert(value, param, ctx)
        except (click.BadParameter, ValueError):  # int() refuses thousands of digits
            shown = str(value)[:40]
            self.fail(f"{shown!r} is no item's number, such as 7; `item list` shows them", param, ctx)


ITEM_ID = _ItemId(1, 2**63 - 1)
pass_app = click.make_pass_decorator(App, ensure=True)


def now() -> datetime:
    """Return the time at which a command runs."""
    return datetime.now(UTC)


def counted(number: int, noun: str) -> str:
    """Return "1 item", "1,200 items"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown_time(when: datetime | None, without: str = "never") -> str:
    """Return a time as people read it, in the machine's time zone."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M") if when else without


def printable(text: object) -> str:
    """Return text without what could steer a terminal; line ends and tabs stay."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() or c in "\n\t\xa0" else "�" for c in words)


def _json(data: object, indent: int | None = 2) -> str:
    return json.dumps(data, ensure_ascii=False, indent=indent, default=_plain)


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON knows
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
