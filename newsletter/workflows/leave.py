"""Leave: a member's own word that ends a newsletter, and taking it back while the page is still open."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.members.subscriptions import left_at, taken_back
from newsletter.workflows.project import Project

#: For how long somebody may take it back without writing to us.
UNDO_FOR = timedelta(hours=1)
#: What is on record as where the word came from.
_LEFT, _BACK = "link to leave", "taken back on the page"


def leave_newsletter(
    project: Project, member: int, newsletter: str, now: datetime, *, network_address: str | None = None
) -> datetime | None:
    """End what a member has of a newsletter; doing so again changes nothing.

    network_address: from where they said so, if that is kept. Returns when they left, as long as that can be
    taken back; None where it cannot, or there is nobody.
    """
    project.subscriptions.end(member, newsletter, _LEFT, now, network_address=network_address)
    left = left_at(project.subscriptions.of(member), newsletter)
    return left if left and now - left < UNDO_FOR else None


def take_back_leaving(project: Project, member: int, newsletter: str, left: datetime, now: datetime) -> bool:
    """Let a newsletter go on as it was before a member left; False where that is too late.

    left: when that was. Doing so twice changes nothing.
    """
    history = project.subscriptions.of(member)
    if any(it.newsletter == newsletter and it.ended_at is None for it in history):
        return True
    again = taken_back(history, newsletter, left, _BACK, now) if now - left < UNDO_FOR else None
    if again:
        project.subscriptions.begin(member, again)
    return again is not None
