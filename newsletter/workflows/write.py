"""Write: an editor's introduction, closing words or subject go into an edition's draft."""

from __future__ import annotations

from newsletter.editions.types import EditionWord
from newsletter.workflows.draft import Draft, draft_edition, refuse_late_draft
from newsletter.workflows.find import find_edition
from newsletter.workflows.project import Project


def write_word(project: Project, text: str, word: EditionWord) -> Draft:
    """Keep a word about an edition, and bring its draft up to date with it; an empty one takes it back.

    Raises EditionError for an edition that is approved or past it: what was approved does not change.
    """
    edition = find_edition(project, text)
    refuse_late_draft(edition)
    project.edition_words.say(edition, word)
    return draft_edition(project, edition.id.newsletter, word.at, day=edition.id.date)
