"""newsletter why: why a member did, or did not, get this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import ITEM_ID, App, now, pass_app, shown_time
from newsletter.cli.commands import Command
from newsletter.cli.screen import heading, prose, table

if TYPE_CHECKING:
    from newsletter.editions.absence import Because
    from newsletter.editions.types import Edition
    from newsletter.members.types import Member, Subscription, Suppression
    from newsletter.store.traces import Carried, Trace
    from newsletter.workflows.project import Project
    from newsletter.workflows.why import EditionStory, ItemStory, Story

_SO_FAR = {
    "pending": "waits for its turn",
    "sending": "is leaving at this moment, or was when its sender stopped",
    "deferred": "the relay said later; tried again from {when}",
    "unknown": "it left, and the relay's answer never came: nobody knows",
}


@click.command("why", cls=Command, example="newsletter why anna@example.org --edition weekly")
@click.argument("email")
@click.option("--edition", "edition_id", metavar="EDITION", help="All about this edition: every try of it.")
@click.option("--item", "item_id", metavar="ID", type=ITEM_ID, help="All about this item.")
@pass_app
def why(app: App, email: str, edition_id: str | None, item_id: int | None) -> None:
    """Say why a member did, or did not, get something.

    Without options: a line for each of the last editions. With both, what became of that item in that
    edition.
    """
    from newsletter.workflows.why import explain_member

    project = app.open()
    story = explain_member(project, email, now(), edition=edition_id, item=item_id)
    app.show(_story_json(project, story), lambda: _tell(app, project, story, edition_id))


def _tell(app: App, project: Project, story: Story, edition_id: str | None) -> None:
    _tell_member(app, story)
    if story.item:
        _tell_item(app, project, story, story.item)
    elif edition_id:
        _tell_edition(project, story.editions[0], _first_name(story.member))
    elif story.editions:
        click.echo()
        columns = ["EDITION", "DELIVERY", "WHEN", "WHY"]
        rows = (_edition_cells(it) for it in story.editions)
        table(columns, rows, whole=["EDITION", "DELIVERY", "WHEN"])
        click.echo(f"\nEvery try of one:  {app.command(f'why {story.member.email} --edition EDITION')}")
    else:
        click.echo("There is no edition yet.")


def _tell_member(app: App, story: Story) -> None:
    from newsletter.members.story import story_of
    from newsletter.members.subscriptions import stays_out

    member = story.member
    heading(f"{member.full_name} <{member.email}>".strip())
    click.echo(f"{member.status} · {', '.join(sorted(member.audiences)) or 'no audience'}")
    for it in story.suppressions:
        if word := it.lifted:
            until = f"until {shown_time(word.at)}, when {word.by} lifted that: {word.because}"
            prose(f"Not mailed from {shown_time(it.since)} ({it}) {until}")
        else:
            prose(f"Never mailed since {shown_time(it.since)} ({it})")
            if not stays_out(story.subscriptions, it):
                again = app.command(f'member unsuppress {member.email} --because "..."')
                click.echo(f"If it works again:  {again}")
    for when, words in story_of(story.subscriptions):
        prose(f"{shown_time(when)}  {words}")
    _tell_bounces(story)


def _tell_bounces(story: Story) -> None:
    from newsletter.cli.bounce import bounce_line

    for it in story.bounces:
        prose(f"Came back {shown_time(it.came_at)}: {' '.join(bounce_line(it).split())}")


def _edition_cells(story: EditionStory) -> tuple[str, str, str, str]:
    trace = story.trace
    if trace is None:
        return str(story.edition.id), "none", "", _because(story)
    at = trace.tries[-1].at if trace.tries else trace.finished_at
    return str(story.edition.id), trace.status, shown_time(at, ""), _outcome(story, trace)


def _outcome(story: EditionStory, trace: Trace) -> str:
    """Return in a few words why a delivery stands as it does: ours, or the relay's own."""
    if story.because:
        return _because(story)
    said = trace.tries[-1].reply if trace.tries else None
    return "; ".join(filter(None, [_so_far(story, trace), said]))


def _so_far(story: EditionStory, trace: Trace) -> str:
    """Return how a delivery stands that has not come to a good end; "" for one that has."""
    if story.edition.status == "paused" and trace.status in ("pending", "deferred"):
        from newsletter.workflows.control import halted

        return f"waits: the edition was {halted(story.edition)}"
    return _SO_FAR.get(trace.status, "").replace("{when}", shown_time(trace.retry_at, "now on"))


def _because(story: EditionStory) -> str:
    return story.because.told(shown_time) if story.because else ""


def _tell_edition(project: Project, story: EditionStory, name: str) -> None:
    edition, trace = story.edition, story.trace
    click.echo()
    if trace is None:
        prose(f"{edition.id}: {name} {_because(story)}.")
        return
    order = project.config.newsletter(edition.id.newsletter).audiences
    prose(
        f"{edition.id}: {trace.status}, as {_variant(trace, order)}. {_explained(story, trace, name)}".strip()
    )
    click.echo()
    tries = [(shown_time(it.at), it.status, it.relay, it.reply) for it in trace.tries]
    planned = (shown_time(edition.started_at, ""), "planned", "", "")
    table(
        ["WHEN", "WHAT", "RELAY", "IN ITS WORDS"], [planned, *tries], whole=["WHEN", "WHAT"], narrow=["RELAY"]
    )


def _explained(story: EditionStory, trace: Trace, name: str) -> str:
    if story.because:  # what a relay said at a refusal stands with the try
        return "" if trace.status == "refused" else f"{name} {_because(story)}."
    waits = _so_far(story, trace)
    return f"{waits[:1].upper()}{waits[1:]}." if waits else ""


