"""Metrics: how everything stands, as a text file for the textfile collector of Prometheus' node_exporter.

prometheus-client writes it: its format has more corners (escapes, order, names) than one would think, and
it puts the file in its place in one step. Only `--metrics` imports it. Numbers are of this moment and are
read off the database, so there is nothing to keep between runs; members are in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import product
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from newsletter.editions.types import EditionStatus
from newsletter.errors import CalendarError
from newsletter.store.overview import OverviewStore
from newsletter.workflows.happened import Happened, Kind
from newsletter.workflows.project import Project
from newsletter.workflows.schedules import next_due
from newsletter.workflows.ways import relay_rests


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the file says of the run itself. began: by its clock; seconds: how long it took."""

    began: datetime
    seconds: float
    happened: Sequence[Happened]


def write_metrics(project: Project, file: Path, run: RunFacts) -> list[Happened]:
    """Write the file in one step; return the failure where it cannot be."""
    registry = CollectorRegistry()
    metrics = _Metrics(registry, str(project.config.folder))
    metrics.add_run(run)
    metrics.add_editions(project)
    metrics.add_due(project, run.began)
    metrics.add_feeds_and_relays(project)
    try:
        write_to_textfile(str(file), registry)
    except OSError as fault:
        words = f"{file} cannot be written: {fault.strerror or fault}"
        return [Happened(Kind.FAILED, "metrics", words, "make its folder, and let this user write there")]
    return []


class _Metrics:
    """The metrics, named by Prometheus' conventions: base units, and what they are of as labels."""

    def __init__(self, registry: CollectorRegistry, project: str) -> None:
        self._registry = registry
        self._project = project

    def add_run(self, run: RunFacts) -> None:
        """Add what this run was like."""
        troubles = sum(it.is_trouble for it in run.happened)
        whole = not any(it.kind is Kind.INTERRUPTED for it in run.happened)
        self._gauge("last_run_timestamp_seconds", "When the last run began.")().set(run.began.timestamp())
        self._gauge("last_run_duration_seconds", "How long the last run took.")().set(run.seconds)
        self._gauge("last_run_troubles", "What the last run could not do.")().set(troubles)
        self._gauge("last_run_success", "Whether the last run could do all that was due.")().set(
            whole and not troubles
        )

    def add_editions(self, project: Project) -> None:
        """Add editions, and the deliveries of the last ones."""
        overview, names = OverviewStore(project.database), _newsletters(project)
        editions = self._gauge("editions", "Editions by status.", "newsletter", "status")
        counts = overview.editions()
        for name, status in product(names, EditionStatus):
            editions(name, status).set(counts.get((name, status), 0))
        says = "Deliveries of the newest edition that began to go out, by status."
        last = self._gauge("last_edition_deliveries", says, "newsletter", "status")
        for name in names:
            begun = overview.last_begun(name)
            for delivery_status, number in begun.by_status().items() if begun else ():
                last(name, delivery_status).set(number)
        unknown = self._gauge("unknown_deliveries", "Deliveries of which nobody knows.", "newsletter")
        stuck = overview.stuck(names)
        for name in names:
            unknown(name).set(sum(it.unknown for it in stuck if it.id.newsletter == name))

    def add_due(self, project: Project, now: datetime) -> None:
        """Add when the next edition of each newsletter is due."""
        says = "Seconds from the last run until the next edition."
        due = self._gauge("next_edition_due_seconds", says, "newsletter")
        for newsletter in project.config.settings.newsletters:
            with suppress(CalendarError):  # the run has told of it
                if coming := next_due(project, newsletter, now):
                    due(newsletter.name).set((coming - now).total_seconds())

    def add_feeds_and_relays(self, project: Project) -> None:
        """Add which feeds and relays work."""
        names = [feed.name for feed in project.config.settings.feeds]
        up = self._gauge("feed_up", "Whether a feed could be read when it was asked last.", "feed")
        success = self._gauge(
            "feed_last_success_timestamp_seconds", "When a feed could be read last.", "feed"
        )
        feeds = OverviewStore(project.database).feeds(names)
        failing = sum(it.failing_since is not None for it in feeds)
        self._gauge("feeds_failing", "Feeds that could not be read when asked last.")().set(failing)
        for feed in feeds:
            up(feed.name).set(feed.failing_since is None)
            if feed.last_success_at:
                success(feed.name).set(feed.last_success_at.timestamp())
        relays = self._gauge(
            "relay_up", "Whether a relay may be used now: 0 while it is left alone.", "relay"
        )
        for rest in relay_rests(project):
            relays(rest.name).set(rest.down_until is None)

    def _gauge(self, name: str, says: str, *labels: str) -> Callable[..., Gauge]:
        """Return what gives the gauge of some labels; each has the project too, as a machine may have two."""
        every = Gauge(f"newsletter_{name}", says, ["project", *labels], registry=self._registry)
        return partial(every.labels, self._project)


def _newsletters(project: Project) -> list[str]:
    return [newsletter.name for newsletter in project.config.settings.newsletters]
