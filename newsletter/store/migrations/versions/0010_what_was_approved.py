"""What was approved, kept for comparison, and approvals that were dropped.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add two columns. A draft was approved by nobody until now: what somebody once approved is dropped."""
    op.add_column("approvals", sa.Column("content", sa.Text(), nullable=True))
    op.add_column("approvals", sa.Column("dropped_at", UtcDateTime(), nullable=True))
    op.execute(
        "UPDATE approvals SET dropped_at = approved_at"
        " WHERE edition_id IN (SELECT id FROM editions WHERE status = 'draft')"
    )
