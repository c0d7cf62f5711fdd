"""The editor's hand on an item: hide, pin, order, audience, note. Each word is kept with who and when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import ITEM_ID, App, now, pass_app
from newsletter.cli.commands import Command
from newsletter.cli.control import login_name
from newsletter.cli.item_words import for_whom, item_json, refuse_unknown
from newsletter.cli.screen import prose

if TYPE_CHECKING:
    from newsletter.audiences.types import Hand

_MAX_NOTE = 2_000
_by = click.option("--by", "name", metavar="NAME", help="Who says so; by default your login name.")
_item = click.argument("item_id", metavar="ID", type=ITEM_ID)


def _hand(name: str | None) -> Hand:
    from newsletter.audiences.types import Hand

    return Hand(login_name() if name is None else name, now())


def _gives(status: str, verb: str, told: str) -> click.Command:
    """Return the verb that gives an item this status, and with --undo takes it from it again."""

    @click.command(verb, cls=Command, help=told, example=f"newsletter item {verb} 7")
    @_item
    @click.option("--undo", is_flag=True, help="Make it an ordinary item again.")
    @_by
    @pass_app
    def command(app: App, item_id: int, name: str | None, *, undo: bool) -> None:
        from newsletter.feeds.types import ItemStatus

        project = app.open()
        given = ItemStatus.NEW if undo else ItemStatus(status)
        project.items.set_status(item_id, given, _hand(name))
        found, _ = project.items.get(item_id)
        told = f"item {item_id} is {'as any other again' if undo else given}: {found.title}"
        app.show({"id": item_id, "status": given}, lambda: prose(told))

    return command


hide = _gives("hidden", "hide", "Keep an item out of every edition.")
pin = _gives("pinned", "pin", "Put an item first in the next edition, under its own heading.")
withdraw = _gives(
    "withdrawn", "withdraw", "Say that an item no longer holds; it goes into no further edition."
)


@click.command("correct", cls=Command, example="newsletter item correct 7")
@_item
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


@click.command("order", cls=Command, example="newsletter item order 7 1")
@_item
@click.argument("place", type=click.IntRange(1, 9_999), required=False)
@click.option("--undo", is_flag=True, help="Leave it to its date again.")
@_by
@pass_app
def order(app: App, item_id: int, place: int | None, name: str | None, *, undo: bool) -> None:
    """Say in which place an item stands, 1 first.

    Items that have no place follow, newest first. Pinned items stand before all others, in the order in which
    they were pinned; a place puts one before them. In sections the order is that within each of them.
    """
    if undo is (place is not None):
        raise click.UsageError("give a place, such as 1, or --undo")
    project = app.open()
    project.items.set_position(item_id, place, _hand(name))
    found, _ = project.items.get(item_id)
    told = f"stands in place {place}" if place else "stands by its date again"
    app.show({"id": item_id, "order": place}, lambda: prose(f"item {item_id} {told}: {found.title}"))


@click.command("note", cls=Command, example='newsletter item note 7 "Check the figures with Ann"')
@_item
@click.argument("text", required=False)
@click.option("--undo", is_flag=True, help="Forget the note.")
@_by
@pass_app
def note(app: App, item_id: int, text: str | None, name: str | None, *, undo: bool) -> None:
    """Note something about an item for your colleagues. It is never sent."""
    said = " ".join((text or "").split())
    if undo is bool(said):
        raise click.UsageError("give a text, or --undo")
    if len(said) > _MAX_NOTE:
        raise click.UsageError(f"the note has {len(said)} characters, {_MAX_NOTE} is the most")
    project = app.open()
    project.items.set_note(item_id, said, _hand(name))
    found, _ = project.items.get(item_id)
    told = "noted for" if said else "no note any more for"
    app.show({"id": item_id, "note": said}, lambda: prose(f"{told} item {item_id}: {found.title}"))


class AudienceCommand(Command):
    """Takes `+governors -leaders` as arguments: click would read the second as a row of options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the decisions behind `--`, where nothing is an option."""
        decisions = [arg for arg in args if re.fullmatch(r"[+-][a-z0-9][a-z0-9_-]+", arg)]
        others = [arg for arg in args if arg not in decisions]
        return super().parse_args(ctx, [*others, "--", *decisions] if decisions else others)


@click.command("audience", cls=AudienceCommand, example="newsletter item audience 7 +governors -leaders")
@_item
@click.argument("decisions", metavar="(+|-)AUDIENCE...", nargs=-1, required=True)
@click.option("--undo", is_flag=True, help="Take your word back: for these the rules decide again.")
@_by
@pass_app
def audience(app: App, item_id: int, decisions: tuple[str, ...], name: str | None, *, undo: bool) -> None:
    """Say whom an item is for (+) or not for (-). Your word wins over every rule."""
    project = app.open()
    slugs = [rules.slug for rules in project.config.audiences]
    for decision in decisions:
        if decision[0] not in "+-":
            raise click.UsageError(f"{decision!r}: put + or - before the audience, such as +{decision}")
        refuse_unknown(decision[1:], slugs)
    said = {decision[1:]: None if undo else decision[0] == "+" for decision in decisions}
    project.items.set_audiences(item_id, said, _hand(name))
    found, reasons = project.items.get(item_id)
    told = f"item {item_id} is for {for_whom(found, slugs)}: {found.title}"
    app.show(item_json(found, reasons, slugs), lambda: prose(told))
