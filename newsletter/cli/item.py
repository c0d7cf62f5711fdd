"""newsletter item: the news that was found, and the editor's hand on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import ITEM_ID, App, now, pass_app
from newsletter.cli.commands import Command, Group
from newsletter.cli.item_add import add
from newsletter.cli.screen import heading, prose, table

if TYPE_CHECKING:
    from newsletter.audiences.types import Reason
    from newsletter.feeds.types import Item


@click.group(cls=Group, example="newsletter item list --unsorted")
def item() -> None:
    """Look at the news that was found, and lay your hand on it."""


@item.command("list", example="newsletter item list --audience governors")
@click.option("--audience", help="Only items for this audience.")
@click.option("--feed", help="Only items of this feed.")
@click.option("--unsorted", is_flag=True, help="Only items that are for nobody yet.")
@click.option("--updated", is_flag=True, help="Only items that have changed since they were sent.")
@pass_app
def list_(app: App, audience: str | None, feed: str | None, *, unsorted: bool, updated: bool) -> None:
    """List the items, newest first."""
    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    refuse_unknown(audience, order)
    every = list(project.items.all())
    feeds = [source.name for source in project.config.feeds]
    _refuse_unknown(
        feed, [*feeds, *(item.feed for item, _ in every)], "feed"
    )  # one may be gone, its items not
    found = [
        (item, reasons)
        for item, reasons in every
        if (audience is None or audience in item.audiences)
        and (feed is None or feed in item.sources)
        and not (unsorted and item.audiences)
        and not (updated and item.changed_since is None)
    ]
    rows = [(item.id, item.date.date(), item.title, _for(item, order), _state(item)) for item, _ in found]
    columns = ["ID", "DATE", "HEADLINE", "FOR", "STATUS"]
    app.show(
        [item_json(item, reasons, order) for item, reasons in found],
        lambda: table(columns, rows, right=["ID"], whole=["DATE", "STATUS"], narrow=["FOR"]),
    )
    if not every:
        app.note(f"no items yet: {app.command('feed pull')}")


@item.command("show", example="newsletter item show 7")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@pass_app
def show(app: App, item_id: int) -> None:
    """Show one item in full, and why it is for whom."""
    from newsletter.feeds.clean import plain_text

    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    found, reasons = project.items.get(item_id)

    def human() -> None:
        heading(found.title)
        feeds = f"feed{'s' * (len(found.sources) > 1)} {', '.join(found.sources)}"
        facts = [str(found.date.date()), found.section, found.author, feeds, _state(found)]
        prose(" · ".join(fact for fact in facts if fact))
        if found.status_reason:
            prose(f"{found.status}: {found.status_reason}")
        if found.corrects:
            prose(f"corrects item {found.corrects}")
        prose(found.link or "no link: the item stands in full in the digest")
        if told := _picture(found, project.config.settings.pictures.hosts):
            prose(told)
        for reason in reasons:
            prose(f"  for {reason.audience}: {_why(reason)}")
        if not found.audiences:
            click.echo(f"  for nobody yet:  {app.command(f'item audience {item_id} +AUDIENCE')}")
        prose(f"\n{plain_text(found.html) or found.summary}")
        if found.changed_since:
            prose(f"\nIt reads differently from what is in {found.changed_since}.")
            click.echo(f"Carry it once more, as a correction:  {app.command(f'item correct {item_id}')}")
            click.echo(f"Leave it at that:  {app.command(f'item correct {item_id} --leave')}")

    app.show(item_json(found, reasons, order) | {"html": found.html, "revision": found.revision}, human)


item.add_command(add)


@item.command("hide", example="newsletter item hide 7")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@click.option("--undo", is_flag=True, help="Make it an ordinary item again.")
@pass_app
def hide(app: App, item_id: int, *, undo: bool) -> None:
    """Keep an item out of every edition."""
    _set_status(app, item_id, "new" if undo else "hidden")


@item.command("pin", example="newsletter item pin 7")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@click.option("--undo", is_flag=True, help="Make it an ordinary item again.")
@pass_app
def pin(app: App, item_id: int, *, undo: bool) -> None:
    """Put an item first in the next edition."""
    _set_status(app, item_id, "new" if undo else "pinned")


@item.command("withdraw", example="newsletter item withdraw 7")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@click.option("--undo", is_flag=True, help="Make it an ordinary item again.")
@pass_app
def withdraw(app: App, item_id: int, *, undo: bool) -> None:
    """Say that an item no longer holds; it goes into no further edition."""
    _set_status(app, item_id, "new" if undo else "withdrawn")


@item.command("correct", example="newsletter item correct 7")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@click.option("--leave", is_flag=True, help="Carry nothing: what was sent is good enough.")
@pass_app
def correct(app: App, item_id: int, *, leave: bool) -> None:
    """Carry an item again, as a correction.

    For one that has changed since it was sent. A new item takes its place, for the same audiences; its
    headline says that it is a correction.
    """
    project = app.open()
    if leave:
        project.items.settle(item_id)
        found, _ = project.items.get(item_id)
        told = f"item {item_id} stays as it was sent: {found.title}"
        app.show({"id": item_id, "corrected_by": None}, lambda: prose(told))
        return
    made = project.items.correct(item_id, now())
    found, _ = project.items.get(made)
    told = f"item {made} corrects item {item_id}, and goes into the next edition: {found.title}"
    app.show({"id": item_id, "corrected_by": made}, lambda: prose(told))


class AudienceCommand(Command):
    """Takes `+governors -leaders` as arguments: click would read the second as a row of options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the decisions behind `--`, where nothing is an option."""
        decisions = [arg for arg in args if re.fullmatch(r"[+-][a-z0-9][a-z0-9_-]+", arg)]
        others = [arg for arg in args if arg not in decisions]
        return super().parse_args(ctx, [*others, "--", *decisions] if decisions else others)


@item.command("audience", cls=AudienceCommand, example="newsletter item audience 7 +governors -leaders")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@click.argument("decisions", metavar="(+|-)AUDIENCE...", nargs=-1, required=True)
@pass_app
def audience(app: App, item_id: int, decisions: tuple[str, ...]) -> None:
    """Say whom an item is for (+) or not for (-). Your word wins over every rule."""
    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    for decision in decisions:
        if decision[0] not in "+-":
            raise click.UsageError(f"{decision!r}: put + or - before the audience, such as +{decision}")
        refuse_unknown(decision[1:], order)
    project.items.set_audiences(item_id, {decision[1:]: decision[0] == "+" for decision in decisions})
    found, reasons = project.items.get(item_id)
    told = f"item {item_id} is for {_for(found, order)}: {found.title}"
    app.show(item_json(found, reasons, order), lambda: prose(told))


def item_json(item: Item, reasons: Sequence[Reason], order: Sequence[str]) -> dict[str, object]:
    """Return an item as `item list --json` gives it."""
    return {
        "id": item.id,
        "feed": item.feed,
        "title": item.title,
        "link": item.link,
        "published": item.published,
        "updated": item.updated,
        "section": item.section,
        "summary": item.summary,
        "audiences": _ordered(item, order),
        "reasons": [
            {"audience": r.audience, "rule": r.rule, "where": r.where, "text": r.text} for r in reasons
        ],
        "status": item.status,
        "status_reason": item.status_reason,
        "sources": item.sources,
        "changed_since": item.changed_since,
        "corrects": item.corrects,
        "categories": item.categories,
        "language": item.language,
    }


def _state(item: Item) -> str:
    return f"{item.status}, updated" if item.changed_since else str(item.status)


def _picture(item: Item, hosts: Sequence[str]) -> str | None:
    """Return what becomes of an item's pictures in a digest; None where it has none."""
    from newsletter.render.pictures import first_picture, picture_host

    if shown := first_picture(item.html, hosts):
        return f"picture: {shown.url} ({shown.alt})"
    host = picture_host(item.html)
    return (
        host
        and f'picture not shown: newsletter.toml allows none of {host}; [pictures] hosts = ["{host}"] would'
    )


