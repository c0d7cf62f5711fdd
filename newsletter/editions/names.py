"""What variants are called, and where their web versions stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from newsletter.editions.types import EditionId


def variant_name(audiences: Collection[str], number: int, order: Sequence[str]) -> str:
    """Return "governors+leaders~2": the audiences in the newsletter's order, and the number from 2 on."""
    name = "+".join(slug for slug in order if slug in audiences)
    return name if number == 1 else f"{name}~{number}"


def web_path(edition: EditionId, audiences: Collection[str], number: int) -> str:
    """Return "weekly/2026-11-27/governors+leaders.html": where a variant's web version stands.

    Members keep the link to it, so it does not follow the newsletter's order, which may change.
    """
    return f"{edition}/{variant_name(audiences, number, sorted(audiences))}.html"
