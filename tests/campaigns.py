"""Editions that go out to a handful of members, or to some hundred, for tests of what becomes of each.

    campaign = shelf.campaign("anna", "ben")     # pending, as before anything was sent
    campaign.send(relay, connections=2)
    assert campaign.ends == {"anna": "sent", "ben": "unknown"}

A project is opened once for a list of names and set back to its beginning for each test: that takes
milliseconds. A test that changes members, items or settings takes a copy.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Self

from builders import NOW, add_items, add_members, deliveries, plan, way_to
from projects import load, small_settings, write_plain_templates
from sqlalchemy import delete, update

from newsletter.editions.types import Edition
from newsletter.store.schema import attempts, editions, relay_usage, relays, suppressions
from newsletter.store.schema import deliveries as table
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project
from newsletter.workflows.send import SendResult, dispatch_edition
from newsletter.workflows.way import Way

#: Who is on the list where a test names nobody.
SOME = ("anna", "ben", "cora", "dan")

_PENDING = {"status": "pending", "attempts": 0, "resent": False}
_FREE = dict.fromkeys(["worker", "lease_until", "first_try", "retry_at", "finished_at"])
_GOING = {"status": "sending", **dict.fromkeys(["paused_by", "pause_reason", "finished_at"])}


def many(number: int) -> tuple[str, ...]:
    """Return so many names."""
    return tuple(f"m{count:03}" for count in range(1, number + 1))


class Campaign:
    """An edition of a project, by default the newest, as it goes out, and what became of it."""

    def __init__(self, project: Project, edition: Edition | None = None) -> None:
        self.project = project
        self.edition = edition or project.editions.newest("weekly")

    def send(self, *relays, connections: int = 1, now: datetime = NOW, limit=None, **login) -> SendResult:
        """Go on with it through relays on this machine. limit: messages on each connection."""
        ways = [way_to(relay, connections, **login) for relay in relays]
        for way in ways:
            way.messages_per_connection = limit
        return self.send_by(ways, now)

    def send_by(self, ways: Sequence[Way], now: datetime = NOW) -> SendResult:
        """Go on with it by these ways."""
        edition = begin_sending(self.project, str(self.edition.id), now)
        return dispatch_edition(self.project, edition, ways, now)

    @property
    def reports(self):
        """The report of each delivery by the member's name."""
        return deliveries(self.project, self.edition)

    @property
    def ends(self) -> dict[str, str]:
        """What became of each member."""
        return {name: str(report.status) for name, report in self.reports.items()}

    @property
    def tally(self) -> Counter[str]:
        """How many members came to which end."""
        return Counter(self.ends.values())

    @property
    def suppressed(self) -> set[str]:
        """Who is not to be written to again."""
        return {name for name in self.ends if self.project.members.is_suppressed(f"{name}@example.org")}

    def start_again(self) -> None:
        """Forget all that was sent."""
        with self.project.database.write() as connection:
            for told in (attempts, suppressions, relays, relay_usage):
                connection.execute(delete(told))
            this = self.edition.key
            connection.execute(update(table).where(table.c.edition_id == this).values(**_PENDING, **_FREE))
            connection.execute(update(editions).where(editions.c.id == this).values(**_GOING))


class Shelf:
    """Planned editions of one item, by whom they go to; on SQLite, to be used as a context."""

    def __init__(self, folder: Path, tables_file: Path) -> None:
        self._folder = folder
        self._tables_file = tables_file
        self._campaigns: dict[tuple[str, ...], Campaign] = {}
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def campaign(self, *names: str) -> Campaign:
        """Return the edition to members of these names, as before anything was sent."""
        names = names or SOME
        if names not in self._campaigns:
            self._campaigns[names] = self._make(names)
        self._campaigns[names].start_again()
        return self._campaigns[names]

    def reopened(self, campaign: Campaign, **tables) -> Campaign:
        """Return a campaign with tables of settings replaced; it is the same edition."""
        config = load(campaign.project.config.folder, small_settings(**tables))
        return Campaign(self._opened.enter_context(Project(config)))

    def copy(self, folder: Path, *names: str) -> Campaign:
        """Return a campaign of its own, in a folder that is not there yet."""
        theirs = self.campaign(*names).project.config.folder
        shutil.copytree(theirs, folder)
        return Campaign(self._opened.enter_context(Project(load(folder))))

    def _make(self, names: tuple[str, ...]) -> Campaign:
        folder = self._folder / str(len(self._campaigns))
        write_plain_templates(folder)
        shutil.copy(self._tables_file, folder / "newsletter.db")
        project = self._opened.enter_context(Project(load(folder)))
        add_items(project, {"roof": "governors"})
        add_members(project, names)
        plan(project)
        return Campaign(project)
