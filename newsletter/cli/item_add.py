"""newsletter item add: a story that is in no feed."""

from __future__ import annotations

import click

from newsletter.cli.app import App, now, pass_app, printable
from newsletter.cli.commands import Command
from newsletter.cli.screen import prose


@click.command("add", cls=Command, example="newsletter item add https://www.example.gov.uk/news/new-roofs")
@click.argument("source", metavar="URL-or-FILE")
@click.option("--title", help="A headline in place of the page's own.")
@click.option("--audience", "audiences", multiple=True, help="Whom it is for, beside what the rules say.")
@pass_app
def add(app: App, source: str, title: str | None, audiences: tuple[str, ...]) -> None:
    """Add a story that is in no feed, from a web page or a saved file.

    Headline, date, section and lead picture are the page's own. Added again, it is brought up to date; a
    story that a feed has, too, is one item. FILE is HTML, or text with the headline in its first line.
    """
    from newsletter.cli.item_words import item_json, refuse_unknown
    from newsletter.feeds.types import BY_HAND
    from newsletter.workflows.add_item import add_item

    project = app.open()
    order = [rules.slug for rules in project.config.audiences]
    for audience in audiences:
        refuse_unknown(audience, order)
    if not source.strip():
        raise click.UsageError("give the address of a page, or the name of a file")
    if title is not None and not title.strip():
        raise click.UsageError("--title is empty; leave it out for the page's own headline")
    done = add_item(project, source, now(), title=title)
    if audiences:
        project.items.set_audiences(done.item_id, dict.fromkeys(audiences, True))
    found, reasons = project.items.get(done.item_id)

    def human() -> None:
        how = {"added": "added", "changed": "brought up to date", "as before": "there already, as it is"}
        told = how[done.how] if found.feed == BY_HAND.name else f"there already, from feed {found.feed}"
        prose(f"item {found.id} {told}: {found.title}")
        day = (
            found.published.date().isoformat()
            if found.published
            else "without a date, so it counts from today"
        )
        prose(" · ".join(fact for fact in (day, found.section, found.author, found.link) if fact))
        served = ", ".join(slug for slug in order if slug in found.audiences)
        prose(
            f"for {served}"
            if served
            else f"for nobody yet:  {app.command(f'item audience {found.id} +AUDIENCE')}"
        )
        click.echo(f"Look at it:  {app.command(f'item show {found.id}')}")

    app.show(item_json(found, reasons, order) | {"how": done.how}, human)
    if title and found.feed != BY_HAND.name:
        app.note(printable(f"its headline stays as feed {found.feed} has it, and --title changes nothing"))
    for word in ("hidden", "withdrawn"):
        if found.status == word:
            app.note(
                printable(
                    f"it is {word} and goes into no edition: {app.command(f'item hide {found.id} --undo')}"
                )
            )
