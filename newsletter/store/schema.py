"""The tables. Migration 0001 makes exactly these; a test compares the two.

An index stands beside the query that needs it. Of the partial ones only SQLite's condition is said here; the
migrations say PostgreSQL's too, whose dialect takes 60 ms to load at each start. Every datetime is UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime; refuses a naive one, gives UTC back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into what the driver keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without time zone came to the store: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as the base has it
        """Turn what the driver kept into an aware time."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


#: SQLite counts rows by itself only for a column declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String, nullable=False, unique=True),  # the id stays when the URL moves
    Column("url", Text, nullable=False),
    Column("title", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("last_pulled_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("warnings", JSON, nullable=False),
    Column("problem", Text),
    Column("fingerprint", Text),  # of the document read last
    Column("moved_to", Text),
    Column("moved_seen", Integer),
    Column("ask_after", UtcDateTime),
    Column("retired_at", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("told_at", UtcDateTime),  # when the problem was last told
    Column("warned_at", UtcDateTime),
)

#: What the entries of a feed's last document read as (`feeds.memo`); may be emptied at any time.
feed_memos = Table(
    "feed_memos",
    metadata,
    Column("feed_id", Id, ForeignKey("feeds.id"), primary_key=True, autoincrement=False),
    Column("version", String, nullable=False),  # of the program that read it
    Column("memo", LargeBinary, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", Id, primary_key=True),
    Column("feed_id", Id, ForeignKey("feeds.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("link", Text),
    Column("html", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("published", UtcDateTime),
    Column("updated", UtcDateTime),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("date", UtcDateTime, nullable=False),  # published, else first seen: what max_age and order go by
    Column("section", Text),
    Column("categories", JSON, nullable=False),
    Column("author", Text),
    Column("language", String),
    Column("status", String, nullable=False),
    Column("revision", Integer, nullable=False),
    # The newest revision that changed its words, and the newest that an editor has looked at. An item is
    # "updated" when an edition has it in a revision before the former, and the latter is older too.
    Column("material_revision", Integer, nullable=False, server_default="1"),
    Column("settled_revision", Integer, nullable=False, server_default="0"),
    Column("status_reason", Text),
    Column("position", Integer),  # the editor's order, 1 first
    Column("note", Text),  # the editor's, never sent
    Index("ix_items_date", "date", "id"),
)

# What editors said of items, who and when: rows are only added. What holds now stands in items and
# item_audiences.
editor_words = Table(
    "editor_words",
    metadata,
    Column("id", Id, primary_key=True),
    Column("item_id", Id, ForeignKey("items.id"), nullable=False, index=True),
    Column("said_at", UtcDateTime, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("what", String, nullable=False),
    Column("audience", String, nullable=False),  # "" where it is about the item as such
    Column("value", Text, nullable=False),
)

# What the wire calls it: one item may have entries in several feeds.
entries = Table(
    "entries",
    metadata,
    Column("feed_id", Id, ForeignKey("feeds.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("item_id", Id, ForeignKey("items.id"), nullable=False, index=True),
    Column("content_hash", String, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    # Its marks, see feeds.identity; None in rows older than these columns until the entry changes.
    Column("link_mark", Text),
    Column("title_mark", String),
    Column("text_mark", String),
    Column("published", UtcDateTime),
    # Stories that another feed has brought.
    Index("ix_entries_link_mark", "link_mark"),
)

item_revisions = Table(
    "item_revisions",
    metadata,
    Column("item_id", Id, ForeignKey("items.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content_hash", String, nullable=False),
    Column("content", JSON, nullable=False),  # the entry as it was, by field
    Column("seen_at", UtcDateTime, nullable=False),
)

# Items that came in the place of one that was sent, because that had changed since.
corrections = Table(
    "corrections",
    metadata,
    Column("item_id", Id, ForeignKey("items.id"), primary_key=True),
    Column("corrects", Id, ForeignKey("items.id"), nullable=False, unique=True),
    Column("made_at", UtcDateTime, nullable=False),
)

# decided_by: "rules" or "editor"; an editor's row wins over the rules' for the same audience.
item_audiences = Table(
    "item_audiences",
    metadata,
    Column("item_id", Id, ForeignKey("items.id"), primary_key=True),
    Column("audience", String, primary_key=True),
    Column("decided_by", String, primary_key=True),
    Column("included", Boolean, nullable=False),
)

item_reasons = Table(
    "item_reasons",
    metadata,
    Column("item_id", Id, ForeignKey("items.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("audience", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("place", String, nullable=False),
    Column("text", Text, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text),  # None once forgotten
    Column("email_key", Text, unique=True),  # equal for two spellings of one mailbox
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("audiences", String, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("forgotten_at", UtcDateTime),
)

# Names of attributes that any member has: what `{{ member.… }}` may say in a template.
member_fields = Table("member_fields", metadata, Column("name", String, primary_key=True))

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("member_id", Id, ForeignKey("members.id"), nullable=False),
    Column("newsletter", String, nullable=False),
    Column("audiences", String, nullable=False),
    Column("frequency", String, nullable=False),
    Column("basis", String, nullable=False),
    Column("source", String, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("paused_until", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("end_reason", String),
    # One running subscription for each member and newsletter; ended ones stay as history.
    Index(
        "uq_subscriptions_running",
        "member_id",
        "newsletter",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
    ),
    # Who gets the next edition, by set of audiences.
    Index(
        "ix_subscriptions_recipients",
        "newsletter",
        "audiences",
        "member_id",
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index("ix_subscriptions_member", "member_id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("email_key", Text, primary_key=True),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("date", Date, nullable=False),
    Column("status", String, nullable=False),
    Column("hash", String),
    Column("message_id_key", String, nullable=False),  # secret from which its Message-IDs are made
    Column("drafted_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("paused_by", Text),  # who paused it or cancelled it; None when the program did so itself
    Column("pause_reason", Text),
    UniqueConstraint("newsletter", "date"),
)

# What editors wrote for an edition, who and when: rows are only added, and the newest of a part and audience
# holds. An empty text takes it back.
edition_words = Table(
    "edition_words",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False, index=True),
    Column("said_at", UtcDateTime, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("part", String, nullable=False),
    Column("audience", String, nullable=False),  # "" where it is for all readers
    Column("text", Text, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("hash", String, nullable=False),  # stands only for the content that has this hash
)

# The frozen artefact: one rendered content for all members of one set with one history.
variants = Table(
    "variants",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False),
    Column("audiences", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("recipients", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("preheader", Text, nullable=False),
    Column("html", Text, nullable=False),  # segments, see render.types
    Column("text", Text, nullable=False),
    Column("html_bytes", Integer, nullable=False),
    Column("hash", String, nullable=False),
    UniqueConstraint("edition_id", "audiences", "number"),
)

variant_items = Table(
    "variant_items",
    metadata,
    Column("variant_id", Id, ForeignKey("variants.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("item_id", Id, ForeignKey("items.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False),
    Column("variant_id", Id, ForeignKey("variants.id"), nullable=False),
    Column("member_id", Id, ForeignKey("members.id"), nullable=False),
    Column("status", String, nullable=False),
    Column("worker", String),  # who holds the lease, or sent it last
    Column("lease_until", Float),  # seconds since 1970 by the database's clock; None when nobody holds it
    Column("attempts", Integer, nullable=False),
    Column("first_try", UtcDateTime),
    Column("retry_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("resent", Boolean, nullable=False),  # an unknown one was sent again, once
    UniqueConstraint("edition_id", "member_id"),
    # What is claimed next, what is counted, and what a dead worker had in hand. No index on leases: each row
    # would be written into it twice, and only what is open is ever searched for them.
    Index("ix_deliveries_status", "edition_id", "status", "id"),
    # What a member was carried (variants by member), for `~2` variants and `why`.
    Index("ix_deliveries_member", "member_id", "variant_id"),
    Index("ix_deliveries_variant", "variant_id", "member_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("status", String, nullable=False),
    Column("relay", String, nullable=False),
    Column("code", Integer),
    Column("enhanced", String),
    Column("text", Text, nullable=False),  # the relay's own words, or what we say where it said nothing
)

# How each relay takes what it is sent, for all processes that send through it. Times are seconds since 1970
# by the database's clock.
relays = Table(
    "relays",
    metadata,
    Column("name", String, primary_key=True),
    Column("next_turn", Float, nullable=False),  # no message before this
    Column("rate", Float),  # messages a second to which it was lowered; None: it never was
    Column("slowed_at", Float),  # when it last asked for less; it recovers from then on, see delivery.pace
    Column("troubles", Integer, nullable=False),  # how often in a row it could not be reached
    Column("down_until", Float),  # not tried again before this
)

# Messages handed to a relay, by hours since 1970: what `daily_limit` is held against.
relay_usage = Table(
    "relay_usage",
    metadata,
    Column("relay", String, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("messages", Integer, nullable=False),
)

# What the program notes for itself, by name; the user's settings stand in newsletter.toml.
settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# Processes that hold leases, so that a dead one is recognised at once on its own machine.
workers = Table(
    "workers",
    metadata,
    Column("name", String, primary_key=True),
    Column("machine", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Float, nullable=False),  # seconds after the machine; tells a reused pid apart
    Column("started_at", UtcDateTime, nullable=False),
)