def _ordered(item: Item, order: Sequence[str]) -> list[str]:
    known = [slug for slug in order if slug in item.audiences]
    return known + sorted(item.audiences - set(known))


def _for(item: Item, order: Sequence[str]) -> str:
    return ", ".join(_ordered(item, order)) or "nobody yet"


def _why(reason: Reason) -> str:
    from newsletter.audiences.explain import reason_line

    return "the editor's word" if reason.rule == "editor" else reason_line(reason)


def refuse_unknown(slug: str | None, known: Sequence[str]) -> None:
    """Raise AudienceError for an audience that is not in the configuration."""
    _refuse_unknown(slug, known, "audience")


def _refuse_unknown(name: str | None, known: Sequence[str], what: str) -> None:
    from newsletter.config.faults import likely
    from newsletter.errors import AudienceError, NewsletterError

    if name is not None and name not in known:
        fault = AudienceError if what == "audience" else NewsletterError
        names = ", ".join(dict.fromkeys(known))
        raise fault(f"there is no {what} {name!r}{likely(name, known)}", hint=f"known: {names}")


def _set_status(app: App, item_id: int, status: str) -> None:
    from newsletter.feeds.types import ItemStatus

    project = app.open()
    project.items.set_status(item_id, ItemStatus(status))
    found, _ = project.items.get(item_id)
    told = "as any other again" if status == "new" else status
    app.show({"id": item_id, "status": status}, lambda: prose(f"item {item_id} is {told}: {found.title}"))
