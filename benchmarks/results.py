"""What a benchmark found: one line for each thing that was promised, with the promise beside it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """A figure beside what it should reach.

    promise: it may not be missed whatever the machine; the others are about speed, and tell of this machine.
    """

    what: str
    figure: float
    at_least: float | None = None
    at_most: float | None = None
    digits: int = 2
    promise: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is where it should be; true where nothing was set."""
        above = self.at_least is None or self.figure >= self.at_least
        return above and (self.at_most is None or self.figure <= self.at_most)

    @property
    def target(self) -> str:
        """What it should be, in words."""
        if self.at_least is None and self.at_most is None:
            return ""
        if self.at_least == self.at_most:
            return f"{self.at_most:,.{self.digits}f}"
        if self.at_least is not None:
            return f"at least {self.at_least:,.{self.digits}f}"
        return f"at most {self.at_most:,.{self.digits}f}"


def exactly(what: str, figure: float, expected: float = 0) -> Result:
    """Return a promise that a count is just this."""
    return Result(what, figure, at_least=expected, at_most=expected, digits=0, promise=True)


def at_most(what: str, figure: float, limit: float) -> Result:
    """Return a promise that a count is not above a limit."""
    return Result(what, figure, at_most=limit, digits=0, promise=True)


def tell(results: Sequence[Result]) -> bool:
    """Print results as a table; tell whether every promise was kept."""
    rows = [
        (it.what, f"{it.figure:,.{it.digits}f}", it.target, _verdict(it) if it.target else "")
        for it in results
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for what, figure, target, verdict in rows:
        print(
            f"  {what:{widths[0]}}  {figure:>{widths[1]}}  {target:{widths[2]}}  {verdict}".rstrip(),
            flush=True,
        )
    return all(it.holds for it in results if it.promise)


def _verdict(result: Result) -> str:
    if result.holds:
        return "yes"
    return "BROKEN" if result.promise else "missed"


def option(default: T, told: str, **more: Any) -> T:
    """Return a field of an options class that is also an option of the command line."""
    given: T = field(default=default, metadata={"help": told, **more})
    return given


def parse(
    options: type[T], doc: str | None, arguments: Sequence[str] | None = None, program: str | None = None
) -> T:
    """Read the command line into an options class, one option for each of its fields."""
    parser = argparse.ArgumentParser(
        prog=program,
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    assert is_dataclass(options)
    for it in fields(options):
        name = f"--{it.name.replace('_', '-')}"
        more = dict(it.metadata)
        told = f"{more.pop('help')} (unless told: {it.default})"
        parser.add_argument(name, type=type(it.default), default=it.default, help=told, **more)
    return options(**vars(parser.parse_args(arguments)))


def run_alone(module_doc: str | None, options: type[T], run: Callable[[T], list[Result]]) -> None:
    """Run one benchmark by its own command line, tell its results, and exit 1 on a broken promise."""
    results = run(parse(options, module_doc))
    print()
    raise SystemExit(0 if tell(results) else 1)
