"""What a pull remembers of a feed: moves, waits, retirement, and when its trouble was told.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and a table; nothing that is there changes."""
    op.add_column("feeds", sa.Column("fingerprint", sa.Text(), nullable=True))
    op.add_column("feeds", sa.Column("moved_to", sa.Text(), nullable=True))
    op.add_column("feeds", sa.Column("moved_seen", sa.Integer(), nullable=True))
    for name in ("ask_after", "retired_at", "failing_since", "told_at", "warned_at"):
        op.add_column("feeds", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "feed_memos",
        sa.Column("feed_id", ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("memo", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_feed_memos_feed_id_feeds")),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feed_memos")),
    )
