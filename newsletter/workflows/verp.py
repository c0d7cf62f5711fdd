"""The project's signed envelope senders."""

from __future__ import annotations

from newsletter.bounces.verp import Verp
from newsletter.workflows.keys import signing_keys
from newsletter.workflows.project import Project

_KEYS = "verp_keys"


def sending_verp(project: Project) -> Verp | None:
    """Return what makes envelope senders; None where the From address takes bounces."""
    return project_verp(project) if project.config.settings.sender.envelope_domain else None


def project_verp(project: Project) -> Verp:
    """Return what checks envelope senders, also those of a domain that is no longer set."""
    domain = project.config.settings.sender.envelope_domain or ""
    return Verp(domain.lower(), signing_keys(project, _KEYS))
