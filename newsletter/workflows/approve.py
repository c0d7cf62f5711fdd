"""Approve: a person's name on what will be sent, byte for byte but for merge fields."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from newsletter.editions.approval import Approvers
from newsletter.editions.types import UNDECIDED, Edition, EditionStatus
from newsletter.errors import AlreadySent, EditionChanged, EditionError, NotApproved, UnfitEdition
from newsletter.render.types import Finding
from newsletter.workflows.changes import rendering_of
from newsletter.workflows.enough import refuse_empty
from newsletter.workflows.find import find_edition
from newsletter.workflows.inspect import inspect_edition
from newsletter.workflows.project import Project
from newsletter.workflows.unchanged import refuse_changed


def approve_edition(
    project: Project,
    text: str,
    name: str,
    now: datetime,
    *,
    accept: Collection[str] = (),
    seen: str | None = None,
) -> Edition:
    """Approve a draft, or one that is held, as it stands; what is approved already stays as it is.

    Where several have to, it waits until the last of them has. accept: rules of the warnings that whoever
    approves has seen and accepts. seen: the hash of what they have seen, where that is known. Raises
    EditionChanged where the edition holds something else, EditionError for a name that is not among the
    newsletter's approvers, UnfitEdition where the checks found errors, or a warning that is to be accepted
    and is not.
    """
    edition = find_edition(project, text)
    if seen not in (None, edition.hash):
        raise EditionChanged(f"{edition.id} has changed since you saw it", hint="look at it again")
    approvers = approvers_of(project, edition)
    missing = approvers.missing(project.editions.approvals(edition))
    if edition.status is EditionStatus.APPROVED and not missing:
        refuse_changed(project, edition, project.editions.variants(edition))
        return edition
    if edition.status not in UNDECIDED:
        raise AlreadySent(f"{edition.id} is {edition.status}, there is nothing to approve")
    if not name.strip():
        raise EditionError(f"{edition.id}: an approval needs a name", hint="--by NAME")
    by = _known_name(edition, approvers, name)
    variants = project.editions.variants(edition)
    refuse_empty(project, edition, variants)
    refuse_changed(project, edition, variants)
    _refuse_unfit(project, edition, inspect_edition(project, edition, now, ask=True), accept)
    content = rendering_of(project, edition, variants).dump()
    project.editions.approve(edition, by, now, content, approvers, accepted=accept)
    return find_edition(project, str(edition.id))


def approvers_of(project: Project, edition: Edition) -> Approvers:
    """Return who may approve an edition, and how many of them have to."""
    newsletter = project.config.newsletter(edition.id.newsletter)
    return Approvers(newsletter.approvers, newsletter.approvals)


def _known_name(edition: Edition, approvers: Approvers, name: str) -> str:
    """Return a name as newsletter.toml spells it."""
    if known := approvers.spelled(name):
        return known
    newsletter = edition.id.newsletter
    raise EditionError(
        f"{edition.id}: {name.strip()!r} is not among the approvers of {newsletter}:"
        f" {', '.join(approvers.names)}",
        hint="--by with one of these names; who may approve is named in newsletter.toml, under approvers",
    )


def refuse_unapproved(project: Project, edition: Edition) -> None:
    """Raise NotApproved until as many have approved an edition as newsletter.toml asks for now."""
    approvers = approvers_of(project, edition)
    standing = project.editions.approvals(edition)
    if edition.status is EditionStatus.APPROVED and not approvers.missing(standing):
        return
    several = standing or approvers.needed > 1
    so_far = f": {approvers.told(standing)}" if several else ", and only approved editions are sent"
    if edition.status is EditionStatus.HELD and edition.pause_reason:
        so_far += f"; it is held: {edition.pause_reason}"
    raise NotApproved(
        f"{edition.id} is not approved{so_far}",
        hint=f"look at it with: newsletter edition preview {edition.id} --open, and then: "
        f"newsletter edition approve {edition.id}",
    )


def _refuse_unfit(
    project: Project, edition: Edition, findings: Sequence[Finding], accept: Collection[str]
) -> None:
    """Raise UnfitEdition for errors, for warnings that are held and not accepted, and for unknown ones."""
    errors = [finding for finding in findings if finding.level == "error"]
    warnings = [finding for finding in findings if finding.level == "warning"]
    rules = dict.fromkeys(finding.rule for finding in warnings)
    if errors:
        again = f"newsletter edition draft {edition.id.newsletter} --date {edition.id.date}"
        raise _unfit(f"{edition.id} cannot be approved:", errors, f"mend that, and then: {again}")
    if unknown := ", ".join(sorted(set(accept) - rules.keys())):
        known = ", ".join(rules) or "none"
        raise _unfit(f"{edition.id} has no warning called {unknown}", [], f"its warnings: {known}")
    left = [finding for finding in warnings if finding.rule not in accept]
    if left and project.config.newsletter(edition.id.newsletter).on_warning == "hold":
        every = " ".join(f"--accept {rule}" for rule in rules)
        way = f"newsletter edition approve {edition.id} {every}"
        raise _unfit(f"{edition.id} has warnings that nobody accepted:", left, f"if that is right: {way}")


def _unfit(message: str, findings: Sequence[Finding], hint: str) -> UnfitEdition:
    return UnfitEdition("\n".join([message, *map(_line, findings)]), hint=hint)


def _line(finding: Finding) -> str:
    places = [f"item {finding.item}"] if finding.item else []
    where = ", ".join([*places, *finding.variants])
    return f"  {finding.rule}{f' ({where})' if where else ''}: {finding.message}; {finding.cure}"
