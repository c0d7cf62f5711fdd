"""How the findings of the checks are shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import App, counted
from newsletter.cli.screen import table

if TYPE_CHECKING:
    from newsletter.render.types import Finding


def findings_json(findings: Sequence[Finding], accepted: Collection[str] = ()) -> dict[str, Any]:
    """Return findings as every document about an edition gives them. accepted: rules of warnings."""
    return {"findings": [asdict(it) | {"accepted": it.rule in accepted} for it in findings]}


def has_errors(findings: Sequence[Finding]) -> bool:
    """Whether an edition with these findings cannot be approved."""
    return any(finding.level == "error" for finding in findings)


def tell_findings(app: App, findings: Sequence[Finding], accepted: Collection[str] = ()) -> None:
    """Print what the checks found, if anything."""
    if not findings:
        return
    rows = [
        (
            "accepted" if it.rule in accepted else it.level,
            it.rule,
            _where(it),
            f"{it.message}\n{app.runnable(it.cure)}",
        )
        for it in findings
    ]
    click.echo()
    table(
        ["CHECKS", "RULE", "WHERE", "FOUND, AND THE CURE"], rows, whole=["CHECKS", "RULE"], narrow=["WHERE"]
    )
    if has_errors(findings):
        errors = sum(finding.level == "error" for finding in findings)
        click.echo(f"\n{counted(errors, 'error')} to be mended before it can be approved.")


def _where(finding: Finding) -> str:
    item = f"item {finding.item}" if finding.item else ""
    return "\n".join(filter(None, [item, ", ".join(finding.variants)]))
