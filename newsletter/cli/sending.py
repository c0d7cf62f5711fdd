"""Sending in the foreground, and how it is told: what `edition send --go` and `edition resume` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.app import FAILED, INTERRUPTED, SOME_FAILED, App, counted, now, shown_time
from newsletter.cli.edition_view import is_how, state_json, tell_counts
from newsletter.cli.send_bar import rate_words, send_bar

if TYPE_CHECKING:
    from newsletter.editions.types import DeliveryCounts, Edition
    from newsletter.workflows.project import Project
    from newsletter.workflows.send import SendResult


def send_rest(app: App, project: Project, edition: Edition) -> None:
    """Send what is open of an edition, say how far it came, and end with the exit code for it."""
    from newsletter.workflows.send import dispatch_edition
    from newsletter.workflows.ways import ways_out

    counts = project.editions.counts(edition)
    if not counts.open:
        _conclude(app, edition, counts, told="Nothing was left to send.")
        return
    ways = ways_out(project)
    with send_bar(f"Sending {edition.id}") as tell:
        result = dispatch_edition(project, edition, ways, now(), tell)
    _tell_result(app, result)


def _tell_recovered(app: App, result: SendResult) -> None:
    """Say what a sender that was stopped in the middle had in hand."""
    found = result.recovered
    if found.unknown:
        again = ", so they are sent once more" if found.resent else ""
        in_hand = counted(found.unknown, "message")
        app.note(
            f"note: an earlier sender stopped with {in_hand} in hand; "
            f"whether they arrived is not known{again}"
        )


def _tell_result(app: App, result: SendResult) -> None:
    _tell_recovered(app, result)
    told_rate = result.sent_now and result.seconds > 1
    rate = f", {rate_words(result.sent_now / result.seconds)}" if told_rate else ""
    told = f"{result.sent_now:,} sent now, in {result.seconds:.1f} s{rate}."
    again = app.command(f"edition send {result.edition.id} --go")
    if result.problem:
        cure = getattr(result.problem, "hint", "").rstrip(".") or "cure it"
        app.fail(f"{result.edition.id}: {result.problem}", f"{cure}; nothing is lost, go on with: {again}")
        _exit_with(app, result, told, FAILED)
    elif result.interrupted:
        in_hand = counted(result.dropped.unknown, "message")
        lost = f"{in_hand} in hand now unknown" if result.dropped.unknown else "nothing is lost"
        app.note(f"newsletter: interrupted; {lost}, go on with: {again}")
        _exit_with(app, result, told, INTERRUPTED)
    elif result.edition.status in ("paused", "cancelled"):
        _tell_halt(app, result.edition)
        _exit_with(app, result, told, SOME_FAILED)
    else:
        for relay in sorted(result.exhausted):
            app.note(f"{relay} has reached its daily_limit; go on tomorrow with: {again}")
        if result.closed_until:
            opens = shown_time(result.closed_until)
            app.note(f"the hours for sending are over; go on from {opens} with: {again}")
        _conclude(app, result.edition, result.counts, told)


def _tell_halt(app: App, edition: Edition) -> None:
    """Say who stopped an edition while it was going out, and the way on where there is one."""
    from newsletter.workflows.control import halted

    on = f"; go on with: {app.command(f'edition resume {edition.id}')}" if edition.status == "paused" else ""
    app.note(f"newsletter: {halted(edition)}{on}")


def _exit_with(app: App, result: SendResult, told: str, code: int) -> None:
    if not (app.as_json and result.problem):  # the fault was the document then
        _tell_end(app, result.edition, result.counts, told)
    click.get_current_context().exit(code)


def _conclude(app: App, edition: Edition, counts: DeliveryCounts, told: str) -> None:
    _tell_end(app, edition, counts, told)
    if counts.sent != counts.planned:
        click.get_current_context().exit(SOME_FAILED)


def _tell_end(app: App, edition: Edition, counts: DeliveryCounts, told: str) -> None:
    why = "" if counts.sent == counts.planned else f": {app.command(f'edition report {edition.id}')}"
    show_state(app, edition, counts, told, why)


def show_state(app: App, edition: Edition, counts: DeliveryCounts, told: str, on: str = "") -> None:
    """Print what was done and how an edition stands now; as JSON its state and counts."""
    numbers = {"planned": counts.planned, **counts.by_status()}
    app.show(
        state_json(edition) | {"counts": numbers},
        lambda: click.echo(f"{told}\n{edition.id} {is_how(edition)}: {tell_counts(numbers)}{on}"),
    )
