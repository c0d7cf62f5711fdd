"""Demo: the main job once, from sample feeds to an inbox on this machine. Running it again sends nothing."""

from __future__ import annotations

import csv
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.config import CONFIG_NAME, load_config
from newsletter.delivery.inbox import Inbox
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import RelaySettings, SendProgress
from newsletter.editions.names import variant_name
from newsletter.editions.types import EditionStatus
from newsletter.errors import NewsletterError
from newsletter.members.types import Basis, Served, Terms
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.init import make_project
from newsletter.workflows.members import import_members
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project
from newsletter.workflows.pull import pull_feeds
from newsletter.workflows.received import write_index
from newsletter.workflows.send import dispatch_edition
from newsletter.workflows.way import Way

_NEWSLETTER = "weekly"
MEMBERS = 200
#: Says that a folder is a demo's, so that nobody's real newsletter is sent to the demo's inbox.
_MARK = ".newsletter-demo"
_CONNECTIONS = 4
_FIRST_NAMES = (
    "Aisha", "Bethan", "Callum", "Dilys", "Efua", "Fergus", "Grace", "Haruki", "Imogen", "Józef",
    "Kezia", "Liam", "Marged", "Niamh", "Olu", "Priya", "Quentin", "Rhian", "Siân", "Tomos",
)  # fmt: skip
_LAST_NAMES = (
    "Ahmed", "Bevan", "Clarke", "D'Souza", "Evans", "Fairweather", "Griffiths", "Hughes", "Igwe", "Jones",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoVariant:
    """A line of the table at the end."""

    name: str
    items: int
    members: int
    sent: int


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo made. inbox: the page of received mail; interrupted: a person stopped it."""

    edition: str
    variants: tuple[DemoVariant, ...]
    inbox: Path
    sent_now: int
    seconds: float
    interrupted: bool = False

    @property
    def members(self) -> int:
        """How many members get the edition."""
        return sum(variant.members for variant in self.variants)

    @property
    def sent(self) -> int:
        """How many messages were sent, now or earlier."""
        return sum(variant.sent for variant in self.variants)


def run_demo(
    folder: Path,
    now: datetime,
    tell: Callable[[str], None],
    on_progress: Callable[[SendProgress], None],
) -> DemoResult:
    """Pull the sample feeds, import members, draft, approve and send to an inbox; say where to look.

    folder: made where it is missing; a demo that was broken off goes on. tell: told of each step, a line.
    """
    began = time.monotonic()
    _set_up(folder)
    inbox = folder / "inbox"
    with Project(load_config(folder, {})) as project:
        edition = project.editions.newest(_NEWSLETTER)
        sent_now, interrupted = 0, False
        if edition is None or edition.status is not EditionStatus.SENT:
            _prepare(project, now, tell)
            sent_now, interrupted = _send(project, inbox, now, on_progress)
        newest = project.editions.newest(_NEWSLETTER)
        assert newest  # noqa: S101 - it was sent
        index = write_index(inbox, str(newest.id))
        return DemoResult(
            str(newest.id), _table(project), index, sent_now, time.monotonic() - began, interrupted
        )


def _set_up(folder: Path) -> None:
    """Make what is missing of the project; raises NewsletterError for a folder that is not a demo's."""
    try:
        if not (folder / _MARK).exists():
            if folder.exists() and any(folder.iterdir()):
                raise NewsletterError(
                    f"{folder} is not empty, and it is not a demo's folder",
                    hint="name another: newsletter demo DIR",
                )
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _MARK).write_text("made by: newsletter demo\n", "utf-8")
        if not (folder / CONFIG_NAME).exists():
            make_project(folder)
        if not (folder / "members.csv").exists():
            _write_members(folder / "members.csv")
    except OSError as fault:
        raise NewsletterError(f"{folder} cannot be made: {fault.strerror}") from None


def _write_members(path: Path) -> None:
    """Write members over all seven combinations of the three audiences, many more of the single ones."""
    audiences = ("governors", "leaders", "career-leads")
    sets = [";".join(chosen) for size in (1, 2, 3) for chosen in itertools.combinations(audiences, size)]
    shares = itertools.cycle((0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6))
    names = itertools.product(_LAST_NAMES, _FIRST_NAMES)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "first_name", "last_name", "audiences"])
        for number, (share, (last, first)) in enumerate(zip(shares, names, strict=False), 1):
            if number > MEMBERS:
                break
            writer.writerow([f"member{number:03}@example.org", first, last, sets[share]])


def _prepare(project: Project, now: datetime, tell: Callable[[str], None]) -> None:
    newsletters = project.config.settings.newsletters
    pulled = pull_feeds(project, now)
    for summary in pulled:
        if summary.problem:
            raise NewsletterError(summary.problem, hint=summary.hint)
    tell(f"{sum(summary.new for summary in pulled)} new items from {len(pulled)} feeds")
    served = tuple(Served(n.name, frozenset(n.audiences)) for n in newsletters)
    imported = import_members(
        project.members,
        project.config.folder / "members.csv",
        Terms(served, Basis.MEMBERSHIP, "members.csv", now),
        audiences={rules.slug: rules.title for rules in project.config.audiences},
        newsletters={n.name: n.display_title for n in newsletters},
    )
    tell(f"{imported.added} new members from members.csv")
    edition = project.editions.newest(_NEWSLETTER)
    if edition is None or edition.status is EditionStatus.DRAFT:
        edition = draft_edition(project, _NEWSLETTER, now, day=edition.id.date if edition else None).edition
        approve_edition(project, str(edition.id), "the demo", now)
        tell(f"{edition.id} drafted and approved")


def _send(
    project: Project, inbox: Path, now: datetime, on_progress: Callable[[SendProgress], None]
) -> tuple[int, bool]:
    edition = begin_sending(project, _NEWSLETTER, now)
    with Inbox(inbox) as server:
        relay = RelaySettings("the demo's inbox", server.host, server.port, "none")
        way = Way(SmtpTransport(relay), _CONNECTIONS)
        result = dispatch_edition(project, edition, [way], now, on_progress)
    if result.problem:
        raise result.problem
    return result.sent_now, result.interrupted


def _table(project: Project) -> tuple[DemoVariant, ...]:
    edition = project.editions.newest(_NEWSLETTER)
    assert edition  # noqa: S101 - it was sent
    order = project.config.newsletter(_NEWSLETTER).audiences
    sent = project.editions.sent_by_variant(edition)
    return tuple(
        DemoVariant(
            variant_name(v.audiences, v.number, order), len(v.items), v.recipients, sent.get(v.key, 0)
        )
        for v in project.editions.variants(edition)
    )