def _tell_item(app: App, project: Project, whole: Story, story: ItemStory) -> None:
    """Walk the chain: where the item came from, whom it is for, what the member gets, what became of it."""
    from newsletter.audiences.explain import reason_line

    item, name = story.item, _first_name(whole.member)
    click.echo()
    prose(f"Item {item.id}: {item.title}")
    status = "" if item.status == "new" else f", {item.status}"
    prose(f"  from feed {item.feed}, first seen {shown_time(item.first_seen)}{status}")
    first = {reason.audience: reason for reason in reversed(story.reasons)}
    for audience in sorted(item.audiences):
        reason = first.get(audience)
        prose(f"  for {audience}" + (f": {reason_line(reason)}" if reason else ""))
    if not item.audiences:
        prose("  for no audience yet")
    for it in _running(whole):
        both = ", ".join(sorted(it.audiences & item.audiences)) or "nothing that the item is for"
        since = shown_time(it.started_at)
        prose(f"  {name} gets {it.newsletter} for {', '.join(sorted(it.audiences))} since {since}: {both}")
    click.echo()
    for newsletter, edition, because in story.because:
        prose(f"{edition.id if edition else newsletter}: {name} {because.told(shown_time)}.")
    told = {edition.id for _, edition, _ in story.because if edition}
    for carried in story.carried:
        if carried.edition not in told:
            prose(f"{_carried_words(carried, name)}{_in_variant(project, whole, carried)}.")
    click.echo(f"\nWhy it is for whom:  {app.command(f'audience explain {item.id}')}")


def _running(whole: Story) -> Iterator[Subscription]:
    return (it for it in whole.subscriptions if it.ended_at is None)


def _in_variant(project: Project, whole: Story, carried: Carried) -> str:
    for story in whole.editions:
        if story.trace and story.edition.id == carried.edition:
            order = project.config.newsletter(carried.edition.newsletter).audiences
            return f", as {_variant(story.trace, order)}"
    return ""


def _carried_words(carried: Carried, name: str) -> str:
    """Return "Sent to Anna with weekly/2026-11-27 on 2026-11-27 07:05"."""
    words = {
        "sent": f"Sent to {name}",
        "unknown": f"It left for {name}, and the relay's answer never came,",
        "pending": f"On its way to {name}",
        "sending": f"On its way to {name}",
        "deferred": f"On its way to {name}",
    }.get(carried.status, f"Not sent to {name} ({carried.status})")
    at = f" on {shown_time(carried.finished_at)}" if carried.finished_at else ""
    return f"{words} with {carried.edition}{at}"


def _first_name(member: Member) -> str:
    return member.first_name or member.email


def _variant(trace: Trace, order: Sequence[str]) -> str:
    from newsletter.editions.names import variant_name

    return variant_name(trace.audiences, trace.number, order)


def _story_json(project: Project, story: Story) -> dict[str, Any]:
    from newsletter.cli.bounce import bounce_json

    member = story.member
    data = {
        "email": member.email,
        "status": member.status,
        "audiences": member.audiences,
        "newsletters": member.newsletters,
        "suppressed": next((_suppression_json(it) for it in story.suppressions if not it.lifted), None),
        "lifted": [
            _suppression_json(it) | {"until": it.lifted.at, "by": it.lifted.by, "because": it.lifted.because}
            for it in story.suppressions
            if it.lifted
        ],
        "bounces": [bounce_json(it) for it in story.bounces],
        "editions": [_edition_json(project, it) for it in story.editions],
    }
    return data | {"item": _item_json(project, story, story.item)} if story.item else data


def _suppression_json(it: Suppression) -> dict[str, Any]:
    return {"reason": it.reason, "detail": it.detail, "since": it.since}


def _edition_json(project: Project, story: EditionStory) -> dict[str, Any]:
    edition = story.edition
    return {
        "id": str(edition.id),
        "status": edition.status,
        "planned": edition.started_at,
        "delivery": story.trace and _trace_json(project, edition, story.trace),
        "why": story.because and _because_json(story.because),
    }


def _trace_json(project: Project, edition: Edition, trace: Trace) -> dict[str, Any]:
    return {
        "status": trace.status,
        "variant": _variant(trace, project.config.newsletter(edition.id.newsletter).audiences),
        "items": trace.items,
        "finished_at": trace.finished_at,
        "retry_at": trace.retry_at,
        "resent": trace.resent,
        "attempts": [
            {"at": it.at, "status": it.status, "relay": it.relay, "reply": it.reply} for it in trace.tries
        ],
    }


def _because_json(because: Because) -> dict[str, Any]:
    return {"code": because.code, "text": because.told(shown_time), "when": because.when}


def _item_json(project: Project, whole: Story, story: ItemStory) -> dict[str, Any]:
    item = story.item
    return {
        "id": item.id,
        "title": item.title,
        "feed": item.feed,
        "first_seen": item.first_seen,
        "status": item.status,
        "audiences": item.audiences,
        "subscriptions": [
            {
                "newsletter": it.newsletter,
                "audiences": it.audiences,
                "since": it.started_at,
                "shared": it.audiences & item.audiences,
            }
            for it in _running(whole)
        ],
        "reasons": [
            {"audience": it.audience, "rule": it.rule, "where": it.where, "text": it.text}
            for it in story.reasons
        ],
        "carried": [
            {
                "edition": str(it.edition),
                "variant": _in_variant(project, whole, it).removeprefix(", as ") or None,
                "status": it.status,
                "at": it.finished_at,
            }
            for it in story.carried
        ],
        "why": list(_missed_json(story)),
    }


def _missed_json(story: ItemStory) -> Iterator[dict[str, Any]]:
    for newsletter, edition, because in story.because:
        about = {"newsletter": newsletter, "edition": str(edition.id) if edition else None}
        yield about | _because_json(because)
