"""The editor's word: who said what of an item and when, its place and a note.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import Id, UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add two columns and a table; nothing that is there changes."""
    op.add_column("items", sa.Column("position", sa.Integer(), nullable=True))
    op.add_column("items", sa.Column("note", sa.Text(), nullable=True))
    op.create_table(
        "editor_words",
        sa.Column("id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_editor_words_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editor_words")),
    )
    op.create_index(op.f("ix_editor_words_item_id"), "editor_words", ["item_id"])
