"""Leave: a member's own word that ends a newsletter, and taking it back while the page is still open."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.members.subscriptions import left_at, taken_back
from newsletter.members.types import EndReason
from newsletter.workflows.project import Project

#: For how long somebody may take it back without writing to us.
UNDO_FOR = timedelta(hours=1)
_SOURCE = "taken back on the page"


def leave_newsletter(project: Project, member: int, newsletter: str, now: datetime) -> datetime | None:
    """End what a member has of a newsletter; doing so again changes nothing.

    Returns when they left, as long as that can be taken back; None where it cannot, or there is nobody.
    """
    project.members.end_subscriptions(member, EndReason.UNSUBSCRIBED, now, newsletter)
    left = left_at(project.members.subscriptions(member), newsletter)
    return left if left and now - left < UNDO_FOR else None


def take_back_leaving(project: Project, member: int, newsletter: str, left: datetime, now: datetime) -> bool:
    """Let a newsletter go on as it was before a member left; False where that is too late.

    left: when that was. Doing so twice changes nothing.
    """
    history = project.members.subscriptions(member)
    if any(it.newsletter == newsletter and it.ended_at is None for it in history):
        return True
    again = taken_back(history, newsletter, left, _SOURCE, now) if now - left < UNDO_FOR else None
    if again:
        project.subscriptions.begin(member, again)
    return again is not None
