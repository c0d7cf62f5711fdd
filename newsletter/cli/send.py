"""newsletter edition send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import FAILED, INTERRUPTED, SOME_FAILED, App, counted, now, pass_app
from newsletter.cli.commands import Command
from newsletter.cli.edition_view import is_how, tell_counts, tell_variants, tell_way_on
from newsletter.cli.screen import each, progress

if TYPE_CHECKING:
    from newsletter.editions.types import DeliveryCounts, Edition, HistoryGroup
    from newsletter.workflows.project import Project
    from newsletter.workflows.send import SendPlan, SendResult


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
    in hand finish; a second Ctrl-C stops at once.
    """
    project = app.open()
    if go:
        _send(app, project, edition_id, confirm)
    else:
        _tell_plan(app, project, edition_id)


def _tell_plan(app: App, project: Project, edition_id: str) -> None:
    from newsletter.editions.names import variant_name
    from newsletter.workflows.send import plan_send

    plan = plan_send(project, edition_id, now())
    order = project.config.newsletter(plan.edition.id.newsletter).audiences
    variants = project.editions.variants(plan.edition)
    data = {
        "id": str(plan.edition.id),
        "status": plan.edition.status,
        "recipients": plan.total,
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

    app.show(data, human)


def _tell_prospect(app: App, plan: SendPlan) -> None:
    edition = plan.edition
    if edition.status not in ("draft", "approved"):
        click.echo(f"{edition.id} is {edition.status} already.")
        tell_way_on(app, edition)
        return
    for sentence in _left_out(app, plan):
        click.echo(sentence)
    click.echo(f"{edition.id} would go to {counted(plan.total, 'member')}. Nothing was sent.")
    if edition.status == "approved":
        click.echo(f"\nSend it:  {app.command(f'edition send {edition.id} --go')}")
    else:
        click.echo("It is not approved yet.")
        tell_way_on(app, edition)


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
    from newsletter.workflows.send import begin_sending, dispatch_edition, plan_send
    from newsletter.workflows.ways import ways_out

    for notice in project.config.notices:
        app.note(f"note: {notice}")
    plan = plan_send(project, edition_id, now())
    edition = begin_sending(project, edition_id, now(), confirmed=confirm)
    for sentence in _left_out(app, plan):
        app.note(f"note: {sentence}")
    counts = project.editions.counts(edition)
    if not counts.open:
        _conclude(app, edition, counts, told="Nothing was left to send.")
        return
    ways = ways_out(project, now())
    with progress(f"Sending {edition.id}") as tell:
        result = dispatch_edition(project, edition, ways, now(), each(tell, counts.pending + counts.deferred))
    _tell_result(app, result)


def _tell_result(app: App, result: SendResult) -> None:
    rate = f", {result.sent_now / result.seconds:,.0f} a second" if result.seconds > 1 else ""
    told = f"{result.sent_now:,} sent now, in {result.seconds:.1f} s{rate}."
    again = app.command(f"edition send {result.edition.id} --go")
    if result.problem:
        cure = getattr(result.problem, "hint", "").rstrip(".") or "cure it"
        app.fail(f"{result.edition.id}: {result.problem}", f"{cure}; nothing is lost, go on with: {again}")
        _exit_with(app, result, told, FAILED)
    elif result.interrupted:
        app.note(f"newsletter: interrupted; nothing is lost, go on with: {again}")
        _exit_with(app, result, told, INTERRUPTED)
    else:
        for relay in sorted(result.exhausted):
            app.note(f"{relay} has reached its daily_limit; go on tomorrow with: {again}")
        _conclude(app, result.edition, result.counts, told)


def _exit_with(app: App, result: SendResult, told: str, code: int) -> None:
    if not (app.as_json and result.problem):  # the fault was the document then
        _show(app, result.edition, result.counts, told)
    click.get_current_context().exit(code)


def _conclude(app: App, edition: Edition, counts: DeliveryCounts, told: str) -> None:
    _show(app, edition, counts, told)
    if counts.sent != counts.planned:
        click.get_current_context().exit(SOME_FAILED)


def _show(app: App, edition: Edition, counts: DeliveryCounts, told: str) -> None:
    numbers = {"planned": counts.planned, **counts.by_status()}
    why = "" if counts.sent == counts.planned else f": {app.command(f'edition report {edition.id}')}"
    app.show(
        {"id": str(edition.id), "status": edition.status, "counts": numbers},
        lambda: click.echo(f"{told}\n{edition.id} {is_how(edition)}: {tell_counts(numbers)}{why}"),
    )
