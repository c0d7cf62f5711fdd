"""Links: what came of asking for them, kept for as long as it can be relied on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete, select

from newsletter.feeds.types import LinkAnswer
from newsletter.store.bulk import insert_missing
from newsletter.store.database import Database
from newsletter.store.schema import link_answers

#: Addresses in one statement.
_AT_ONCE = 500


class LinkStore:
    """Answers by address, the newest of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answers(self, urls: Collection[str], since: datetime) -> dict[str, LinkAnswer]:
        """Return what is known of these addresses from that time on."""
        found: dict[str, LinkAnswer] = {}
        with self._database.read() as connection:
            for some in _pieces(urls):
                query = select(link_answers).where(
                    link_answers.c.url.in_(some), link_answers.c.asked_at >= since
                )
                for row in connection.execute(query):
                    found[row.url] = LinkAnswer(row.url, row.status, row.trouble, row.size_bytes)
        return found

    def keep(self, answers: Collection[LinkAnswer], now: datetime) -> None:
        """Note answers in the place of earlier ones."""
        rows = [
            {
                "url": it.url,
                "asked_at": now,
                "status": it.status,
                "trouble": it.trouble,
                "size_bytes": it.size_bytes,
            }
            for it in answers
        ]
        if not rows:
            return
        with self._database.write() as connection:
            for some in _pieces(it.url for it in answers):
                connection.execute(delete(link_answers).where(link_answers.c.url.in_(some)))
            connection.execute(insert_missing(connection, link_answers), rows)


def _pieces(urls: Iterable[str]) -> Iterable[list[str]]:
    listed = sorted(urls)
    return (listed[at : at + _AT_ONCE] for at in range(0, len(listed), _AT_ONCE))
