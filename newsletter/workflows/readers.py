"""Readers: as which members an edition is looked at before it goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.address import parse_address
from newsletter.delivery.types import DeliveryStatus, Recipient
from newsletter.editions.types import Edition, HistoryGroup
from newsletter.errors import EditionError
from newsletter.members.types import Member
from newsletter.workflows.choice import Choice, consent_only
from newsletter.workflows.project import Project
from newsletter.workflows.why import explain_member

#: Deliveries whose members get nothing.
_NEVER = (DeliveryStatus.SUPPRESSED, DeliveryStatus.CANCELLED)
#: The reason of those who would get an edition, if it went out now.
_WOULD_GET = "not_sent_yet"


@dataclass(frozen=True, slots=True)
class Reader:
    """A member and the variant that is theirs. planned: whether a delivery stands behind it."""

    variant: int
    recipient: Recipient
    planned: bool


def sample_readers(project: Project, edition: Edition, now: datetime) -> dict[int, Recipient]:
    """Return one member for each variant that somebody gets, by the variant's key."""
    if edition.started_at:
        return project.recipients.planned_samples(edition)
    found: dict[int, Recipient] = {}
    for variant, recipient in _assigned(project, edition, now):
        found.setdefault(variant, recipient)
    return found


def find_reader(project: Project, edition: Edition, email: str, now: datetime) -> Reader:
    """Return what one member gets, or will get as things stand.

    Raises MemberError for an address that nobody has, with the one that may be meant, and EditionError, with
    the reason, for a member who gets nothing.
    """
    told = explain_member(project, email, now, edition=str(edition.id))
    [story] = told.editions
    if story.trace and story.trace.status not in _NEVER:
        theirs = (story.trace.audiences, story.trace.number)
        [key] = [it.key for it in project.editions.variants(edition) if (it.audiences, it.number) == theirs]
        return Reader(key, _recipient(told.member), planned=True)
    why = story.because.told(lambda when: f"{when:%Y-%m-%d}") if story.because else ""
    if story.because and story.because.code == _WOULD_GET:
        for variant, recipient in _assigned(project, edition, now, told.member.id):
            return Reader(variant, recipient, planned=False)
        why = "has had other items than its variants were made for, or changed since it was drafted"
    name = told.member.first_name or told.member.email
    raise EditionError(
        f"{told.member.email} gets nothing of {edition.id}: {name} {why}",
        hint=f"newsletter why {told.member.email}",
    )


def _assigned(
    project: Project, edition: Edition, now: datetime, member: int | None = None
) -> list[tuple[int, Recipient]]:
    """Return the variants that members would get now, each with one of them."""
    choice = Choice(project, edition)
    samples = project.recipients.samples(
        edition, choice.items, now, consent_only=consent_only(project, edition), member=member
    )
    by_group = {_who(group): recipient for group, recipient in samples}
    assignment = choice.assign([group for group, _ in samples])
    return [(variant.key, by_group[_who(group)]) for group, variant in assignment.served]


def _who(group: HistoryGroup) -> object:
    """Return what tells a group from others; what counts as carried may differ once it is assigned."""
    return group.audiences, group.frequency, group.signature


def _recipient(member: Member) -> Recipient:
    return Recipient(parse_address(member.email), member.first_name, member.last_name, member.attributes)
