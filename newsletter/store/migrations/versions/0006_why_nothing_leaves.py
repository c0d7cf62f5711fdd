"""What was wrong with a relay, and suppressions that were lifted.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a column and a table; nothing that is there changes."""
    op.add_column("relays", sa.Column("problem", sa.Text(), nullable=True))
    op.create_table(
        "lifted_suppressions",
        sa.Column("id", ID, nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifted_suppressions")),
    )
    op.create_index(op.f("ix_lifted_suppressions_email_key"), "lifted_suppressions", ["email_key"])
