"""newsletter audience: who news is sorted for, and why."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import ITEM_ID, App, now, pass_app, printable
from newsletter.cli.commands import Group
from newsletter.cli.screen import heading, prose, table

if TYPE_CHECKING:
    from newsletter.workflows.audiences import Review

#: So many rules that match nothing are named where nobody asks for more.
_NAMED = 5


@click.group(cls=Group, example="newsletter audience explain 7")
def audience() -> None:
    """See who news is sorted for, and why."""


@audience.command("list", example="newsletter audience list")
@pass_app
def list_(app: App) -> None:
    """List the audiences: members, items, idle rules.

    RECENT counts the items of the last 30 days. Once 200 items are kept, it warns of rules of your own that
    match none of the newest 2,000; with -v it names all that do not.
    """
    from newsletter.workflows.audiences import review_audiences

    project = app.open_sorted()
    found = review_audiences(project, now())
    data = [
        asdict(it)
        | {"newsletters": [n.name for n in project.config.settings.newsletters if it.audience in n.audiences]}
        for it in found.audiences
    ]
    numbers = ["MEMBERS", "ITEMS", "RECENT"]
    rows = [(it.audience, it.title, it.members, it.items, it.recent) for it in found.audiences]

    def human() -> None:
        table(["AUDIENCE", "TITLE", *numbers], rows, right=numbers)
        for it in found.audiences if app.verbose else ():
            heading(f"\n{it.title}: rules that match none of {found.examined} items")
            for kind, rules in itertools.groupby(it.unused, lambda rule: rule.kind):
                prose(f"  {kind}: {', '.join(rule.text for rule in rules)}")

    app.show(data, human)
    for warning in _warnings(found):
        app.note(printable(warning))
    if found.is_telling and not app.verbose and any(it.own for it in found.audiences):
        app.note(f"all rules that match nothing:  {app.command('audience list -v')}")


def _warnings(found: Review) -> Iterator[str]:
    for it in found.audiences:
        yield from (f"{it.audience}: {fault}" for fault in it.faults)
        if found.examined and it.rules and len(it.unused) == it.rules:
            yield f"{it.audience}: no rule of it matches any of the {found.examined} items that are kept"
        elif found.is_telling and it.own:
            named = ", ".join(f"“{rule.text}” ({rule.kind})" for rule in it.own[:_NAMED])
            more = f" and {len(it.own) - _NAMED} more" if len(it.own) > _NAMED else ""
            yield f"{it.audience}: none of the newest {found.examined:,} items matches {named}{more}"


@audience.command("explain", example="newsletter audience explain 7")
@click.argument("item_id", metavar="ITEM", type=ITEM_ID)
@pass_app
def explain(app: App, item_id: int) -> None:
    """Say why an item is for whom, or not.

    For each audience: which rule decided, where in the text, and on which words; also what was passed over.
    """
    from newsletter.audiences import explain as explaining

    project = app.open_sorted()
    item, _ = project.items.get(item_id)
    editor = project.items.editor_word(item_id)
    explanation = explaining.explain(item, item.feed, project.sorter, editor=editor)
    verdicts = [
        asdict(given) | {"included": given.included, "missing": given.missing, "near_miss": given.is_near}
        for given in explanation.audiences
    ]

    def human() -> None:
        headline, *grounds = explaining.explanation_lines(explanation)
        heading(headline)
        prose("\n".join(grounds))

    app.show(
        {"item": item_id, "title": explanation.headline, "stated": explanation.stated, "audiences": verdicts},
        human,
    )
