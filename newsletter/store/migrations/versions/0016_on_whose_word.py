"""On whose word subscriptions begin and end, and what is left of members who were forgotten.

Revision ID: 0016
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"


def upgrade() -> None:
    """Add four columns and a table; of what ended before, nobody noted on whose word."""
    for name in ("wording", "network_address", "end_source", "end_network_address"):
        op.add_column("subscriptions", sa.Column(name, sa.String(), nullable=True))
    op.create_table(
        "tombstones",
        sa.Column("email_hash", sa.String(), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email_hash", name=op.f("pk_tombstones")),
    )
