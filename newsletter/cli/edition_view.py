"""How an edition is shown, to people and to programs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import App, counted, now, printable, shown_time
from newsletter.cli.screen import heading, prose, table

if TYPE_CHECKING:
    from newsletter.editions.standstill import Standstill
    from newsletter.editions.types import Edition, Variant
    from newsletter.workflows.project import Project

_SIZE_UNIT = 1000
#: Characters of an introduction that a list shows.
_MOST_SHOWN = 100


def edition_json(project: Project, edition: Edition) -> dict[str, Any]:
    """Return an edition as `edition show --json` gives it."""
    from newsletter.workflows.late import late_items
    from newsletter.workflows.standstill import standstill

    order = project.config.newsletter(edition.id.newsletter).audiences
    return state_json(edition) | {
        "newsletter": edition.id.newsletter,
        "date": edition.id.date,
        "hash": edition.hash,
        **approval_json(project, edition),
        "words": [
            {"part": it.part, "audience": it.audience, "text": it.text, "by": it.by, "at": it.at}
            for it in project.edition_words.standing(edition)
        ],
        "variants": [
            {
                "audiences": [slug for slug in order if slug in variant.audiences],
                "number": variant.number,
                "subject": variant.subject,
                "items": variant.items,
                "recipients": variant.recipients,
                "html_bytes": variant.html_bytes,
                "hash": variant.hash,
            }
            for variant in project.editions.variants(edition)
        ],
        "joined": [{"item": it.id, "at": it.first_seen} for it in late_items(project, edition)],
        "counts": counts_json(project, edition),
        "standstill": standstill_json(standstill(project, edition, now())),
    }


def state_json(edition: Edition) -> dict[str, Any]:
    """Return how an edition stands, as every document about one gives it."""
    return {
        "id": str(edition.id),
        "status": edition.status,
        "paused_by": edition.paused_by,
        "pause_reason": edition.pause_reason,
        "halted_at": edition.halted_at,
    }


def approval_json(project: Project, edition: Edition) -> dict[str, Any]:
    """Return who has approved an edition as it stands; `approved_by` is null until enough have."""
    standing = project.editions.approvals(edition)
    return {
        "approved_by": " and ".join(it.name for it in standing) if edition.approved_by else None,
        "approved_at": edition.approved_at,
        "approvals": [{"name": it.name, "at": it.at} for it in standing],
        "approvals_needed": project.config.newsletter(edition.id.newsletter).approvals,
    }


def tell_approvals(project: Project, edition: Edition) -> None:
    """Print who has approved an edition that waits for more, or whose approval no longer counts."""
    from newsletter.workflows.approve import approvers_of
    from newsletter.workflows.changes import is_changed

    approvers, standing = approvers_of(project, edition), project.editions.approvals(edition)
    if standing and approvers.missing(standing):
        prose(f"It has {approvers.told(standing)}.")
    elif edition.status in ("draft", "held") and (approval := is_changed(project, edition)):
        what = f"what {approval.name} approved on {shown_time(approval.at)}, and asks for approval again"
        prose(f"It is no longer {what}. What has changed: newsletter edition diff {edition.id}")


def counts_json(project: Project, edition: Edition) -> dict[str, int]:
    """Return the counts of an edition's deliveries."""
    counts = project.editions.counts(edition)
    return {"planned": counts.planned, **counts.by_status()}


def standstill_json(reasons: Iterable[Standstill]) -> list[dict[str, Any]]:
    """Return why an edition stands still, as every document about one gives it."""
    return [
        {
            "code": it.code,
            "text": it.told(shown_time),
            "since": it.since,
            "until": it.until,
            "where": it.where,
            "deliveries": it.deliveries,
        }
        for it in reasons
    ]


def tell_standstill(edition: Edition, reasons: Iterable[Standstill]) -> None:
    """Print who stopped an edition, or a line for each reason why it stands still."""
    if halt := was_halted(edition):
        prose(f"{halt}.")
        return
    for it in reasons:
        prose(f"{it.told(shown_time)}.")


def needless(reasons: Iterable[Standstill]) -> tuple[str, ...]:
    """Return which ways on make no sense: to send what is being sent."""
    return ("Go on sending",) if any(it.code == "sender" for it in reasons) else ()


def tell_counts(counts: dict[str, int]) -> str:
    """Return "412 sent, 3 refused": what is not nought."""
    told = [f"{count:,} {name}" for name, count in counts.items() if count and name != "planned"]
    return ", ".join(told) or "no deliveries are planned yet"


