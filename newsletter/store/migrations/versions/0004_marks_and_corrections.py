"""What entries are recognised by, and what became of items after they were sent.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns; nothing that is there changes."""
    op.add_column("entries", sa.Column("link_mark", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("title_mark", sa.String(), nullable=True))
    op.add_column("entries", sa.Column("text_mark", sa.String(), nullable=True))
    op.add_column("entries", sa.Column("published", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_entries_link_mark", "entries", ["link_mark"], unique=False)
    op.add_column("items", sa.Column("material_revision", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("items", sa.Column("settled_revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("items", sa.Column("status_reason", sa.Text(), nullable=True))
    op.create_table(
        "corrections",
        sa.Column("item_id", ID, nullable=False),
        sa.Column("corrects", ID, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_corrections_item_id")),
        sa.ForeignKeyConstraint(["corrects"], ["items.id"], name=op.f("fk_corrections_corrects")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_corrections")),
        sa.UniqueConstraint("corrects", name=op.f("uq_corrections_corrects")),
    )
