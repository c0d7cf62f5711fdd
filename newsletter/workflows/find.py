"""Finding the edition that a user means."""

from __future__ import annotations

from newsletter.editions.types import Edition, EditionId, parse_edition_id
from newsletter.errors import EditionError
from newsletter.workflows.project import Project


def find_edition(project: Project, text: str) -> Edition:
    """Return the edition called "weekly/2026-11-27", or the newest of the newsletter called "weekly"."""
    named = parse_edition_id(text)
    newsletter = named.newsletter if isinstance(named, EditionId) else named
    project.config.newsletter(newsletter)
    found = (
        project.editions.find(named) if isinstance(named, EditionId) else project.editions.newest(newsletter)
    )
    if found is None:
        if isinstance(named, EditionId):
            raise EditionError(f"there is no edition {named}", hint="newsletter edition list")
        raise EditionError(f"{named} has no edition yet", hint=f"newsletter edition draft {newsletter}")
    return found
