"""Items, members and editions in a real store, told in a line each.

    items = add_items(project, {"roof": "governors", "pay": "leaders+governors"})
    add_members(project, {"anna": "governors", "ben": "leaders"})
    edition = plan(project)

Members are called by the part before the @. "governors+leaders" is a set of audiences, "" the empty one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from newsletter.address import parse_address
from newsletter.audiences.types import Reason, audience_set
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import RelaySettings, Timeouts
from newsletter.editions.types import Edition, EditionId
from newsletter.feeds.types import FeedSource, Fetched, ItemIntent, ParsedEntry, ParsedFeed
from newsletter.members.types import Basis, MemberRow, Served, Terms
from newsletter.store.pulls import SortedItem
from newsletter.store.schema import entries
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project
from newsletter.workflows.send import SendResult, dispatch_edition
from newsletter.workflows.way import Way

#: A Thursday; the weekly comes out on the day after.
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
FRIDAY = date(2026, 11, 27)
FEED = FeedSource("policy", "feeds/policy.xml")


def make_entry(key: str, **changed) -> ParsedEntry:
    """An entry whose title is its key, published an hour before NOW."""
    values = {
        "key": key,
        "title": f"News of {key}",
        "link": f"https://news.example.org/{key}",
        "html": f"<p>All about {key}.</p>",
        "summary": f"All about {key}.",
        "published": NOW - timedelta(hours=1),
    }
    return ParsedEntry(**{**values, **changed})


def add_items(
    project: Project, audiences: Mapping[str, str], *, now: datetime = NOW, source: FeedSource = FEED
) -> dict[str, int]:
    """Store items by key, for these audiences, newest first; return the id of each item in the store."""
    [feed] = project.feeds.for_update([source])
    dated = [
        make_entry(key, published=now - timedelta(hours=number)) for number, key in enumerate(audiences, 1)
    ]
    changes = [
        SortedItem(ItemIntent(entry, entry.content_hash, None), reasons(audiences[entry.key]))
        for entry in dated
    ]
    project.pulls.record_pull(
        feed, Fetched(b"", source.url), ParsedFeed("Policy", tuple(dated)), changes, now
    )
    with project.database.read() as connection:
        return dict(connection.execute(select(entries.c.key, entries.c.item_id)).all())


def reasons(audiences: str) -> tuple[Reason, ...]:
    """Why an item is for each of these audiences: the feed says so."""
    return tuple(Reason(slug, "feed", "feed", "policy") for slug in sorted(audience_set(audiences)))


def add_members(
    project: Project,
    audiences: Mapping[str, str] | Collection[str],
    *,
    basis: Basis = Basis.MEMBERSHIP,
    now: datetime = NOW,
) -> None:
    """Make members, or bring them up to date; names alone are governors."""
    by_name = audiences if isinstance(audiences, Mapping) else dict.fromkeys(audiences, "governors")
    served = tuple(Served(n.name, frozenset(n.audiences)) for n in project.config.settings.newsletters)
    rows = [
        [MemberRow(line, parse_address(f"{name}@example.org"), name.title(), audiences=audience_set(sets))]
        for line, (name, sets) in enumerate(by_name.items(), 2)
    ]
    project.members.import_batches([rows], Terms(served, basis, "members.csv", now))


def approve(project: Project, day: date = FRIDAY, *, name: str = "weekly", now: datetime = NOW) -> Edition:
    """Draft and approve an edition."""
    draft_edition(project, name, now, day=day)
    return approve_edition(project, str(EditionId(name, day)), "Cora", now)


def plan(project: Project, day: date = FRIDAY, *, name: str = "weekly", now: datetime = NOW) -> Edition:
    """Draft, approve and plan an edition, so that its deliveries are pending."""
    return begin_sending(project, str(approve(project, day, name=name, now=now).id), now)


def way_to(relay, connections: int = 1, **settings) -> Way:
    """The way to a relay on this machine; settings: of the login, say."""
    settings = {"timeouts": Timeouts(connect_s=300), **settings}  # longer than a busy machine stops us
    transport = SmtpTransport(RelaySettings("relay.test", relay.host, relay.port, "none", **settings))
    return Way(transport, connections)


def dispatch(
    project: Project, edition: Edition, *relays, connections: int = 1, now: datetime = NOW, **settings
) -> SendResult:
    """Send what is pending through relays on this machine."""
    ways = [way_to(relay, connections, **settings) for relay in relays]
    return dispatch_edition(project, edition, ways, now)


def deliveries(project: Project, edition: Edition) -> dict:
    """Return the report of every delivery by the member's name, which is "" once forgotten."""
    found = project.reports.deliveries(edition, unfinished_only=False)
    return {(row.email or "").partition("@")[0]: row for row in found}


def statuses(project: Project, edition: Edition) -> dict[str, str]:
    """Return the status of every delivery by the member's name."""
    return {name: str(row.status) for name, row in deliveries(project, edition).items()}
