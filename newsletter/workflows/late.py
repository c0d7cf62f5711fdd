"""Late: news that came in after an edition was first drafted, and joined it."""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.editions.types import Edition
from newsletter.feeds.types import Item
from newsletter.workflows.project import Project


def late_among(edition: Edition, items: Iterable[Item]) -> list[Item]:
    """Return those of an edition's items that came in after it was first drafted."""
    first = edition.first_drafted_at
    return [it for it in items if first and it.first_seen > first]


def late_items(project: Project, edition: Edition) -> list[Item]:
    """Return the items that joined an edition after it was first drafted, in the order in which they came."""
    chosen = {key for variant in project.editions.variants(edition) for key in variant.items}
    found = late_among(edition, project.items.by_ids(chosen).values())
    return sorted(found, key=lambda it: (it.first_seen, it.id))
