"""The tables of sending: who gets an edition and how that went, the relays, and the processes at work.

`schema` has the rest, and names them all.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from newsletter.store.columns import Id, UtcDateTime, metadata

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
    Column("problem", Text),  # what was wrong with it the last time
)

# Messages handed to a relay, by hours since 1970: what `daily_limit` is held against.
relay_usage = Table(
    "relay_usage",
    metadata,
    Column("relay", String, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("messages", Integer, nullable=False),
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

# Mail that came back, as it came and as it was judged last. Without a proof it is about nobody of ours.
bounces = Table(
    "bounces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String, nullable=False, unique=True),  # of the mail: none is taken twice
    Column("came_at", UtcDateTime, nullable=False),
    Column("raw", LargeBinary, nullable=False),  # deflated
    Column("form", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("recipient", Text, nullable=False),  # the address that the mail names; "" where it names none
    Column("status", String, nullable=False),
    Column("said", Text, nullable=False),
    Column("proof", String),
    Column("delivery_id", Id, ForeignKey("deliveries.id")),
    Column("member_id", Id, ForeignKey("members.id"), index=True),
)
