"""Unchanged: whether an edition still is what was drafted, or somebody has changed something since.

Nothing heavy is imported here: each round asks it of every edition that waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from newsletter.editions.approval import edition_hash
from newsletter.editions.changes import Rendering, header_changes
from newsletter.editions.names import variant_name
from newsletter.editions.types import Edition, Variant
from newsletter.errors import NotApproved
from newsletter.feeds.types import ItemStatus
from newsletter.workflows.heads import message_headers, shown_headers
from newsletter.workflows.project import Project


def change_since_draft(project: Project, edition: Edition, variants: Sequence[Variant]) -> str | None:
    """Return what somebody has changed of an edition since it was drafted, as a person is told."""
    return next(_changes(project, edition, variants), None)


def _changes(project: Project, edition: Edition, variants: Sequence[Variant]) -> Iterator[str]:
    if changed := _other_headers(project, edition, variants):
        yield changed
    for word in project.edition_words.newest(edition):
        if edition.drafted_at and word.at > edition.drafted_at:
            yield f"{word.by} changed the {word.part} since it was drafted"
    for item in project.items.by_ids({key for variant in variants for key in variant.items}).values():
        if item.status in (ItemStatus.HIDDEN, ItemStatus.WITHDRAWN):
            yield f"item {item.id} ({item.title}) is {item.status} since it was drafted"


def refuse_changed(project: Project, edition: Edition, variants: Sequence[Variant]) -> None:
    """Raise NotApproved when what would be sent is no longer what the hash stands for."""
    if changed := change_since_draft(project, edition, variants):
        again = f"newsletter edition draft {edition.id.newsletter} --date {edition.id.date} --reopen"
        raise NotApproved(f"{edition.id}: {changed}", hint=again)


def refuse_other_headers(project: Project, edition: Edition, variants: Sequence[Variant]) -> None:
    """Raise NotApproved when the sender or the newsletter is no longer what was approved."""
    if changed := _other_headers(project, edition, variants):
        cure = "put them back as they were; what is being sent stays as it was approved"
        raise NotApproved(f"{edition.id}: {changed}", hint=cure)


def _other_headers(project: Project, edition: Edition, variants: Sequence[Variant]) -> str | None:
    order = project.config.newsletter(edition.id.newsletter).audiences
    hashes = {variant_name(v.audiences, v.number, order): v.hash for v in variants}
    if edition_hash(hashes, message_headers(project.config, edition.id)) == edition.hash:
        return None
    changed = "sender or newsletter changed in newsletter.toml since it was drafted"
    told = _told_headers(project, edition)
    return f"{changed} ({told})" if told else changed


def _told_headers(project: Project, edition: Edition) -> str:
    """Return "From was …, is …" for the header lines that are not as they were approved; may be empty."""
    found = project.editions.last_approved(edition)
    if found is None or found[1] is None:
        return ""
    now = Rendering(shown_headers(message_headers(project.config, edition.id)), {})
    changes = header_changes(Rendering.load(found[1]), now)
    return "; ".join(f"{it.subject} was {it.before[0]}, is {it.after[0]}" for it in changes)
