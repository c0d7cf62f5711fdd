"""Preferences: what a member may choose of one newsletter, by a link in a mail of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.config import NewsletterSettings
from newsletter.members.subscriptions import CHOSEN, changed_by
from newsletter.members.types import Subscription, Wish
from newsletter.workflows.draft import audience_titles
from newsletter.workflows.project import Project


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose. topics: titles by slug; running: what the member has now, None for nothing."""

    newsletter: NewsletterSettings
    topics: Mapping[str, str]
    running: Subscription | None


def choices_of(project: Project, member: int, edition: int) -> Choices | None:
    """Return what a member may choose of an edition's newsletter; None where the edition is gone."""
    found = project.editions.by_key(edition)
    known = {it.name: it for it in project.config.settings.newsletters}
    newsletter = known.get(found.id.newsletter) if found else None
    if newsletter is None:
        return None
    return Choices(
        newsletter, audience_titles(project.config, newsletter), _running(project, member, newsletter.name)
    )


def choose(
    project: Project,
    member: int,
    newsletter: str,
    wish: Wish,
    now: datetime,
    *,
    network_address: str | None = None,
) -> Subscription | None:
    """Let a member have a newsletter as they wish; return what runs then, None where nothing does.

    network_address: from where they said so, if that is kept. What was carried stays carried: nothing
    comes twice and nothing is lost.
    """
    project.subscriptions.change(
        member, newsletter, CHOSEN, now, lambda it: changed_by(it, wish), network_address=network_address
    )
    return _running(project, member, newsletter)


def _running(project: Project, member: int, newsletter: str) -> Subscription | None:
    history = project.subscriptions.of(member)
    return next((it for it in history if it.newsletter == newsletter and it.ended_at is None), None)
