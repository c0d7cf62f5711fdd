"""The checks of a rendered variant, all of them: what must not be sent, and what its editor should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from newsletter.render.checks.contrast import check_contrast
from newsletter.render.checks.footer import check_footer
from newsletter.render.checks.inbox import check_inbox
from newsletter.render.checks.links import check_links
from newsletter.render.checks.page import Page
from newsletter.render.checks.reading import check_reading
from newsletter.render.checks.residue import check_residue
from newsletter.render.checks.size import check_size
from newsletter.render.checks.skeleton import check_skeleton
from newsletter.render.checks.styles import check_styles
from newsletter.render.checks.text_part import check_text
from newsletter.render.types import Finding

_FAMILIES = (
    check_size,
    check_skeleton,
    check_reading,
    check_links,
    check_styles,
    check_contrast,
    check_text,
    check_residue,
    check_inbox,
)


def check_page(page: Page, address: str) -> list[Finding]:
    """Return all that is found in a variant. address: the postal one of the organisation."""
    return [*check_footer(page, address), *(found for family in _FAMILIES for found in family(page))]


def merged(findings: Sequence[tuple[str, Finding]]) -> tuple[Finding, ...]:
    """Return each finding once, with the variants it was found in, errors first.

    findings: with the name of a variant, or "" where it is about all.
    """
    variants: dict[Finding, dict[str, None]] = {}
    for name, finding in findings:
        variants.setdefault(finding, {})[name] = None
    told = [replace(it, variants=tuple(filter(None, names))) for it, names in variants.items()]
    return tuple(sorted(told, key=lambda finding: finding.level))
