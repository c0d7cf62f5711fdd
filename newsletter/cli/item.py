"""newsletter item: the news that was found, and the editor's hand on it."""

from __future__ import annotations

import click

from newsletter.cli.app import ITEM_ID, App, pass_app, shown_time
from newsletter.cli.commands import Group
from newsletter.cli.item_add import add
from newsletter.cli.item_hand import audience, correct, hide, note, order, pin, withdraw
from newsletter.cli.item_words import (
    for_whom,
    item_json,
    picture_line,
    refuse_unknown,
    refuse_unknown_name,
    state_word,
    why_line,
)
from newsletter.cli.screen import heading, prose, table


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
    project = app.open_sorted()
    slugs = [rules.slug for rules in project.config.audiences]
    refuse_unknown(audience, slugs)
    every = list(project.items.all())
    feeds = [source.name for source in project.config.feeds]
    refuse_unknown_name(
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
    rows = [
        (item.id, item.date.date(), item.title, for_whom(item, slugs), state_word(item)) for item, _ in found
    ]
    columns = ["ID", "DATE", "HEADLINE", "FOR", "STATUS"]
    app.show(
        [item_json(item, reasons, slugs) for item, reasons in found],
        lambda: table(columns, rows, right=["ID"], whole=["DATE", "STATUS"], narrow=["FOR"]),
    )
    if not every:
        app.note(f"no items yet: {app.command('feed pull')}")
    elif not found:
        app.note("no item is like that")


@item.command("show", example="newsletter item show 7")
@click.argument("item_id", metavar="ID", type=ITEM_ID)
@pass_app
def show(app: App, item_id: int) -> None:
    """Show one item in full, and why it is for whom."""
    from newsletter.feeds.clean import plain_text

    project = app.open_sorted()
    slugs = [rules.slug for rules in project.config.audiences]
    found, reasons = project.items.get(item_id)

    words = project.items.words_of_editors(item_id)

    def human() -> None:
        heading(found.title)
        feeds = f"feed{'s' * (len(found.sources) > 1)} {', '.join(found.sources)}"
        facts = [str(found.date.date()), found.section, found.author, feeds, state_word(found)]
        prose(" · ".join(fact for fact in facts if fact))
        if found.status_reason:
            prose(f"{found.status}: {found.status_reason}")
        if found.corrects:
            prose(f"corrects item {found.corrects}")
        prose(found.link or "no link: the item stands in full in the digest")
        if told := picture_line(found, project.config.settings.pictures.hosts):
            prose(told)
        for reason in reasons:
            prose(f"  for {reason.audience}: {why_line(reason)}")
        if not found.audiences:
            click.echo(f"  for nobody yet:  {app.command(f'item audience {item_id} +AUDIENCE')}")
        if found.position is not None:
            click.echo(f"  stands in place {found.position}")
        if found.note:
            prose(f"  note: {found.note}")
        for word in words:
            prose(f"  {shown_time(word.hand.at)} {word.hand.by}: {word.told}")
        prose(f"\n{plain_text(found.html) or found.summary}")
        if found.changed_since:
            prose(f"\nIt reads differently from what is in {found.changed_since}.")
            click.echo(f"Carry it once more, as a correction:  {app.command(f'item correct {item_id}')}")
            click.echo(f"Leave it at that:  {app.command(f'item correct {item_id} --leave')}")

    said = [
        {"at": it.hand.at, "by": it.hand.by, "what": it.what, "audience": it.audience, "value": it.value}
        for it in words
    ]
    more = {"html": found.html, "revision": found.revision, "editor": said}
    app.show(item_json(found, reasons, slugs) | more, human)


for command in (add, hide, pin, withdraw, correct, order, audience, note):
    item.add_command(command)
