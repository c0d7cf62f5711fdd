"""What editors were asked: requests, and the mails in which they went out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from newsletter.editions.asking import Request, RequestKind
from newsletter.editions.types import Edition
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import request_mails, requests


class RequestStore:
    """The requests and their mails; of each content, kind and editor there is one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, edition: Edition) -> list[Request]:
        """Return what editors were told of an edition, oldest first."""
        query = select(requests).where(requests.c.edition_id == edition.key).order_by(requests.c.id)
        with self._database.read() as connection:
            return [_request(row) for row in connection.execute(query)]

    def get(self, key: int) -> Request | None:
        """Return a request by its key."""
        with self._database.read() as connection:
            row = connection.execute(select(requests).where(requests.c.id == key)).one_or_none()
        return _request(row) if row else None

    def open(self, edition: Edition, kind: RequestKind, content: str, now: datetime) -> Request:
        """Note a request about what an edition holds now; one that is there already stays as it is."""
        row = {"edition_id": edition.key, "kind": kind, "hash": edition.hash, "content": content}
        this = {"edition_id": edition.key, "kind": kind, "hash": edition.hash}
        with self._database.write() as connection:
            connection.execute(insert_missing(connection, requests).values(asked_at=now, **row))
            return _request(connection.execute(select(requests).filter_by(**this)).one())

    def mailed(self, request: Request) -> frozenset[str]:
        """Return the keys of the addresses to which its mail went."""
        query = select(request_mails.c.address).where(request_mails.c.request_id == request.key)
        with self._database.read() as connection:
            return frozenset(connection.scalars(query))

    def claim(self, request: Request, address: str, now: datetime) -> bool:
        """Note that its mail goes to an address; return False where it went already."""
        row = {"request_id": request.key, "address": address, "sent_at": now}
        with self._database.write() as connection:
            new = insert_missing(connection, request_mails).values(row).returning(request_mails.c.address)
            return connection.execute(new).one_or_none() is not None

    def give_back(self, request: Request, address: str) -> None:
        """Note that its mail did not leave after all: it is tried again."""
        with self._database.write() as connection:
            connection.execute(delete(request_mails).where(*_mail(request, address)))

    def used_at(self, request: Request, address: str) -> datetime | None:
        """Return when the link in a mail was used."""
        query = select(request_mails.c.used_at).where(*_mail(request, address))
        with self._database.read() as connection:
            found: datetime | None = connection.scalar(query)
        return found

    def use(self, request: Request, address: str, now: datetime) -> bool:
        """Note that the link in a mail is used; return False where it was already, or there is none."""
        unused = update(request_mails).where(*_mail(request, address), request_mails.c.used_at.is_(None))
        with self._database.write() as connection:
            return connection.execute(unused.values(used_at=now)).rowcount == 1


def _mail(request: Request, address: str) -> tuple[Any, Any]:
    return request_mails.c.request_id == request.key, request_mails.c.address == address


def _request(row: Row[Any]) -> Request:
    return Request(row.id, row.edition_id, RequestKind(row.kind), row.hash, row.content, row.asked_at)
