"""newsletter edition intro, closing and subject: what an editor writes, kept with who and when."""

from __future__ import annotations

from typing import TextIO

import click

from newsletter.cli.app import App, now, pass_app
from newsletter.cli.commands import Command
from newsletter.cli.control import login_name
from newsletter.cli.edition_draft import tell_draft
from newsletter.cli.item_words import refuse_unknown

_MAX_TEXT = 20_000
_edition = click.argument("edition_id", metavar="EDITION")
_file = click.argument("file", type=click.File(encoding="utf-8-sig"), required=False)
_text = click.option("--text", metavar="TEXT", help="The text itself, in the place of a file.")
_for = click.option(
    "--for", "audience", metavar="AUDIENCE", default="", help="Only for them; by default for all readers."
)
_undo = click.option("--undo", is_flag=True, help="Take it back.")
_by = click.option("--by", "name", metavar="NAME", help="Who wrote it; by default your login name.")


@click.command(
    "intro",
    cls=Command,
    example='newsletter edition intro weekly --text "See **page 2**."',
)
@_edition
@_file
@_text
@_for
@_undo
@_by
@pass_app
def intro(
    app: App,
    edition_id: str,
    file: TextIO | None,
    *,
    text: str | None,
    audience: str,
    name: str | None,
    undo: bool,
) -> None:
    """Write an introduction, in Markdown.

    It stands before the stories: one for all readers first, then those for each of a reader's audiences. The
    draft is brought up to date with it.
    """
    _write(app, edition_id, "introduction", _said(file, text, undo=undo), audience=audience, by=name)


@click.command(
    "closing", cls=Command, example='newsletter edition closing weekly --text "See you in Cardiff."'
)
@_edition
@_file
@_text
@_for
@_undo
@_by
@pass_app
def closing(
    app: App,
    edition_id: str,
    file: TextIO | None,
    *,
    text: str | None,
    audience: str,
    name: str | None,
    undo: bool,
) -> None:
    """Write closing words, in Markdown.

    They stand after the stories: those for all readers first, then those for each of a reader's audiences.
    """
    _write(app, edition_id, "closing", _said(file, text, undo=undo), audience=audience, by=name)


@click.command("subject", cls=Command, example='newsletter edition subject weekly "Budgets for three years"')
@_edition
@click.argument("text", required=False)
@_for
@_undo
@_by
@pass_app
def subject(
    app: App, edition_id: str, text: str | None, audience: str, name: str | None, *, undo: bool
) -> None:
    """Write the subject yourself.

    It takes the place of the one that is made from the first headline. One for an audience wins over the one
    for all readers.
    """
    from newsletter.render.subject import SUBJECT_LENGTH

    said = " ".join((text or "").split())
    if undo is bool(said):
        raise click.UsageError("give a subject, or --undo")
    if len(said) > SUBJECT_LENGTH:
        raise click.UsageError(
            f"the subject has {len(said)} characters, and inboxes show {SUBJECT_LENGTH}: "
            f"after {said[:SUBJECT_LENGTH]!r} it would be cut"
        )
    _write(app, edition_id, "subject", said, audience=audience, by=name)


def _said(file: TextIO | None, text: str | None, *, undo: bool) -> str:
    if (file is not None) + (text is not None) + undo != 1:
        raise click.UsageError("give a file (- is standard input), or --text, or --undo")
    try:
        said = (text if file is None else file.read()) or ""
    except UnicodeDecodeError:
        raise click.UsageError(
            f"{file.name if file else '--text'} is not UTF-8 text; save it as UTF-8"
        ) from None
    if not undo and not said.strip():
        raise click.UsageError("there is no text in it; --undo takes an earlier one back")
    if len(said) > _MAX_TEXT:
        raise click.UsageError(f"the text has {len(said):,} characters, {_MAX_TEXT:,} is the most")
    return said.strip()


def _write(app: App, edition_id: str, part: str, text: str, *, audience: str, by: str | None) -> None:
    from newsletter.editions.types import EditionPart, EditionWord
    from newsletter.render.markdown import not_in_mail
    from newsletter.workflows.find import find_edition
    from newsletter.workflows.write import write_word

    project = app.open()
    edition = find_edition(project, edition_id)
    refuse_unknown(audience or None, project.config.newsletter(edition.id.newsletter).audiences)
    word = EditionWord(EditionPart(part), audience, text, login_name() if by is None else by, now())
    draft = write_word(project, str(edition.id), word)
    for said in not_in_mail(text) if word.part is not EditionPart.SUBJECT else ():
        app.note(said)
    tell_draft(app, project, draft)
