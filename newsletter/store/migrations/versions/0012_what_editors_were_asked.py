"""What editors were asked to approve, and when an edition was first drafted.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import UtcDateTime

revision = "0012"
down_revision = "0011"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add two tables and a column; nothing that is there changes."""
    op.add_column("editions", sa.Column("first_drafted_at", UtcDateTime(), nullable=True))
    op.create_table(
        "requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_requests_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("edition_id", "kind", "hash", name=op.f("uq_requests_edition_id_kind_hash")),
    )
    op.create_table(
        "request_mails",
        sa.Column("request_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_mails_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", "address", name=op.f("pk_request_mails")),
    )
