"""Leave requests: mail that asks to leave, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime

from newsletter.bounces.types import Form, Judgement, Kind, LeaveRequest, Proof, ReturnedMail
from newsletter.errors import AddressError
from newsletter.members.tokens import Purpose
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.project import Project

_SUBJECT_CHARS = 500
#: Pauses, which are judged against a time, do not matter here.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def judge_request(project: Project, mail: ReturnedMail, request: LeaveRequest) -> Judgement:
    """Return whom a request is shown to be of; one that nothing shows is kept for a person to look at.

    A token counts before the sender: forwarded mail leads to its first reader's subscription alone.
    """
    read = link_tokens(project).read(Purpose.LEAVE, request.token)
    if read:
        member, _, newsletter = read.partition(" ")
        found, proof = int(member) if project.members.is_known(int(member)) else 0, Proof.LINK
    else:
        newsletter, proof = request.newsletter, Proof.SENDER
        found = _runs_for(project, request.sender, newsletter)
    known = bool(found)
    return Judgement(
        Form.REQUEST,
        Kind.LEAVE if known else Kind.UNKNOWN,
        mail.subject[:_SUBJECT_CHARS],
        request.sender,
        "",
        newsletter,
        proof if known else None,
        None,
        found or None,
    )


def leave_as_asked(project: Project, judgement: Judgement, came_at: datetime) -> list[str]:
    """End what was asked for, if it ran when the mail came; return "weekly of anna@example.org" where it did.

    So a mail that is read again ends nothing that its sender began since.
    """
    if judgement.kind is not Kind.LEAVE or not judgement.member:
        return []
    history = project.subscriptions.of(judgement.member)
    running = [it for it in history if it.newsletter == judgement.said and it.ended_at is None]
    if not any(it.started_at <= came_at for it in running):
        return []
    ended = project.subscriptions.end(judgement.member, judgement.said, "mail to leave", came_at)
    return [f"{newsletter} of {judgement.recipient}" for newsletter in ended]


def _runs_for(project: Project, sender: str, newsletter: str) -> int:
    """Return the member with this address who has a newsletter; 0 for nobody."""
    try:
        member = project.members.find(sender, _ANY_TIME)
    except AddressError:
        return 0
    return member.id if member and newsletter in member.newsletters else 0
