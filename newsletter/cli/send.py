"""newsletter edition send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import App, counted, now, pass_app, shown_time
from newsletter.cli.commands import Command
from newsletter.cli.edition_view import is_how, tell_variants, tell_way_on, was_halted
from newsletter.cli.sending import send_rest

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.editions.types import HistoryGroup
    from newsletter.workflows.plan import SendPlan
    from newsletter.workflows.project import Project


@click.command("send", cls=Command, example="newsletter edition send weekly --go")
@click.argument("edition_id", metavar="EDITION")
@click.option("--go", is_flag=True, help="Really send; without it only who and what is shown.")
@click.option(
    "--confirm", metavar="COUNT", type=int, help="The number of members, where it is far from the usual."
)
@pass_app
def send(app: App, edition_id: str, *, go: bool, confirm: int | None) -> None:
    """Say who would get an edition; with --go, send it.

    What an earlier run left over is sent then, and what was sent is not sent again. Ctrl-C lets the messages
    in hand finish; a second Ctrl-C stops at once. An edition that somebody paused goes on with
    `edition resume` only.
    """
    project = app.open()
    if go:
        _send(app, project, edition_id, confirm)
    else:
        _tell_plan(app, project, edition_id)


def _tell_plan(app: App, project: Project, edition_id: str) -> None:
    from newsletter.editions.names import variant_name
    from newsletter.workflows.plan import plan_send

    plan = plan_send(project, edition_id, now())
    order = project.config.newsletter(plan.edition.id.newsletter).audiences
    variants = project.editions.variants(plan.edition)
    finishes = _finishes(project, plan)
    data = {
        "id": str(plan.edition.id),
        "status": plan.edition.status,
        "recipients": plan.total,
        "finishes": finishes,
        "unserved": _members(plan.unserved),
        "nothing_new": _members(plan.nothing_new),
        "variants": [
            {
                "audiences": [slug for slug in order if slug in variant.audiences],
                "variant": variant_name(variant.audiences, variant.number, order),
                "recipients": plan.recipients.get(variant.key, 0),
                "items": variant.items,
                "subject": variant.subject,
            }
            for variant in variants
        ],
    }

    def human() -> None:
        if variants:
            tell_variants(project, plan.edition, variants, plan.recipients)
            click.echo()
        _tell_prospect(app, plan)
        if finishes:
            click.echo(f"Begun now, it would be through by {shown_time(finishes)}.")
        # Who gets it has just been said.
        tell_way_on(app, plan.edition, without=("See who gets it",))

    app.show(data, human)


def _finishes(project: Project, plan: SendPlan) -> datetime | None:
    """Return when the last message would leave; None where no rate, limit or window holds it up."""
    from zoneinfo import ZoneInfo

    from newsletter.delivery.forecast import forecast
    from newsletter.workflows.ways import outlooks

    if plan.edition.status in ("sent", "cancelled", "skipped"):
        return None
    newsletter = project.config.newsletter(plan.edition.id.newsletter)
    counts = project.editions.counts(plan.edition)
    waiting = counts.pending if counts.planned else plan.total
    if not waiting:
        return None
    return forecast(waiting, outlooks(project), newsletter.window, now(), ZoneInfo(newsletter.timezone))


def _tell_prospect(app: App, plan: SendPlan) -> None:
    edition = plan.edition
    if edition.status not in ("draft", "approved"):
        click.echo(f"{was_halted(edition) or f'{edition.id} {is_how(edition)} already'}.")
        return
    for sentence in _left_out(app, plan):
        click.echo(sentence)
    click.echo(f"{edition.id} would go to {counted(plan.total, 'member')}. Nothing was sent.")
    if edition.status == "draft":
        click.echo("It is not approved yet.")


def _left_out(app: App, plan: SendPlan) -> Iterator[str]:
    """Yield a sentence for each reason why members of the newsletter get nothing of an edition."""
    if nothing_new := _members(plan.nothing_new):
        yield f"{counted(nothing_new, 'member')} get nothing: nothing in it is new for them."
    if unserved := _members(plan.unserved):
        edition = plan.edition.id
        again = app.command(f"edition draft {edition.newsletter} --date {edition.date} --reopen")
        yield (
            f"{counted(unserved, 'member')} get nothing, though some of it is new for them: they joined, or "
            f"their audiences or history changed, since it was drafted. It comes with the next edition; "
            f"to have it in this one: {again}"
        )


def _members(groups: Iterable[HistoryGroup]) -> int:
    return sum(group.members for group in groups)


def _send(app: App, project: Project, edition_id: str, confirm: int | None) -> None:
    from newsletter.workflows.find import find_edition
    from newsletter.workflows.plan import begin_sending

    before = find_edition(project, edition_id)
    plans: list[SendPlan] = []
    edition = begin_sending(project, str(before.id), now(), confirmed=confirm, on_plan=plans.append)
    if before.status == "paused":
        app.note(f"note: {was_halted(before)}; it goes on now")
    for sentence in (sentence for plan in plans for sentence in _left_out(app, plan)):
        app.note(f"note: {sentence}")
    send_rest(app, project, edition)
