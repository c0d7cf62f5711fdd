"""The project's signing keys, for envelope senders and for links: made on first use, and never thrown away.

What earlier keys signed stays good for as long as the database has them.
"""

from __future__ import annotations

import json
import secrets

from newsletter.members.tokens import Tokens
from newsletter.store.settings import SettingStore
from newsletter.workflows.project import Project

_KEY_BYTES = 32
_LINKS = "link_keys"


def signing_keys(project: Project, name: str) -> dict[int, bytes]:
    """Return the keys that are kept under a name, by their ids."""
    fresh = json.dumps({"1": secrets.token_hex(_KEY_BYTES)})
    keys = json.loads(SettingStore(project.database).first(name, fresh))
    return {int(number): bytes.fromhex(key) for number, key in keys.items()}


def link_tokens(project: Project) -> Tokens:
    """Return what makes and reads the tokens of links."""
    return Tokens(signing_keys(project, _LINKS))
