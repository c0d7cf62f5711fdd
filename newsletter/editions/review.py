"""What is odd about an edition beside those before it, and beside the members it goes to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from newsletter.editions.types import EditionId
from newsletter.editions.usual import is_far, is_unusual
from newsletter.render.types import Finding


def repeated_subject(subject: str, before: EditionId, subjects: Collection[str]) -> Iterator[Finding]:
    """Yield that a variant has a subject of the edition before."""
    if subject in subjects:
        yield Finding(
            "subject-repeated",
            "warning",
            f"“{subject}” was the subject of {before} too, and many will take it for the same mail",
            "another first item: newsletter item pin ID",
        )


def unusual_size(edition: EditionId, regular: int, total: int, earlier: Sequence[int]) -> Iterator[Finding]:
    """Yield that an edition goes to far more or fewer members than those before, given newest first.

    regular, earlier: without those who get one a month, who are in the total.
    """
    if not is_unusual(regular, earlier):
        return
    aside = f" and {total - regular:,} who get one a month" if total > regular else ""
    told = ", ".join(f"{number:,}" for number in earlier)
    confirm = f"; sending will ask for --confirm {total}" if is_far(regular, earlier[0]) else ""
    yield Finding(
        "recipients-unusual",
        "warning",
        f"{edition} would go to {regular:,} members{aside}; the last ones went to {told}{confirm}",
        "look whether an import left members out or brought too many: newsletter member list",
    )


def missing_values(lacking: Mapping[str, int], recipients: int) -> Iterator[Finding]:
    """Yield fields that some members have no value for. lacking: how many, by name of the field."""
    for name, members in lacking.items():
        if members:
            yield Finding(
                "merge-value-missing",
                "warning",
                f"{members:,} of {recipients:,} recipients have no {name.removeprefix('member.')} on record, "
                "and would get nothing, as the template needs it",
                f'{{{{ {name} | fallback("…") }}}} in the template',
            )
