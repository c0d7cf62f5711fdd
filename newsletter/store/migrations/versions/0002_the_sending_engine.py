"""What the sending engine keeps: who paused an edition, and how each relay takes what it is sent.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables; nothing that is there changes."""
    op.add_column("editions", sa.Column("paused_by", sa.Text(), nullable=True))
    op.add_column("editions", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.create_table(
        "relays",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("next_turn", sa.Float(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("slowed_at", sa.Float(), nullable=True),
        sa.Column("troubles", sa.Integer(), nullable=False),
        sa.Column("down_until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_relays")),
    )
    op.create_table(
        "relay_usage",
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "hour", name=op.f("pk_relay_usage")),
    )
