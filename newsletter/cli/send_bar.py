"""How far sending has come, on a terminal: a bar, the counts, and which relays ask for less."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from newsletter.cli.screen import BAR_AFTER_S

if TYPE_CHECKING:
    from rich.console import RenderableType

    from newsletter.delivery.types import SendProgress

_BAR_COLUMNS = 40
_STOPPING = "finishing the messages in hand; Ctrl-C stops at once"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
#: From how many of a unit on the next smaller one is not worth telling.
_SEVERAL = 2


@contextmanager
def send_bar(label: str) -> Iterator[Callable[[SendProgress], None]]:
    """Show on a terminal how far sending has come, from its first second on; elsewhere nothing at all.

    Cron mails whatever is printed, so it gets the result and no steps on the way.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    live = Live(Text(label), console=Console(stderr=True), transient=True)
    patience = Timer(BAR_AFTER_S, live.start)
    patience.daemon = True
    patience.start()
    try:
        yield lambda progress: live.update(_drawn(label, progress))
    finally:
        patience.cancel()
        patience.join()
        live.stop()


def progress_words(progress: SendProgress) -> str:
    """Return "8,201 sent · 3 refused · 240 a second · 2 minutes left"."""
    counts = [f"{count:,} {status}" for status, count in progress.done.items() if count]
    if progress.stopping:
        return " · ".join([*counts, _STOPPING])
    if not progress.rate_s:
        return " · ".join(counts)
    left_s = progress.left / progress.rate_s
    return " · ".join([*counts, rate_words(progress.rate_s), f"{span_words(left_s)} left"])


def rate_words(rate_s: float) -> str:
    """Return "240 a second", "12 a minute": the unit in which it is one or more."""
    for unit_s, unit in ((1, "second"), (_MINUTE_S, "minute")):
        if rate_s * unit_s >= 1:
            return f"{rate_s * unit_s:,.0f} a {unit}"
    return f"{rate_s * _HOUR_S:,.0f} an hour"


def span_words(seconds: float) -> str:
    """Return "40 seconds", "12 minutes": one unit, of which there are two or more, is enough."""
    for unit_s, unit in ((_DAY_S, "days"), (_HOUR_S, "hours"), (_MINUTE_S, "minutes")):
        if seconds >= _SEVERAL * unit_s:
            return f"{seconds / unit_s:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def _drawn(label: str, progress: SendProgress) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    done = sum(progress.done.values())
    total = max(done + progress.left, 1)
    head = Table.grid(padding=(0, 1))
    head.add_row(label, ProgressBar(total, done, width=_BAR_COLUMNS), f"{done / total:.0%}")
    words = Text(f"  {progress_words(progress)}", no_wrap=True, overflow="ellipsis")
    slowed = Text(f"  {'; '.join(progress.slowed)}", style="yellow", no_wrap=True, overflow="ellipsis")
    return Group(head, words, slowed) if progress.slowed else Group(head, words)
