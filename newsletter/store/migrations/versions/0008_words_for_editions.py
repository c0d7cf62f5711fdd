"""What editors write for an edition: introductions, closing words, subjects.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import Id, UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a table; nothing that is there changes."""
    op.create_table(
        "edition_words",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_edition_words_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_words")),
    )
    op.create_index(op.f("ix_edition_words_edition_id"), "edition_words", ["edition_id"])
