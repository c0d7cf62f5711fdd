"""What variants are called."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def variant_name(audiences: Collection[str], number: int, order: Sequence[str]) -> str:
    """Return "governors+leaders~2": the audiences in the newsletter's order, and the number from 2 on."""
    name = "+".join(slug for slug in order if slug in audiences)
    return name if number == 1 else f"{name}~{number}"
