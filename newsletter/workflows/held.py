"""Held: everything that is kept about one person, for them to have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from newsletter.address import parse_address
from newsletter.bounces.types import Bounce
from newsletter.editions.types import Edition
from newsletter.members.types import Subscription, Suppression
from newsletter.store.traces import Trace
from newsletter.workflows.members import show_member
from newsletter.workflows.project import Project


def everything_held(project: Project, email: str, now: datetime) -> dict[str, Any]:
    """Return all that is kept about a member as JSON has it, times as datetimes.

    Beside the member's own data that is every subscription there was, why the address was not mailed, each
    edition that was sent with every try, and the mail that came back. Raises MemberError where there is
    nobody.
    """
    member, subscriptions = show_member(project, email, now)
    key = parse_address(email).key
    return {
        "made_at": now,
        "email": member.email,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "status": member.status,
        "audiences": sorted(member.audiences),
        "attributes": dict(member.attributes),
        "subscriptions": [_subscription(it) for it in subscriptions],
        "suppressions": [_suppression(it) for it in project.suppressions.all(key)],
        "deliveries": list(_deliveries(project, member.id)),
        "bounces": [_bounce(project, it) for it in _bounces(project, member.id, key)],
    }


def _subscription(it: Subscription) -> dict[str, Any]:
    return asdict(it) | {"audiences": sorted(it.audiences)}


def _suppression(it: Suppression) -> dict[str, Any]:
    return asdict(it)


def _deliveries(project: Project, member_id: int) -> Iterator[dict[str, Any]]:
    editions = {it.key: it for it in project.editions.all()}
    traces = project.traces.deliveries(member_id, [*editions])
    held = project.items.by_ids({item for trace in traces.values() for item in trace.items})
    titles = {key: item.title for key, item in held.items()}
    for key, trace in sorted(traces.items()):
        yield _delivery(editions[key], trace, titles)


def _delivery(edition: Edition, trace: Trace, titles: dict[int, str]) -> dict[str, Any]:
    return {
        "edition": str(edition.id),
        "status": trace.status,
        "finished_at": trace.finished_at,
        "audiences": sorted(trace.audiences),
        "items": [{"id": item, "title": titles.get(item)} for item in trace.items],
        "attempts": [asdict(it) for it in trace.tries],
    }


def _bounces(project: Project, member_id: int, key: str) -> Iterator[Bounce]:
    """Yield what is proven to be about the member, and what else speaks of the address."""
    proven = project.bounces.of_member(member_id)
    also = set(project.bounces.mentioning(key)) - {it.id for it in proven}
    yield from proven
    if also:
        yield from (it for it in project.bounces.all() if it.id in also)


def _bounce(project: Project, it: Bounce) -> dict[str, Any]:
    raw = project.bounces.raw(it.id) or b""
    judged = it.judgement
    return {
        "came_at": it.came_at,
        "kind": judged.kind,
        "edition": it.edition,
        "recipient": judged.recipient,
        "status": judged.status,
        "said": judged.said,
        "mail": raw.decode("utf-8", "replace"),
    }
