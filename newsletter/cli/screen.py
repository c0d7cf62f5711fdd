"""How results look: tables that fit a terminal, whole lines in a pipe, progress where somebody watches."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer

import click

from newsletter.cli.app import printable

#: Rows that are aligned with one another; a longer table comes in pieces of so many.
PIECE = 1_000
_GAP = "  "
_LEAST_CUT = 8
BAR_AFTER_S = 1.0


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Collection[str] = (),
    whole: Collection[str] = (),
    narrow: Collection[str] = (),
    cut: str = "",
) -> None:
    """Print rows under headings.

    On a terminal long cells are folded at words; elsewhere each row is one line, for grep and cut. right:
    columns of numbers; whole: never folded; narrow: at most a quarter of a terminal; cut: gets what the other
    columns leave of a terminal, with an ellipsis.
    """
    fold = _Fold(columns, right, whole, narrow, cut)
    cells = ([printable("" if cell is None else cell) for cell in row] for row in rows)
    head: Sequence[str] | None = columns
    while (piece := list(itertools.islice(cells, PIECE))) or head:
        if sys.stdout.isatty():
            fold.print(piece, headed=head is not None)
        else:
            click.echo("\n".join(_aligned([*([head] if head else []), *piece], columns, right)))
        head = None


def _aligned(rows: Sequence[Sequence[str]], columns: Sequence[str], right: Collection[str]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        )
        yield _GAP.join(cells).replace("\n", "; ").rstrip()


@dataclass(frozen=True, slots=True)
class _Fold:
    """A table as a terminal shows it."""

    columns: Sequence[str]
    right: Collection[str]
    whole: Collection[str]
    narrow: Collection[str]
    cut: str

    def print(self, rows: Sequence[Sequence[str]], *, headed: bool) -> None:
        """Print rows, with or without headings."""
        from rich.console import Console
        from rich.table import Table

        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), show_header=headed)
        for name in self.columns:
            shown.add_column(
                name,
                justify="right" if name in self.right else "left",
                no_wrap=name in (*self.right, *self.whole, self.cut),
                max_width=self._max_width(name, rows, console.width),
                overflow="ellipsis" if name == self.cut else "fold",
            )
        for row in rows:
            shown.add_row(*row)
        console.print(shown)

    def _max_width(self, name: str, rows: Sequence[Sequence[str]], terminal: int) -> int | None:
        if name in self.narrow:
            return terminal // 4
        if name != self.cut:
            return None
        others = [cells for cells in zip(self.columns, *rows, strict=True) if cells[0] != name]
        taken = sum(max(map(len, cells)) + len(_GAP) for cells in others)
        return max(_LEAST_CUT, terminal - taken)


def heading(text: str) -> None:
    """Print a line that stands out on a terminal."""
    click.secho(printable(text), bold=None if os.environ.get("NO_COLOR") else True)


def prose(text: str) -> None:
    """Print running text, on a terminal folded at words."""
    if not sys.stdout.isatty():
        click.echo(printable(text))
        return
    width = min(shutil.get_terminal_size().columns, 100)
    for line in printable(text).splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        click.echo(click.wrap_text(line.strip(), width, indent, indent))


@contextmanager
def progress(label: str) -> Iterator[Callable[..., None]]:
    """Show on a terminal how far something long has come, a second after it is first told.

    Yields a function that is told what is done, the total, and another label where the step has one.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(label, total=None)

    patience = Timer(BAR_AFTER_S, bar.start)
    patience.daemon = True

    def tell(done: int, total: int, step: str = label) -> None:
        bar.update(task, completed=done, total=total, description=step)
        if patience.ident is None:
            patience.start()

    try:
        yield tell
    finally:
        patience.cancel()
        if patience.ident is not None:
            patience.join()
        bar.stop()


def each(tell: Callable[..., None], total: int) -> Callable[[], None]:
    """Return a function to be called once for each thing done; the work begins now."""
    tell(0, total)
    done = itertools.count(1)
    return lambda: tell(next(done), total)
