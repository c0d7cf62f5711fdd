"""Changes: what an edition holds now that nobody has approved, beside what somebody approved."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.editions.changes import Change, Face, Rendering, changes_between
from newsletter.editions.names import variant_name
from newsletter.editions.types import Approval, Edition, Variant
from newsletter.errors import EditionError
from newsletter.render.types import Segments
from newsletter.workflows.heads import message_headers, shown_headers
from newsletter.workflows.project import Project


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed since an edition was approved last.

    changes: with the names of the variants that each is in; titles: of items that came, went or moved, by id.
    """

    approved: Approval
    changes: dict[Change, list[str]]
    titles: dict[str, str]


def difference(project: Project, edition: Edition) -> Difference:
    """Compare an edition with what was approved last.

    Raises EditionError where nobody has approved it, or what was approved was not kept.
    """
    found = project.editions.last_approved(edition)
    if found is None:
        raise EditionError(
            f"nobody has approved {edition.id} yet, so there is nothing to compare it with",
            hint=f"newsletter edition preview {edition.id} --open",
        )
    approved, content = found
    if content is None:
        raise EditionError(
            f"{edition.id} was approved by {approved.name} with an older version of this program,"
            " which did not keep what was approved",
            hint=f"newsletter edition preview {edition.id} --open",
        )
    now = rendering_of(project, edition, project.editions.variants(edition))
    changes = changes_between(Rendering.load(content), now)
    return Difference(approved, changes, titles_of(project, changes))


def is_changed(project: Project, edition: Edition) -> Approval | None:
    """Return the approval of something else than what the edition holds now; None where there is none."""
    found = project.editions.last_approved(edition)
    if found is None or found[1] is None:
        return None
    now = rendering_of(project, edition, project.editions.variants(edition))
    return found[0] if Rendering.load(found[1]) != now else None


def rendering_of(project: Project, edition: Edition, variants: list[Variant]) -> Rendering:
    """Return what members would see of an edition now."""
    order = project.config.newsletter(edition.id.newsletter).audiences
    faces = {variant_name(it.audiences, it.number, order): _face(project, it) for it in variants}
    return Rendering(shown_headers(message_headers(project.config, edition.id)), faces)


def _face(project: Project, variant: Variant) -> Face:
    rendered = project.editions.rendered(variant.key)
    lines = tuple(line.rstrip() for line in _shown(rendered.text).splitlines() if line.strip())
    return Face(rendered.subject, rendered.preheader, variant.items, lines, variant.hash)


def _shown(segments: Segments) -> str:
    """Return a text with the names of its merge fields."""
    return "".join(it if isinstance(it, str) else f"{{{{ {it.name} }}}}" for it in segments)


def titles_of(project: Project, changes: dict[Change, list[str]]) -> dict[str, str]:
    """Return the titles of items that changes name, by id."""
    keys = {int(it.subject) for it in changes if it.kind in ("item", "moved")}
    return {str(key): item.title for key, item in project.items.by_ids(keys).items()}
