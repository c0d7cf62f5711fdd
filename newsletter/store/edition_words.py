"""What editors wrote for editions: introductions, closing words and subjects, with who and when."""

from __future__ import annotations

from sqlalchemy import insert, select

from newsletter.editions.types import Edition, EditionPart, EditionWord
from newsletter.store.database import Database
from newsletter.store.schema import edition_words


class EditionWordStore:
    """Rows are only added; of each part and audience the newest holds, and an empty one takes it back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def say(self, edition: Edition, word: EditionWord) -> None:
        """Keep a word about an edition."""
        row = {
            "edition_id": edition.key,
            "said_at": word.at,
            "said_by": word.by,
            "part": word.part.value,
            "audience": word.audience,
            "text": word.text,
        }
        with self._database.write() as connection:
            connection.execute(insert(edition_words).values(row))

    def newest(self, edition: Edition) -> list[EditionWord]:
        """Return the newest word about each part and audience, also those that take one back."""
        query = select(edition_words).where(edition_words.c.edition_id == edition.key)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(edition_words.c.id)).all()
        said = [
            EditionWord(EditionPart(it.part), it.audience, it.text, it.said_by, it.said_at) for it in rows
        ]
        return list({(word.part, word.audience): word for word in said}.values())

    def standing(self, edition: Edition) -> list[EditionWord]:
        """Return the words that hold, in the order in which they were first said."""
        return [word for word in self.newest(edition) if word.text]
