"""Reports of more deliveries than fit a page."""

from __future__ import annotations

import pytest
from builders import NOW, add_items, add_members, plan
from sqlalchemy import insert, select, update

from newsletter.delivery.types import DeliveryStatus
from newsletter.store import reports
from newsletter.store.schema import attempts, deliveries


@pytest.fixture
def edition(project, monkeypatch):
    """An edition to thirty members, the eight statuses in turn, read in pages of four."""
    monkeypatch.setattr(reports, "_PAGE", 4)
    add_items(project, {"roof": "governors"})
    add_members(project, [f"m{number:02}" for number in range(30)])
    edition = plan(project)
    with project.database.write() as connection:
        for key in connection.scalars(select(deliveries.c.id).order_by(deliveries.c.id)).all():
            status = [*DeliveryStatus][key % 8]
            connection.execute(update(deliveries).where(deliveries.c.id == key).values(status=status))
    return edition


def test_every_delivery_comes_once_and_in_order(project, edition):
    found = [row.email for row in project.reports.deliveries(edition, unfinished_only=False)]
    assert found == [f"m{number:02}@example.org" for number in range(30)]


def test_sent_ones_are_left_out(project, edition):
    counts = project.editions.counts(edition)
    found = [*project.reports.deliveries(edition)]
    assert len(found) == counts.planned - counts.sent
    assert {row.status for row in found} == {*DeliveryStatus} - {DeliveryStatus.SENT}


def test_last_try_is_told_in_the_relays_words(project, edition):
    with project.database.write() as connection:
        key = connection.scalar(select(deliveries.c.id).where(deliveries.c.status == DeliveryStatus.PENDING))
        connection.execute(update(deliveries).where(deliveries.c.id == key).values(attempts=2))
        at = {"delivery_id": key, "started_at": NOW, "ended_at": NOW, "status": "deferred"}
        for relay, code, text in (("one.test", 421, "busy"), ("two.test", 452, "full")):
            connection.execute(
                insert(attempts).values(relay=relay, code=code, enhanced="4.2.2", text=text, **at)
            )
    pending = [
        row
        for row in project.reports.deliveries(edition, tried_only=True)
        if row.status is DeliveryStatus.PENDING
    ]
    assert [(row.relay, row.reply, row.at) for row in pending] == [("two.test", "452 4.2.2 full", NOW)]
