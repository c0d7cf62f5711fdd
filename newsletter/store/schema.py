"""The tables: those of items, members and editions stand here, those of sending in `sending_tables`.

The migrations make exactly these; a test compares the two.

An index stands beside the query that needs it. Of the partial ones only SQLite's condition is said here; the
migrations say PostgreSQL's too, whose dialect takes 60 ms to load at each start. Every datetime is UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from newsletter.store.columns import Id, UtcDateTime, metadata
from newsletter.store.sending_tables import attempts, bounces, deliveries, relay_usage, relays, workers

__all__ = [
    "Id",
    "UtcDateTime",
    "alerts",
    "approvals",
    "attempts",
    "bounces",
    "corrections",
    "deliveries",
    "editions",
    "editor_words",
    "entries",
    "feed_memos",
    "feeds",
    "item_audiences",
    "item_reasons",
    "item_revisions",
    "items",
    "lifted_suppressions",
    "member_fields",
    "members",
    "metadata",
    "relay_usage",
    "relays",
    "request_mails",
    "requests",
    "settings",
    "subscriptions",
    "suppressions",
    "told",
    "tombstones",
    "variant_items",
    "variants",
    "workers",
]

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
    Column("wording", String),  # which version of a form's words was agreed to
    Column("network_address", String),
    Column("end_source", String),
    Column("end_network_address", String),
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

# Of whoever was forgotten all that is left is a keyed hash of the address, so that no list brings them back.
tombstones = Table(
    "tombstones",
    metadata,
    Column("email_hash", String, primary_key=True),
    Column("forgotten_at", UtcDateTime, nullable=False),
)

# Suppressions that a person lifted, as they were, and on whose word: rows are only added.
lifted_suppressions = Table(
    "lifted_suppressions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email_key", Text, nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime, nullable=False),
    Column("lifted_by", Text, nullable=False),
    Column("because", Text, nullable=False),
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
    Column("first_drafted_at", UtcDateTime),  # what came in later is late; None in old rows
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
    Column("content", Text),  # what was approved, see editions.changes; None in rows older than this column
    Column("dropped_at", UtcDateTime),  # when a draft took the place of what was approved
)

# What editors were asked to look at or told of, once for each content. kind: see editions.asking.
requests = Table(
    "requests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("content", Text, nullable=False),  # as in approvals
    Column("asked_at", UtcDateTime, nullable=False),
    UniqueConstraint("edition_id", "kind", "hash"),
)

# To which editors the mail about it went. used_at: when its link was used, which works once.
request_mails = Table(
    "request_mails",
    metadata,
    Column("request_id", Id, ForeignKey("requests.id"), primary_key=True),
    Column("address", Text, primary_key=True),  # the key of the editor's address
    Column("sent_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# Warnings that were accepted with an approval, whose name and time count.
accepted_warnings = Table(
    "accepted_warnings",
    metadata,
    Column("approval_id", Id, ForeignKey("approvals.id"), primary_key=True),
    Column("rule", String, primary_key=True),
)

# What came of asking for a link, so that nobody is asked twice in an hour.
link_answers = Table(
    "link_answers",
    metadata,
    Column("url", Text, primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("status", Integer),  # None where nobody answered
    Column("trouble", Text, nullable=False),  # "" where it came
    Column("size_bytes", Integer),
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

# What the program notes for itself, by name; the user's settings stand in newsletter.toml.
settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# States that a person has to end, until they are over and were told.
alerts = Table(
    "alerts",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("cure", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("over_at", UtcDateTime),  # it ended before all were told
    Column("mailed_at", UtcDateTime),
    Column("posted_at", UtcDateTime),  # to the webhook
)

# The state of things that `run` has told of, so that it tells it once.
told = Table(
    "told",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
)
