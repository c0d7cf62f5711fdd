"""What runs in a process that sends an edition, and that dies or stops where a test says.

The program has no hooks for this: the one function at the seam is replaced, in the process that shall die and
nowhere else, by one that ends the process before its n-th call, after it, or when what it wrote is about to
be committed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, event

from newsletter.cli.main import main
from newsletter.config import load_config
from newsletter.delivery.smtp import link
from newsletter.delivery.smtp.link import SmtpLink
from newsletter.store import claims
from newsletter.store import deliveries as delivery_store
from newsletter.store.database import Database
from newsletter.store.deliveries import DeliveryStore
from newsletter.store.editions import EditionStore
from newsletter.store.journal import Journal
from newsletter.store.recipients import RecipientStore
from newsletter.workflows import (
    dispatch,  # noqa: F401 - what a sender imports when it begins, so that forked ones have it
    ledger,
    preview,  # noqa: F401 - likewise
    run,
    ways,  # noqa: F401 - likewise
)
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project

#: Deliveries that are claimed at once here, so that an edition of a dozen has several claims.
BATCH = 4


@dataclass(frozen=True)
class Seam:
    """A function of the program. deliveries: how many of them one call is about."""

    owner: Any
    name: str
    when: Literal["before", "at commit", "after"]
    deliveries: Callable[[Sequence[Any]], int] = lambda _: 1


def _claimed(arguments: Sequence[Any]) -> int:
    return int(arguments[2])


def _outcomes(arguments: Sequence[Any]) -> int:
    return len(arguments[1])


def _sending(arguments: Sequence[Any]) -> int:
    return len(arguments[2])


SEAMS = {
    "plan is about to be committed": Seam(RecipientStore, "plan", "at commit"),
    "plan is committed": Seam(RecipientStore, "plan", "after"),
    "claim is about to be committed": Seam(DeliveryStore, "claim", "at commit", _claimed),
    "claim is committed": Seam(DeliveryStore, "claim", "after", _claimed),
    "MAIL is about to be written": Seam(link, "commands", "before"),
    "offer was answered": Seam(SmtpLink, "offer", "after"),
    "sending is about to be committed": Seam(DeliveryStore, "note", "at commit", _sending),
    "sending is committed": Seam(DeliveryStore, "note", "after", _sending),
    "content is about to leave": Seam(SmtpLink, "hand_over", "before"),
    "content was answered": Seam(SmtpLink, "hand_over", "after"),
    "outcome is about to be committed": Seam(DeliveryStore, "note", "at commit", _outcomes),
    "outcome is committed": Seam(DeliveryStore, "note", "after", _outcomes),
    "edition is about to be marked sent": Seam(EditionStore, "finish", "at commit"),
}


@dataclass(frozen=True)
class Stop:
    """Where a process ends itself, or is stopped: at a seam, when it comes to the n-th delivery."""

    seam: str
    delivery: int = 1
    number: int = signal.SIGKILL


@dataclass(frozen=True)
class Tuning:
    """What makes minutes seconds, and hundreds a few. together: where processes wait for one another."""

    batch: int = BATCH
    lease_s: float = claims.LEASE_S
    patience_s: float = ledger._PATIENCE_S
    together: Barrier | None = None


def send(
    arguments: Sequence[str], environ: Mapping[str, str], log: str, tuning: Tuning, stop: Stop | None
) -> None:
    """Run the `newsletter` command in this process, which ends with it."""
    _write_to(log, 1, 2)
    os.environ.update(environ)
    run._BATCH = tuning.batch
    claims.LEASE_S = delivery_store.LEASE_S = ledger.LEASE_S = tuning.lease_s
    ledger._RENEW_S = tuning.lease_s / 3
    ledger._PATIENCE_S = tuning.patience_s
    run._FIRST_WATCH_S = run._LONGEST_WATCH_S = 0.1
    if stop:
        _set(SEAMS[stop.seam], stop)
    if tuning.together:
        tuning.together.wait()
    main([*arguments])


def run_as_it_is(arguments: Sequence[str], environ: Mapping[str, str], told: str, noted: str) -> None:
    """Run the `newsletter` command in this process, which ends with it, untuned. It writes to two files."""
    _write_to(told, 1)
    _write_to(noted, 2)
    os.environ.update(environ)
    main([*arguments])


def open_together(url: str, noted: str, together: Barrier) -> None:
    """Open a database at the same moment as others do. noted: stderr."""
    _write_to(noted, 2)
    together.wait()
    Database(url).close()


def _write_to(file: str, *descriptors: int) -> None:
    with open(file, "ab") as words:  # noqa: PTH123 - as in the standard library's examples of dup2
        for descriptor in descriptors:
            os.dup2(words.fileno(), descriptor)


def bring_up_to_date(url: str, statements: int) -> None:
    """Open a database, which brings its schema up to date; die before the n-th statement that writes.

    The last of them is the commit.
    """
    seen = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def count(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen
        seen += not statement.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN"))
        if seen == statements:
            os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(Engine, "commit")
    def count_commit(connection: Connection) -> None:
        if seen:
            count(connection, None, "COMMIT")

    Database(url).close()


def begin(folder: str, url: str, editions: Sequence[str], together: Barrier) -> None:
    """Begin to send some editions, each at the same moment as others do, who are waited for afterwards."""
    config = load_config(Path(folder), {"NEWSLETTER_DATABASE__URL": url})
    with Project(config) as project:
        for edition in editions:
            together.wait()
            begin_sending(project, edition, datetime.now(UTC))
            together.wait()


def _set(seam: Seam, stop: Stop) -> None:
    whole, seen, due = getattr(seam.owner, seam.name), 0, False

    def end_here() -> None:
        os.kill(os.getpid(), stop.number)

    class LastStatement:
        def run(self, *_: object) -> int:
            end_here()
            return 0

    write = Journal.write

    def write_and_end(journal: Journal, work: Sequence[Any]) -> list[int]:
        return write(journal, [*work, (LastStatement(), "")] if due else work)

    @event.listens_for(Engine, "commit")
    def end_at_commit(_: Connection) -> None:
        if due:
            end_here()

    if seam.when == "at commit":
        Journal.write = write_and_end  # type: ignore[method-assign]

    def reached(arguments: Sequence[Any]) -> bool:
        nonlocal seen
        before, seen = seen, seen + seam.deliveries(arguments)
        return before < stop.delivery <= seen

    def on_the_way_in(arguments: Sequence[Any]) -> bool:
        nonlocal due
        here = reached(arguments)
        due = here and seam.when == "at commit"
        if here and seam.when == "before":
            end_here()
        return here and seam.when == "after"

    def ending(*arguments: Any, **options: Any) -> Any:
        after = on_the_way_in(arguments)
        result = whole(*arguments, **options)
        if after:
            end_here()
        return result

    async def ending_later(*arguments: Any, **options: Any) -> Any:
        after = on_the_way_in(arguments)
        result = await whole(*arguments, **options)
        if after:
            end_here()
        return result

    setattr(seam.owner, seam.name, ending_later if iscoroutinefunction(whole) else ending)


if __name__ == "__main__":
    send(sys.argv[2:], {}, sys.argv[1], Tuning(), None)