def is_how(edition: Edition) -> str:
    """Return "is a draft", "is sent"."""
    return "is a draft" if edition.status == "draft" else f"is {edition.status}"


def was_halted(edition: Edition) -> str:
    """Return "weekly/2026-11-27 was paused by Anna on 2026-11-27 at 07:12: a slip"; "" where nobody did."""
    if edition.status not in ("paused", "cancelled", "held", "skipped"):
        return ""
    from newsletter.workflows.control import halted

    return printable(f"{edition.id} was {halted(edition)}")


def tell_edition(project: Project, edition: Edition, reasons: Iterable[Standstill]) -> None:
    """Print an edition: its variants, its items, how far its deliveries are, and why it stands still."""
    by = approval_json(project, edition)["approved_by"]
    approved = f", approved by {by}" if by else ""
    heading(f"{edition.id} ({edition.id.date:%A}) {is_how(edition)}{approved}")
    _tell_words(project, edition)
    variants = project.editions.variants(edition)
    if not variants:
        click.echo("It is empty: there is nothing new for anyone.")
        tell_standstill(edition, reasons)
        return
    tell_variants(project, edition, variants)
    click.echo()
    _tell_items(project, edition, variants)
    if edition.status in ("draft", "held", "approved"):
        tell_approvals(project, edition)
    counts = counts_json(project, edition)
    if counts["planned"]:
        click.echo(f"\n{counted(counts['planned'], 'member')} planned: {tell_counts(counts)}")
    tell_standstill(edition, reasons)


def _tell_words(project: Project, edition: Edition) -> None:
    """Print what editors wrote for an edition, a line each."""
    for word in project.edition_words.standing(edition):
        whom = f"for {word.audience}" if word.audience else "for all"
        words = " ".join(word.text.split())
        shown = words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN].rstrip()}…"
        prose(f"{word.part.capitalize()} {whom}, {word.by}, {shown_time(word.at)}: {shown}")


def tell_variants(
    project: Project, edition: Edition, variants: list[Variant], recipients: dict[int, int] | None = None
) -> None:
    """Print a line for each variant. recipients: by key, where they are not those of the variants."""
    from newsletter.editions.names import variant_name

    order = project.config.newsletter(edition.id.newsletter).audiences
    rows = [
        (
            variant_name(v.audiences, v.number, order),
            v.recipients if recipients is None else recipients.get(v.key, 0),
            len(v.items),
            f"{v.html_bytes / _SIZE_UNIT:.0f} kB",
            v.subject,
        )
        for v in variants
    ]
    numbers = ["MEMBERS", "ITEMS", "SIZE"]
    table(["VARIANT", *numbers, "SUBJECT"], rows, right=numbers, whole=["VARIANT"], cut="SUBJECT")


def _tell_items(project: Project, edition: Edition, variants: list[Variant]) -> None:
    """Print each item once, in the order in which readers meet them, and which of them came late."""
    from newsletter.workflows.late import late_items

    order = project.config.newsletter(edition.id.newsletter).audiences
    chosen = dict.fromkeys(key for variant in reversed(variants) for key in variant.items)
    items = project.items.by_ids(chosen)
    rows = [
        (key, items[key].title, ", ".join(slug for slug in order if slug in items[key].audiences))
        for key in chosen
    ]
    table(["ITEM", "HEADLINE", "FOR"], rows, right=["ITEM"], narrow=["FOR"])
    for it in late_items(project, edition):
        prose(f"Item {it.id} came in on {shown_time(it.first_seen)}, and joined what was drafted before.")


def tell_way_on(app: App, edition: Edition, *, without: Collection[str] = ()) -> None:
    """Print the commands that come next. without: those that the user has just called."""
    look, approve = f"edition preview {edition.id} --open", f"edition approve {edition.id}"
    who, go = f"edition send {edition.id}", f"edition send {edition.id} --go"
    became = {"What became of it": f"edition report {edition.id}"}
    ways = {
        "draft": {"Look at it": look, "Approve it": approve},
        "held": {"Look at it": look, "Approve it": approve},
        "approved": {"See who gets it": who, "Send it": go},
        "sending": became | {"Go on sending": go, "Stop it for now": f"edition pause {edition.id}"},
        "paused": became
        | {"Let it go on": f"edition resume {edition.id}", "Call it off": f"edition cancel {edition.id}"},
    }.get(edition.status, became)
    ways = {words: command for words, command in ways.items() if words not in without}
    if not ways:
        return
    width = max(map(len, ways)) + 1
    click.echo()
    for words, command in ways.items():
        click.echo(f"{f'{words}:':{width}}  {app.command(command)}")
