"""Tombstones: what is left of members who were forgotten, so that no list brings them back.

A tombstone is a hash of the address under a secret of this project (keyed BLAKE2, RFC 7693 §2.9). It answers
one question, whether this very address was forgotten, and nobody can read an address off it or look for it in
another organisation's database.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, delete, select

from newsletter.store.bulk import among, insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import settings, tombstones

_KEY = "tombstone_key"
_KEY_BYTES = 32
_HASH_BYTES = 16


class TombstoneStore:
    """Tombstones by the key of an address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forgotten_at(self, email_key: str) -> datetime | None:
        """Return when whoever had this address was forgotten; None where nobody was."""
        with self._database.read() as connection:
            return buried(connection, [email_key]).get(email_key)


def bury(connection: Connection, email_key: str, now: datetime) -> None:
    """Keep of an address that it was forgotten; the first time stays."""
    fresh = {"name": _KEY, "value": secrets.token_hex(_KEY_BYTES)}
    connection.execute(insert_missing(connection, settings), [fresh])
    row = {"email_hash": _hash(_secret(connection), email_key), "forgotten_at": now}
    connection.execute(insert_missing(connection, tombstones), [row])


def buried(connection: Connection, email_keys: Collection[str]) -> dict[str, datetime]:
    """Return which of these addresses were forgotten, and when."""
    if connection.scalar(select(tombstones.c.email_hash).limit(1)) is None:
        return {}
    secret = _secret(connection)
    hashes = {_hash(secret, key): key for key in email_keys}
    query = select(tombstones).where(among(connection, tombstones.c.email_hash, [*hashes]))
    return {hashes[row.email_hash]: row.forgotten_at for row in connection.execute(query)}


def unbury(connection: Connection, email_key: str) -> bool:
    """Take a tombstone away; False where there is none."""
    if not buried(connection, [email_key]):
        return False
    this = tombstones.c.email_hash == _hash(_secret(connection), email_key)
    return connection.execute(delete(tombstones).where(this)).rowcount == 1


def _secret(connection: Connection) -> bytes:
    return bytes.fromhex(connection.scalars(select(settings.c.value).where(settings.c.name == _KEY)).one())


def _hash(secret: bytes, email_key: str) -> str:
    return blake2b(email_key.encode(), key=secret, digest_size=_HASH_BYTES).hexdigest()
