"""Checks: the warnings that an approval accepted, and what links answered.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import Id, UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add two tables; nothing that is there changes."""
    op.create_table(
        "accepted_warnings",
        sa.Column("approval_id", Id, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_accepted_warnings_approval_id")
        ),
        sa.PrimaryKeyConstraint("approval_id", "rule", name=op.f("pk_accepted_warnings")),
    )
    op.create_table(
        "link_answers",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_link_answers")),
    )
