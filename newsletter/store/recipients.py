"""Recipients: who gets the next edition, grouped by what they have had, and the plan of deliveries.

Members are never listed one by one: `readers` selects them, and `histories` gives each a signature of what
they have had. They are grouped by (audiences, signature) in one query, and one INSERT … SELECT over the same
two plans the deliveries of all groups. Editions are planned one at a time: what one carries is history for
the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Insert,
    Integer,
    Select,
    String,
    and_,
    func,
    insert,
    literal,
    select,
    update,
)

from newsletter.audiences.types import audience_key, audience_set
from newsletter.delivery.types import DeliveryStatus, Recipient
from newsletter.editions.compose import FrozenVariant
from newsletter.editions.types import Edition, EditionStatus, HistoryGroup
from newsletter.store.bulk import given
from newsletter.store.database import Database
from newsletter.store.histories import History
from newsletter.store.planned import Needs, doubtful, is_blank, make_recipient, recipients_by_id
from newsletter.store.readers import has_monthly, readers, readers_of
from newsletter.store.schema import (
    deliveries,
    editions,
    members,
    subscriptions,
    variants,
)

#: Any number will do for PostgreSQL's advisory lock, so long as it is always the same and nobody else's.
_LOCK = 7_041_997

#: Groups of members to the variant that each of them gets; groups that are left out get none.
Choose = Callable[[Sequence[HistoryGroup]], Iterable[tuple[HistoryGroup, FrozenVariant]]]


class RecipientStore:
    """Members as recipients of editions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def groups(
        self,
        newsletter: str,
        candidates: Collection[int],
        now: datetime,
        *,
        edition: Edition | None = None,
        day: date | None = None,
        consent_only: bool = False,
    ) -> list[HistoryGroup]:
        """Group the newsletter's members by audiences and by which candidate items were carried to them.

        Paused, ended and suppressed ones are not among them, nor those without any audience.
        edition: the one that is being composed, whose own deliveries are no history. day: its date; monthly
        members who had another edition in that month are left out.
        consent_only: only members who gave consent, as marketing asks for.
        """
        with self._database.read() as connection:
            history = History(connection, candidates, edition)
            recipients = readers(connection, newsletter, now, history, day=day, consent_only=consent_only)
            return _groups(connection, history, recipients)

    def has_monthly(self, newsletter: str, now: datetime) -> bool:
        """Whether anybody gets a newsletter once a month, or did so lately."""
        with self._database.read() as connection:
            return has_monthly(connection, newsletter, now)

    def sample(self, newsletter: str, audiences: Collection[str]) -> Recipient | None:
        """Return one member who gets the newsletter with these audiences, for previews; None without any."""
        query = (
            select(members)
            .join(subscriptions, subscriptions.c.member_id == members.c.id)
            .where(
                subscriptions.c.newsletter == newsletter,
                subscriptions.c.ended_at.is_(None),
                subscriptions.c.audiences == audience_key(audiences),
                members.c.email.is_not(None),
            )
            .order_by(subscriptions.c.member_id)
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return make_recipient(row) if row else None

    def lacking(self, newsletter: str, audiences: Collection[str], names: Collection[str]) -> dict[str, int]:
        """Count the members of one set of audiences who have no value, by name of the field.

        names: as templates call them, "member.first_name"; attributes too.
        """
        names = sorted(names)
        empty = [func.count().filter(is_blank(name)) for name in names]
        query = (
            select(*empty)
            .join_from(members, subscriptions, subscriptions.c.member_id == members.c.id)
            .where(
                subscriptions.c.newsletter == newsletter,
                subscriptions.c.ended_at.is_(None),
                subscriptions.c.audiences == audience_key(audiences),
                members.c.email.is_not(None),
            )
        )
        if not names:
            return {}
        with self._database.read() as connection:
            return dict(zip(names, connection.execute(query).one(), strict=True))

    def doubtful(self, edition: Edition, needs: Needs) -> list[tuple[int, Recipient]]:
        """Return who waits for an edition and may not be able to get it, with the variant; see `planned`."""
        with self._database.read() as connection:
            return [*doubtful(connection, edition, needs)]

    def samples(
        self,
        edition: Edition,
        candidates: Collection[int],
        now: datetime,
        *,
        consent_only: bool = False,
        member: int | None = None,
    ) -> list[tuple[HistoryGroup, Recipient]]:
        """Group recipients as `groups` does, each with its first member. member: look at no other."""
        with self._database.read() as connection:
            history = History(connection, candidates, edition)
            recipients = readers_of(connection, edition, now, history, consent_only=consent_only)
            if member is not None:
                recipients = recipients.where(members.c.id == member)
            found = _sampled_groups(connection, history, recipients)
            first = recipients_by_id(connection, [key for _, key in found])
            return [(group, first[key]) for group, key in found]

    def planned_samples(self, edition: Edition) -> dict[int, Recipient]:
        """Return the first member of each variant of an edition whose deliveries are planned, by its key."""
        first = (
            select(func.min(deliveries.c.member_id))
            .where(deliveries.c.variant_id == variants.c.id)
            .scalar_subquery()
        )
        query = select(variants.c.id, first.label("member")).where(variants.c.edition_id == edition.key)
        with self._database.read() as connection:
            found = {row.id: row.member for row in connection.execute(query) if row.member is not None}
            recipients = recipients_by_id(connection, found.values())
        return {variant: recipients[key] for variant, key in found.items() if key in recipients}

    def plan(
        self,
        edition: Edition,
        candidates: Collection[int],
        choose: Choose,
        now: datetime,
        *,
        needs: Needs = MappingProxyType({}),
        check: Callable[[Iterable[tuple[int, Recipient]]], object] = lambda _: None,
        consent_only: bool = False,
    ) -> bool:
        """Write one pending delivery for each recipient, all of them or none, and begin sending.

        choose: which variant each group gets. check: is given those whose values may not fit what their
        variants need. What either raises leaves everything as it was. Returns False, and writes nothing,
        when the edition is not approved as it stands here: another process was quicker.
        """
        with self._database.write() as connection:
            _wait_for_turn(connection)
            begun = connection.execute(
                update(editions)
                .where(editions.c.id == edition.key, editions.c.hash == edition.hash)
                .where(editions.c.status == EditionStatus.APPROVED)
                .values(status=EditionStatus.SENDING, started_at=now)
            )
            if begun.rowcount != 1:
                return False
            history = History(connection, candidates, edition)
            recipients = readers_of(connection, edition, now, history, consent_only=consent_only)
            served = choose(_groups(connection, history, recipients))
            connection.execute(_insert_deliveries(connection, edition, recipients, history, served))
            check(doubtful(connection, edition, needs))
        return True


def _groups(connection: Connection, history: History, recipients: Select[Any]) -> list[HistoryGroup]:
    return [group for group, _ in _sampled_groups(connection, history, recipients)]


def _sampled_groups(
    connection: Connection, history: History, recipients: Select[Any]
) -> list[tuple[HistoryGroup, int]]:
    """Return the groups, each with the id of its first member."""
    theirs = recipients.add_columns(subscriptions.c.member_id).subquery()
    alike = [column for column in theirs.c if column.name != "member_id"]
    grouped = select(*alike, func.count(), func.min(theirs.c.member_id)).group_by(*alike)
    return [
        (
            HistoryGroup(
                audience_set(audiences), history.items(bits), count, tuple(map(int, bits)), frequency
            ),
            first,
        )
        for audiences, frequency, *bits, count, first in connection.execute(grouped)
    ]


def _wait_for_turn(connection: Connection) -> None:
    """Let nobody else plan until this transaction ends; in SQLite only one can write anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _insert_deliveries(
    connection: Connection,
    edition: Edition,
    recipients: Select[Any],
    history: History,
    served: Iterable[tuple[HistoryGroup, FrozenVariant]],
) -> Insert:
    """Make the INSERT that gives each recipient the variant of their group, members in order."""
    marks: list[Column[Any]] = [Column("audiences", String), Column("frequency", String)]
    marks += [Column(total.name, BigInteger) for total in history.columns]
    rows = [(audience_key(g.audiences), g.frequency, *g.signature, variant.key) for g, variant in served]
    groups = given(connection, [*marks, Column("variant", BigInteger)], rows)
    theirs = recipients.add_columns(subscriptions.c.member_id).subquery()
    same = and_(*(theirs.c[mark.name] == groups.c[mark.name] for mark in marks))
    chosen = select(
        literal(edition.key),
        groups.c.variant,
        theirs.c.member_id,
        literal(DeliveryStatus.PENDING.value),
        literal(0, Integer),
        literal(False, Boolean),
    ).join_from(theirs, groups, same)
    columns = ["edition_id", "variant_id", "member_id", "status", "attempts", "resent"]
    return insert(deliveries).from_select(columns, chosen.order_by(theirs.c.member_id))
