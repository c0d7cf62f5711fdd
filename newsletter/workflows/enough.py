"""Enough: whether there is enough in an edition, and anybody to get it."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.editions.types import Edition, Variant
from newsletter.errors import EmptyEdition
from newsletter.workflows.project import Project


def refuse_empty(project: Project, edition: Edition, variants: Sequence[Variant]) -> None:
    """Raise EmptyEdition when there is too little, or nobody, to send."""
    least = project.config.newsletter(edition.id.newsletter).min_items
    items = {item for variant in variants for item in variant.items}
    if len(items) < least:
        count = f"{len(items)} new item{'s' * (len(items) != 1)}"
        raise EmptyEdition(
            f"{edition.id} has {count}, and min_items is {least}",
            hint="newsletter feed pull, and then draft it again; what it has is kept for next time",
        )
    if not any(variant.recipients for variant in variants):
        raise EmptyEdition(
            f"{edition.id} has no recipients", hint="newsletter member import FILE, and then draft it again"
        )
