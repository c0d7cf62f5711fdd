"""newsletter audience: who news is sorted for, and why."""

from __future__ import annotations

from dataclasses import asdict

import click

from newsletter.cli.app import ITEM_ID, App, now, pass_app
from newsletter.cli.commands import Group
from newsletter.cli.screen import heading, prose, table


@click.group(cls=Group, example="newsletter audience explain 7")
def audience() -> None:
    """See who news is sorted for, and why."""


@audience.command("list", example="newsletter audience list --rules")
@click.option("--rules", "with_rules", is_flag=True, help="Also name each rule that has matched nothing.")
@pass_app
def list_(app: App, *, with_rules: bool) -> None:
    """List the audiences: members, items, idle rules.

    RECENT counts the items of the last 30 days; UNUSED the rules whose words stand in none of the items that
    are kept, of the newest 2,000.
    """
    from newsletter.workflows.audiences import review_audiences

    project = app.open_sorted()
    found = review_audiences(project, now())
    data = [
        asdict(it)
        | {"newsletters": [n.name for n in project.config.settings.newsletters if it.audience in n.audiences]}
        for it in found.audiences
    ]
    rows = [
        (it.audience, it.title, it.members, it.items, it.recent, f"{len(it.unused)} of {it.rules}")
        for it in found.audiences
    ]
    numbers = ["MEMBERS", "ITEMS", "RECENT", "UNUSED"]

    def human() -> None:
        table(["AUDIENCE", "TITLE", *numbers], rows, right=numbers)
        for it in found.audiences if with_rules else ():
            heading(f"\n{it.title}: rules that match none of {found.examined} items")
            for rule in it.unused:
                click.echo(f"  {rule.kind}: {rule.text}")

    app.show(data, human)
    for it in found.audiences:
        for fault in it.faults:
            app.note(f"{it.audience}: {fault}")
        if it.rules and len(it.unused) == it.rules and found.examined:
            app.note(f"{it.audience}: no rule of it matches any of the {found.examined} items that are kept")
    if any(it.unused for it in found.audiences) and not with_rules:
        app.note(f"rules that match nothing, one by one: {app.command('audience list --rules')}")


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
