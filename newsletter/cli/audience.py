"""newsletter audience: who news is sorted for, and why."""

from __future__ import annotations

from dataclasses import asdict

import click

from newsletter.cli.app import ITEM_ID, App, pass_app
from newsletter.cli.commands import Group
from newsletter.cli.screen import heading, prose, table


@click.group(cls=Group, example="newsletter audience explain 7")
def audience() -> None:
    """See who news is sorted for, and why."""


@audience.command("list", example="newsletter audience list")
@pass_app
def list_(app: App) -> None:
    """List the audiences with their members and items."""
    project = app.open()
    items = [item for item, _ in project.items.all()]
    members = project.members.count_by_audience()
    data = [
        {
            "audience": rules.slug,
            "title": rules.title,
            "members": members[rules.slug],
            "items": sum(rules.slug in item.audiences for item in items),
            "newsletters": [n.name for n in project.config.settings.newsletters if rules.slug in n.audiences],
        }
        for rules in project.config.audiences
    ]
    rows = [(d["audience"], d["title"], d["members"], d["items"]) for d in data]
    app.show(
        data,
        lambda: table(["AUDIENCE", "TITLE", "MEMBERS", "ITEMS"], rows, right=["MEMBERS", "ITEMS"]),
    )


@audience.command("explain", example="newsletter audience explain 7")
@click.argument("item_id", metavar="ITEM", type=ITEM_ID)
@pass_app
def explain(app: App, item_id: int) -> None:
    """Say why an item is for whom, or not.

    For each audience: which rule decided, where in the text, and on which words; also what was passed over.
    """
    from newsletter.audiences import explain as explaining

    project = app.open()
    item, _ = project.items.get(item_id)
    editor = project.items.editor_word(item_id)
    explanation = explaining.explain(item, item.feed, project.sorter, editor=editor)
    verdicts = [asdict(given) | {"included": given.included} for given in explanation.audiences]

    def human() -> None:
        headline, *grounds = explaining.explanation_lines(explanation)
        heading(headline)
        prose("\n".join(grounds))

    app.show({"item": item_id, "title": explanation.headline, "audiences": verdicts}, human)
