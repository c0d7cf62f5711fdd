"""Mail that came back: kept as it came, with the newest judgement of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from newsletter.bounces.mentions import mentions
from newsletter.bounces.types import Bounce, Counted, Form, Judgement, Kind, Proof, SentTo
from newsletter.store.database import Database
from newsletter.store.schema import bounces, deliveries, editions, members

_PAGE = 200
#: The columns of a blank one.
BLANK: dict[str, object] = {"raw": b"", "subject": "", "recipient": "", "said": ""}


class BounceStore:
    """The bounces, oldest first where there are several. None is taken out, but some are emptied.

    A blank one is of somebody who was forgotten, or too old to be kept: only what it counts for is left.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, raw: bytes) -> Bounce | None:
        """Return what was made of this very mail when it came before."""
        found = self._all(_bounces().where(bounces.c.digest == _digest(raw)))
        return found[0] if found else None

    def keep(self, raw: bytes, judgement: Judgement, now: datetime, *, blank: bool = False) -> None:
        """Keep a mail with what was made of it; blank: only what it counts for."""
        row = {"digest": _digest(raw), "came_at": now, "raw": zlib.compress(raw), **_cells(judgement)}
        if blank:
            row |= BLANK
        with self._database.write() as connection:
            connection.execute(insert(bounces), [row])

    def judge_anew(self, number: int, judgement: Judgement) -> None:
        """Put a new judgement in the place of the old one."""
        with self._database.write() as connection:
            connection.execute(update(bounces).where(bounces.c.id == number).values(**_cells(judgement)))

    def raw(self, number: int) -> bytes | None:
        """Return a mail as it came; None where there is none of this number, or it is blank."""
        with self._database.read() as connection:
            kept = connection.scalar(select(bounces.c.raw).where(bounces.c.id == number))
        return zlib.decompress(kept) if kept else None

    def mentioning(self, email_key: str) -> list[int]:
        """Return the numbers of mail in which an address stands, whomever it is about."""
        found, last = [], 0
        query = select(bounces.c.id, bounces.c.raw).order_by(bounces.c.id).limit(_PAGE)
        while True:
            with self._database.read() as connection:
                page = connection.execute(query.where(bounces.c.id > last)).all()
            found += [row.id for row in page if row.raw and mentions(zlib.decompress(row.raw), email_key)]
            if len(page) < _PAGE:
                return found
            last = page[-1].id

    def all(self, kind: Kind | None = None) -> Iterator[Bounce]:
        """Yield what came back, of one kind or all."""
        query = _bounces() if kind is None else _bounces().where(bounces.c.kind == kind.value)
        last = 0
        while page := self._all(query.where(bounces.c.id > last).limit(_PAGE)):
            yield from page
            last = page[-1].id

    def of_member(self, member_id: int) -> list[Bounce]:
        """Return what is proven to be about a member."""
        return self._all(_bounces().where(bounces.c.member_id == member_id))

    def counted(self, member_id: int, since: datetime | None) -> list[Counted]:
        """Return what is proven to be about a member as it counts, from a time on."""
        return [
            Counted(it.judgement.kind, it.came_at, it.judgement.delivery or 0, it.judgement.said)
            for it in self.of_member(member_id)
            if since is None or it.came_at > since
        ]

    def is_forgotten(self, delivery: int) -> bool:
        """Whether a delivery went to somebody who was forgotten since."""
        query = select(members.c.id).join(deliveries, deliveries.c.member_id == members.c.id)
        gone = query.where(deliveries.c.id == delivery, members.c.email.is_(None))
        with self._database.read() as connection:
            return connection.scalar(gone) is not None

    def sent_to(self, delivery: int) -> SentTo | None:
        """Return to whom a delivery went; None for one that is not, or to somebody since forgotten."""
        query = (
            select(
                deliveries.c.id, members.c.id, members.c.email, members.c.email_key, editions.c.message_id_key
            )
            .join(members, members.c.id == deliveries.c.member_id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.id == delivery, members.c.email.is_not(None))
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return SentTo(*row) if row else None

    def _all(self, query: Select[Any]) -> list[Bounce]:
        with self._database.read() as connection:
            return [_bounce(row) for row in connection.execute(query)]


def _digest(raw: bytes) -> str:
    return blake2b(raw, digest_size=16).hexdigest()


def _bounces() -> Select[Any]:
    kept = [it for it in bounces.c if it.name not in ("raw", "digest")]
    joined = bounces.outerjoin(deliveries, deliveries.c.id == bounces.c.delivery_id).outerjoin(
        editions, editions.c.id == deliveries.c.edition_id
    )
    return select(*kept, editions.c.newsletter, editions.c.date).select_from(joined).order_by(bounces.c.id)


def _cells(judgement: Judgement) -> dict[str, object]:
    return {
        "form": judgement.form.value,
        "kind": judgement.kind.value,
        "subject": judgement.subject,
        "recipient": judgement.recipient,
        "status": judgement.status,
        "said": judgement.said,
        "proof": judgement.proof.value if judgement.proof else None,
        "delivery_id": judgement.delivery,
        "member_id": judgement.member,
    }


def _bounce(row: Row[Any]) -> Bounce:
    proof = Proof(row.proof) if row.proof else None
    judgement = Judgement(
        Form(row.form),
        Kind(row.kind),
        row.subject,
        row.recipient,
        row.status,
        row.said,
        proof,
        row.delivery_id,
        row.member_id,
    )
    return Bounce(row.id, row.came_at, judgement, f"{row.newsletter}/{row.date}" if row.newsletter else None)
