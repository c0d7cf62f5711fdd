"""The project's signed envelope senders, and their keys, which are made on first use."""

from __future__ import annotations

import json
import secrets

from newsletter.bounces.verp import Verp
from newsletter.store.settings import SettingStore
from newsletter.workflows.project import Project

_KEYS = "verp_keys"
_KEY_BYTES = 32


def sending_verp(project: Project) -> Verp | None:
    """Return what makes envelope senders; None where the From address takes bounces."""
    return project_verp(project) if project.config.settings.sender.envelope_domain else None


def project_verp(project: Project) -> Verp:
    """Return what checks envelope senders, also those of a domain that is no longer set.

    What earlier keys signed stays good for as long as the database has them.
    """
    fresh = json.dumps({"1": secrets.token_hex(_KEY_BYTES)})
    keys = json.loads(SettingStore(project.database).first(_KEYS, fresh))
    domain = project.config.settings.sender.envelope_domain or ""
    return Verp(domain.lower(), {int(number): bytes.fromhex(key) for number, key in keys.items()})
