"""Editions, their variants and approvals."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from newsletter.audiences.types import audience_key, audience_set
from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.approval import Approvers, name_key
from newsletter.editions.types import (
    UNDECIDED,
    Approval,
    DeliveryCounts,
    Edition,
    EditionId,
    EditionStatus,
    Variant,
    VariantPlan,
)
from newsletter.errors import EditionChanged
from newsletter.members.types import Frequency
from newsletter.render.types import RenderedVariant, dump_segments, load_segments
from newsletter.store.bulk import insert_missing
from newsletter.store.columns import UtcDateTime
from newsletter.store.control import EditionControl
from newsletter.store.schema import (
    accepted_warnings,
    approvals,
    deliveries,
    editions,
    request_mails,
    requests,
    subscriptions,
    variant_items,
    variants,
)


@dataclass(frozen=True, slots=True)
class DraftedVariant:
    """A variant's plan and what came out of rendering it. revisions: of its items, by id."""

    plan: VariantPlan
    rendered: RenderedVariant
    revisions: Mapping[int, int]


class EditionStore(EditionControl):
    """The editions. What is approved never changes; a draft is replaced as a whole."""

    def find(self, edition_id: EditionId) -> Edition | None:
        """Return the edition of that newsletter and date."""
        return self._first(
            _editions().where(
                editions.c.newsletter == edition_id.newsletter, editions.c.date == edition_id.date
            )
        )

    def by_key(self, key: int) -> Edition | None:
        """Return the edition with this key."""
        return self._first(_editions().where(editions.c.id == key))

    def newest(self, newsletter: str) -> Edition | None:
        """Return the newsletter's edition with the latest date."""
        return self._first(
            _editions().where(editions.c.newsletter == newsletter).order_by(editions.c.date.desc()).limit(1)
        )

    def all(self) -> list[Edition]:
        """Return every edition, newest date first."""
        query = _editions().order_by(editions.c.date.desc(), editions.c.newsletter)
        with self._database.read() as connection:
            return [_edition(row) for row in connection.execute(query)]

    def recent(self, newsletters: Collection[str], limit: int) -> list[Edition]:
        """Return the last editions of these newsletters, newest date first."""
        query = _editions().where(editions.c.newsletter.in_(newsletters))
        with self._database.read() as connection:
            rows = connection.execute(
                query.order_by(editions.c.date.desc(), editions.c.newsletter).limit(limit)
            )
            return [_edition(row) for row in rows]

    def going_out(self, now: datetime) -> list[Edition]:
        """Return those of which something may be sent now, or that only wait to be called sent.

        Where all that is left was deferred until later, there is nothing to do yet.
        """
        mine = deliveries.c.edition_id == editions.c.id
        waits = exists().where(
            mine, deliveries.c.status.in_([DeliveryStatus.PENDING, DeliveryStatus.SENDING])
        )
        later = exists().where(
            mine, deliveries.c.status == DeliveryStatus.DEFERRED, deliveries.c.retry_at > now
        )
        due = exists().where(
            mine, deliveries.c.status == DeliveryStatus.DEFERRED, deliveries.c.retry_at <= now
        )
        query = _editions().where(editions.c.status == EditionStatus.SENDING, or_(waits, due, ~later))
        with self._database.read() as connection:
            return [_edition(row) for row in connection.execute(query.order_by(editions.c.date))]

    def standing(self, newsletter: str, last: int) -> list[Edition]:
        """Return a newsletter's open editions, and the last ones whatever their state, newest first."""
        ours = editions.c.newsletter == newsletter
        newest = select(editions.c.id).where(ours).order_by(editions.c.date.desc()).limit(last)
        query = _editions().where(ours, or_(editions.c.status.in_(UNDECIDED), editions.c.id.in_(newest)))
        with self._database.read() as connection:
            return [_edition(row) for row in connection.execute(query.order_by(editions.c.date.desc()))]

    def save_draft(
        self,
        edition_id: EditionId,
        drafted: Sequence[DraftedVariant],
        content_hash: str,
        now: datetime,
        *,
        replacing: Edition | None,
    ) -> Edition:
        """Store a draft in the place of an earlier one; approvals of the earlier one no longer stand.

        replacing: the edition as it was when drafting began, None for a new one. Raises EditionChanged when
        another process has changed it meanwhile.
        """
        with self._database.write() as connection:
            key = _edition_key(connection, edition_id, replacing)
            _drop_content(connection, key)
            reopened = replacing is not None and replacing.status is EditionStatus.APPROVED
            _drop_approvals(connection, key, now, but=None if reopened else content_hash)
            if replacing and (reopened or replacing.hash != content_hash):
                _let_ask_again(connection, key, content_hash)
            connection.execute(
                update(editions)
                .where(editions.c.id == key)
                .values(
                    status=EditionStatus.DRAFT,
                    hash=content_hash,
                    first_drafted_at=func.coalesce(editions.c.first_drafted_at, literal(now, UtcDateTime())),
                    drafted_at=now,
                    pause_reason=None,
                    finished_at=None,
                )
            )
            for variant in drafted:
                _insert_variant(connection, key, variant)
        found = self.find(edition_id)
        assert found  # noqa: S101 - it was written above
        return found

    def approve(
        self,
        edition: Edition,
        name: str,
        now: datetime,
        content: str,
        approvers: Approvers,
        *,
        accepted: Collection[str] = (),
    ) -> None:
        """Note who approved the content with the edition's hash, which is approved once enough people have.

        Who has approved it before is not noted again while it waits for others; of one that was held since,
        with all it takes, the word is given anew. accepted: rules of the warnings that were accepted. Raises
        EditionChanged where the content is another now.
        """
        with self._database.write() as connection:
            as_it_is = select(editions.c.id).where(
                editions.c.id == edition.key,
                editions.c.hash == edition.hash,
                editions.c.status.in_(UNDECIDED),
            )
            if connection.scalar(as_it_is.with_for_update()) is None:
                raise EditionChanged(f"{edition.id} was changed by another process", hint="look at it again")
            standing = _standing(connection, edition)
            own = [it.name for it in standing if name_key(it.name) == name_key(name)]
            if not own or not approvers.missing(standing):
                same = (*_stands(edition), approvals.c.name.in_(own))
                connection.execute(update(approvals).where(*same).values(dropped_at=now))
                values = {"edition_id": edition.key, "name": name, "approved_at": now, "hash": edition.hash}
                _insert_approval(connection, values | {"content": content}, accepted)
                standing.append(Approval(name, now))
            if not approvers.missing(standing):
                approved = {"status": EditionStatus.APPROVED, "pause_reason": None, "finished_at": None}
                connection.execute(update(editions).where(editions.c.id == edition.key).values(approved))

    def approvals(self, edition: Edition) -> list[Approval]:
        """Return the approvals that stand for the present content, oldest first."""
        with self._database.read() as connection:
            return _standing(connection, edition)

    def last_approved(self, edition: Edition) -> tuple[Approval, str | None] | None:
        """Return the newest approval, of whatever content, and that content; None where there is none."""
        query = select(approvals).where(approvals.c.edition_id == edition.key)
        with self._database.read() as connection:
            row = connection.execute(query.order_by(approvals.c.id.desc()).limit(1)).one_or_none()
        return (Approval(row.name, row.approved_at), row.content) if row else None

    def finish(self, edition: Edition, now: datetime) -> None:
        """Note that every delivery has come to its end."""
        with self._database.write() as connection:
            connection.execute(
                update(editions)
                .where(editions.c.id == edition.key, editions.c.status == EditionStatus.SENDING)
                .values(status=EditionStatus.SENT, finished_at=now)
            )

    def variants(self, edition: Edition) -> list[Variant]:
        """Return the variants with what they hold, smaller sets of audiences first.

        recipients: as planned by the draft; once deliveries are planned, how many there are.
        """
        return [variant for variant, _ in self.frozen(edition)]

    def frozen(self, edition: Edition) -> list[tuple[Variant, RenderedVariant]]:
        """Return the variants as `variants` does, each with its content, all as of one moment."""
        query = select(variants).where(variants.c.edition_id == edition.key).order_by(variants.c.id)
        with self._database.read() as connection:
            content: dict[int, list[int]] = {}
            for row in connection.execute(
                select(variant_items.c.variant_id, variant_items.c.item_id)
                .join(variants)
                .where(variants.c.edition_id == edition.key)
                .order_by(variant_items.c.variant_id, variant_items.c.position)
            ):
                content.setdefault(row.variant_id, []).append(row.item_id)
            planned = _planned(connection, edition.key)
            return [
                (
                    _variant(
                        row, content.get(row.id, []), planned.get(row.id, 0) if planned else row.recipients
                    ),
                    _rendered(row),
                )
                for row in connection.execute(query)
            ]

    def rendered(self, variant_key: int) -> RenderedVariant:
        """Return the frozen content of a variant."""
        with self._database.read() as connection:
            row = connection.execute(select(variants).where(variants.c.id == variant_key)).one()
        return _rendered(row)

    def counts(self, edition: Edition) -> DeliveryCounts:
        """Count the edition's deliveries by status."""
        query = (
            select(deliveries.c.status, func.count())
            .where(deliveries.c.edition_id == edition.key)
            .group_by(deliveries.c.status)
        )
        with self._database.read() as connection:
            return DeliveryCounts(**dict(connection.execute(query).all()))

    def sent_by_variant(self, edition: Edition) -> dict[int, int]:
        """Return how many deliveries of each variant are sent, by its key."""
        with self._database.read() as connection:
            return _planned(connection, edition.key, DeliveryStatus.SENT)

    def accepted(self, edition: Edition) -> frozenset[str]:
        """Return the rules of the warnings that its approvals accepted."""
        query = select(accepted_warnings.c.rule).join(approvals).where(*_stands(edition))
        with self._database.read() as connection:
            return frozenset(connection.scalars(query))

    def sent_before(self, edition: Edition, limit: int) -> list[Edition]:
        """Return the newsletter's last editions before this one that were sent, newest first."""
        query = (
            _editions()
            .where(
                editions.c.newsletter == edition.id.newsletter,
                editions.c.date < edition.id.date,
                editions.c.status == EditionStatus.SENT,
            )
            .order_by(editions.c.date.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_edition(row) for row in connection.execute(query)]

    def planned(self, several: Sequence[Edition]) -> list[int]:
        """Return how many deliveries each of these editions has, in their order.

        Whoever gets one a month is not counted.
        """
        keys = [edition.key for edition in several]
        monthly = exists().where(
            subscriptions.c.member_id == deliveries.c.member_id,
            subscriptions.c.newsletter == editions.c.newsletter,
            subscriptions.c.ended_at.is_(None),
            subscriptions.c.frequency == Frequency.MONTHLY,
        )
        query = (
            select(deliveries.c.edition_id, func.count())
            .join(editions)
            .where(deliveries.c.edition_id.in_(keys), ~monthly)
            .group_by(deliveries.c.edition_id)
        )
        with self._database.read() as connection:
            found: dict[int, int] = dict(connection.execute(query).all())
        return [found.get(key, 0) for key in keys]

    def last_begun(self, newsletter: str, before: date) -> date | None:
        """Return the date of the newest edition before a day whose deliveries were planned."""
        query = select(func.max(editions.c.date)).where(
            editions.c.newsletter == newsletter,
            editions.c.date < before,
            editions.c.started_at.is_not(None),
        )
        with self._database.read() as connection:
            found: date | None = connection.scalar(query)
        return found

    def _first(self, query: Select[Any]) -> Edition | None:
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _edition(row) if row else None


@cache
def _editions() -> Select[Any]:
    """Select editions with the newest approval that stands for their present content."""
    standing = approvals.alias()
    newest = (
        select(func.max(standing.c.id))
        .where(standing.c.edition_id == editions.c.id, standing.c.hash == editions.c.hash)
        .where(standing.c.dropped_at.is_(None))
        .scalar_subquery()
    )
    # Of several that are needed a draft may have the first.
    waits = editions.c.status.in_([EditionStatus.DRAFT, EditionStatus.HELD])
    stands = and_(approvals.c.id == newest, ~waits)
    joined = editions.outerjoin(approvals, stands)
    return select(editions, approvals.c.name, approvals.c.approved_at).select_from(joined)


def _edition(row: Row[Any]) -> Edition:
    return Edition(
        key=row.id,
        id=EditionId(row.newsletter, row.date),
        status=EditionStatus(row.status),
        message_id_key=row.message_id_key,
        hash=row.hash,
        drafted_at=row.drafted_at,
        first_drafted_at=row.first_drafted_at,
        approved_by=row.name,
        approved_at=row.approved_at,
        started_at=row.started_at,
        halted_at=row.finished_at,
        paused_by=row.paused_by,
        pause_reason=row.pause_reason,
    )


def _edition_key(connection: Connection, edition_id: EditionId, replacing: Edition | None) -> int:
    key = {"newsletter": edition_id.newsletter, "date": edition_id.date}
    if replacing is None:
        values = {**key, "status": EditionStatus.DRAFT, "message_id_key": secrets.token_hex(16)}
        made = connection.execute(
            insert_missing(connection, editions).values(values).returning(editions.c.id)
        )
        found = made.scalar_one_or_none()
    else:
        as_it_was = (editions.c.status == replacing.status, editions.c.hash == replacing.hash)
        unchanged = select(editions.c.id).filter_by(**key).where(*as_it_was).with_for_update()
        found = connection.scalar(unchanged)
    if found is None:
        raise EditionChanged(f"{edition_id} was changed by another process", hint="try again")
    return int(found)


def _drop_content(connection: Connection, edition_key: int) -> None:
    old = select(variants.c.id).where(variants.c.edition_id == edition_key)
    connection.execute(delete(variant_items).where(variant_items.c.variant_id.in_(old)))
    connection.execute(delete(variants).where(variants.c.edition_id == edition_key))


def _drop_approvals(connection: Connection, edition_key: int, now: datetime, *, but: str | None) -> None:
    """Let approvals stand no longer. but: the hash of the content for which they do all the same."""
    dropped = update(approvals).where(approvals.c.edition_id == edition_key, approvals.c.dropped_at.is_(None))
    if but is not None:
        dropped = dropped.where(approvals.c.hash != but)
    connection.execute(dropped.values(dropped_at=now))


def _let_ask_again(connection: Connection, edition_key: int, content_hash: str) -> None:
    """Let the mails that ask for a content's approval go out anew, and their links be used again."""
    same = select(requests.c.id).where(requests.c.edition_id == edition_key, requests.c.hash == content_hash)
    connection.execute(delete(request_mails).where(request_mails.c.request_id.in_(same)))


def _standing(connection: Connection, edition: Edition) -> list[Approval]:
    query = select(approvals.c.name, approvals.c.approved_at).where(*_stands(edition))
    return [Approval(*row) for row in connection.execute(query.order_by(approvals.c.id))]


def _stands(edition: Edition) -> tuple[ColumnElement[bool], ...]:
    """Match the approvals of an edition that stand for its present content."""
    return (
        approvals.c.edition_id == edition.key,
        approvals.c.hash == edition.hash,
        approvals.c.dropped_at.is_(None),
    )


def _insert_approval(connection: Connection, values: Mapping[str, Any], accepted: Collection[str]) -> None:
    key = connection.execute(insert(approvals).values(values).returning(approvals.c.id)).scalar_one()
    rows = [{"approval_id": key, "rule": rule} for rule in sorted(set(accepted))]
    if rows:
        connection.execute(insert(accepted_warnings), rows)


def _insert_variant(connection: Connection, edition_key: int, drafted: DraftedVariant) -> None:
    plan, rendered = drafted.plan, drafted.rendered
    key = connection.execute(
        insert(variants)
        .values(
            edition_id=edition_key,
            audiences=audience_key(plan.audiences),
            number=plan.number,
            recipients=plan.members,
            subject=rendered.subject,
            preheader=rendered.preheader,
            html=dump_segments(rendered.html),
            text=dump_segments(rendered.text),
            html_bytes=rendered.html_bytes,
            hash=rendered.hash,
        )
        .returning(variants.c.id)
    ).scalar_one()
    connection.execute(
        insert(variant_items),
        [
            {"variant_id": key, "position": position, "item_id": item, "revision": drafted.revisions[item]}
            for position, item in enumerate(plan.items)
        ],
    )


def _planned(
    connection: Connection, edition_key: int, status: DeliveryStatus | None = None
) -> dict[int, int]:
    query = (
        select(deliveries.c.variant_id, func.count())
        .where(deliveries.c.edition_id == edition_key)
        .group_by(deliveries.c.variant_id)
    )
    if status:
        query = query.where(deliveries.c.status == status)
    return dict(connection.execute(query).all())


def _rendered(row: Row[Any]) -> RenderedVariant:
    return RenderedVariant(row.subject, row.preheader, load_segments(row.html), load_segments(row.text))


def _variant(row: Row[Any], items: Sequence[int], recipients: int) -> Variant:
    return Variant(
        key=row.id,
        audiences=audience_set(row.audiences),
        number=row.number,
        subject=row.subject,
        items=tuple(items),
        recipients=recipients,
        html_bytes=row.html_bytes,
        hash=row.hash,
    )
