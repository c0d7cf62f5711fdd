"""Pausing, resuming, calling off and settling: conditional, safe to say twice, and never miscounted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, add_items, add_members, approve, deliveries, plan, statuses
from sqlalchemy import select, update

from newsletter.delivery.types import DeliveryStatus
from newsletter.editions.types import EditionStatus
from newsletter.errors import AlreadySent, EditionError, NotApproved
from newsletter.store.schema import attempts
from newsletter.store.schema import deliveries as table
from newsletter.workflows.control import cancel_edition, go_on, pause_edition, resume_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.find import find_edition

LATER = NOW + timedelta(minutes=7)
ENDS = {"sent", "refused", "suppressed", "unknown", "cancelled"}


class Scene:
    """An edition that is being sent, with one delivery of each status, called by it."""

    def __init__(self, project, edition) -> None:
        self.project = project
        self.edition = edition

    def put(self, name: str, status: str, **values) -> None:
        """Leave a delivery as a sender would have."""
        [key] = [key for key, who in self.keys().items() if who == name]
        with self.project.database.write() as connection:
            connection.execute(update(table).where(table.c.id == key).values(status=status, **values))

    def keys(self) -> dict[int, str]:
        order = [*deliveries(self.project, self.edition)]
        with self.project.database.read() as connection:
            return dict(zip(connection.scalars(select(table.c.id).order_by(table.c.id)), order, strict=True))

    def now(self):
        """The edition as it is at this moment; the counts must add up to the plan whenever it is asked."""
        found = statuses(self.project, self.edition)
        counts = self.project.editions.counts(self.edition)
        assert counts.planned == len(found)
        assert all(count == [*found.values()].count(name) for name, count in counts.by_status().items())
        return find_edition(self.project, "weekly")

    def pause(self, by="Anna", reason="a slip", now=LATER):
        return pause_edition(self.project, "weekly", by, reason, now)

    def cancel(self, by="Anna", reason="", now=LATER):
        return cancel_edition(self.project, "weekly", by, reason, now)

    def resume(self, unknown=None, by="Ben"):
        return resume_edition(self.project, "weekly", by, LATER, unknown)

    def words(self, name: str) -> list[str]:
        """What was put down about the tries of a member's delivery."""
        [key] = [key for key, who in self.keys().items() if who == name]
        with self.project.database.read() as connection:
            told = select(attempts.c.text).where(attempts.c.delivery_id == key).order_by(attempts.c.id)
            return [*connection.scalars(told)]


@pytest.fixture
def scene(project, plan_for):
    def scene(*names: str) -> Scene:
        made = Scene(project, plan_for(*names or DeliveryStatus))
        for status in () if names else DeliveryStatus:
            made.put(status, status)
        return made

    return scene


def test_paused_edition_says_who_and_why_and_keeps_every_delivery(scene):
    here = scene()
    before = statuses(here.project, here.edition)
    assert here.pause().changed
    paused = here.now()
    assert (paused.status, paused.paused_by, paused.pause_reason) == (EditionStatus.PAUSED, "Anna", "a slip")
    assert paused.halted_at == LATER
    assert statuses(here.project, here.edition) == before


def test_second_pause_changes_nothing(scene):
    here = scene("anna")
    here.pause()
    again = here.pause("Ben", "no reason", LATER + timedelta(hours=1))
    assert not again.changed
    assert (again.edition.paused_by, again.edition.halted_at) == ("Anna", LATER)


def test_person_takes_over_what_the_program_paused_and_not_the_other_way_round(scene):
    here = scene("anna")
    assert here.project.editions.pause(here.edition, None, "40 of 50 refused", NOW)
    assert not here.project.editions.pause(here.edition, None, "again", LATER)
    assert here.pause("Anna", "").changed
    assert not here.project.editions.pause(here.edition, None, "and again", LATER)
    assert (here.now().paused_by, here.now().pause_reason) == ("Anna", None)


def test_only_what_is_going_out_can_be_paused(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    draft_edition(project, "weekly", NOW)
    with pytest.raises(EditionError, match="it is a draft"):
        pause_edition(project, "weekly", "Anna", "", NOW)
    edition = plan(project)
    project.editions.finish(edition, NOW)
    with pytest.raises(AlreadySent, match="is sent, there is nothing to pause"):
        pause_edition(project, "weekly", "Anna", "", NOW)


def test_paused_edition_is_neither_claimed_nor_marked(scene):
    from newsletter.store.deliveries import DeliveryStore

    here = scene("anna", "ben")
    worker = DeliveryStore(here.project.database, "one")
    [claim] = worker.claim(here.edition, 1, NOW)
    here.pause()
    assert worker.claim(here.edition, 1, NOW) == []
    assert worker.note([], [claim]) == set()
    assert statuses(here.project, here.edition) == {"anna": "pending", "ben": "pending"}


def test_program_goes_on_by_itself_only_where_no_person_said_otherwise(scene):
    here = scene("anna")
    here.project.editions.pause(here.edition, None, "40 of 50 refused", NOW)
    assert go_on(here.project, here.now()).status is EditionStatus.SENDING
    assert (here.now().paused_by, here.now().pause_reason, here.now().halted_at) == (None, None, None)
    here.pause()
    with pytest.raises(EditionError, match=r"was paused by Anna on .*: a slip") as refused:
        go_on(here.project, here.now())
    assert refused.value.hint == f"let it go on with: newsletter edition resume {here.edition.id}"
    assert here.now().status is EditionStatus.PAUSED


def test_edition_that_is_not_paused_goes_on_as_it_is(scene):
    here = scene("anna")
    assert go_on(here.project, here.now()) == here.now()


def test_cancelled_edition_calls_off_what_waits_and_nothing_else(scene):
    here = scene()
    assert here.cancel(reason="wrong list").changed
    cancelled = here.now()
    assert (cancelled.status, cancelled.paused_by) == (EditionStatus.CANCELLED, "Anna")
    assert statuses(here.project, here.edition) == {
        status: "cancelled" if status in ("pending", "deferred") else status for status in DeliveryStatus
    }


def test_what_comes_back_to_a_cancelled_edition_is_called_off_too(scene):
    here = scene()
    assert here.project.editions.call_off_rest(here.edition, LATER) == 0
    here.cancel()
    here.put("sending", "deferred", retry_at=LATER)
    assert here.project.editions.call_off_rest(here.edition, LATER) == 1
    assert here.now().status is EditionStatus.CANCELLED
    here.put("sending", "pending")
    assert not here.cancel("Ben").changed
    assert here.now().paused_by == "Anna"
    assert {*statuses(here.project, here.edition).values()} <= ENDS


@pytest.mark.parametrize("stage", ["draft", "approved", "paused"])
def test_edition_can_be_cancelled_before_and_while_it_goes_out(project, stage):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    draft_edition(project, "weekly", NOW)
    if stage == "approved":
        approve(project)
    elif stage == "paused":
        plan(project)
        pause_edition(project, "weekly", "Anna", "", NOW)
    assert find_edition(project, "weekly").status == stage
    assert cancel_edition(project, "weekly", "Anna", "", NOW).edition.status is EditionStatus.CANCELLED
    assert not cancel_edition(project, "weekly", "Anna", "", NOW).changed


def test_sent_edition_cannot_be_cancelled(scene):
    here = scene("anna")
    here.put("anna", "sent")
    here.project.editions.finish(here.edition, NOW)
    with pytest.raises(AlreadySent, match="is sent, there is nothing to cancel"):
        here.cancel()


def test_cancelled_edition_stays_cancelled(scene):
    here = scene()
    here.cancel()
    for begin in (here.resume, lambda: here.resume("resend"), lambda: go_on(here.project, here.now())):
        with pytest.raises(EditionError, match="that is final"):
            begin()
    with pytest.raises(AlreadySent, match="is cancelled"):
        here.pause()
    assert here.resume("sent").settled == 1
    assert here.now().status is EditionStatus.CANCELLED
    assert statuses(here.project, here.edition)["unknown"] == "sent"


def test_resumed_edition_goes_on_where_it_was(scene):
    here = scene()
    before = statuses(here.project, here.edition)
    here.pause()
    assert here.resume().changed
    going = here.now()
    assert (going.status, going.paused_by, going.halted_at) == (EditionStatus.SENDING, None, None)
    assert statuses(here.project, here.edition) == before
    assert not here.resume().changed


def test_resumed_edition_without_open_deliveries_is_sent(scene):
    here = scene("anna", "ben")
    here.put("anna", "sent")
    here.put("ben", "unknown")
    here.pause()
    resumed = here.resume("sent")
    assert (resumed.edition.status, resumed.settled) == (EditionStatus.SENT, 1)
    assert resumed.edition.halted_at == LATER
    assert here.words("ben") == ["taken as sent: Ben decided"]


@pytest.mark.parametrize("stage", ["sending", "paused", "sent"])
def test_unknown_ones_are_sent_once_more_when_a_person_says_so(scene, stage):
    here = scene("anna", "ben")
    here.put("anna", "sent")
    here.put("ben", "unknown", worker="gone", first_try=NOW, finished_at=NOW, resent=True)
    if stage == "paused":
        here.pause()
    elif stage == "sent":
        here.project.editions.finish(here.edition, NOW)
    assert here.now().status == stage
    resumed = here.resume("resend")
    assert (resumed.edition.status, resumed.settled) == (EditionStatus.SENDING, 1)
    assert statuses(here.project, here.edition) == {"anna": "sent", "ben": "pending"}
    assert here.words("ben") == ["to be sent once more: Ben decided"]
    again = here.resume("resend")
    assert (again.changed, again.settled) == (False, 0)


def test_resume_of_an_edition_that_never_began_is_refused(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    approve(project)
    with pytest.raises(EditionError, match="is approved, nothing of it has been sent yet"):
        resume_edition(project, "weekly", "Anna", NOW)


def test_resume_is_refused_when_the_sender_changed_meanwhile(scene, open_project):
    here = scene("anna")
    here.pause()
    other = open_project(sender={"from": "Other News <other@example.org>"})
    with pytest.raises(NotApproved, match="sender or newsletter changed"):
        resume_edition(other, "weekly", "Anna", LATER)
    assert here.now().status is EditionStatus.PAUSED


def test_what_a_dead_sender_had_in_hand_is_settled_with_the_rest(scene):
    here = scene("anna", "ben")
    with here.project.database.write() as connection:
        connection.execute(update(table).values(status="sending", worker="dead", lease_until=0.0))
    here.put("ben", "unknown")
    assert here.resume("sent").settled == 2
    assert statuses(here.project, here.edition) == {"anna": "sent", "ben": "sent"}


def test_words_about_an_edition_stay_on_one_line(scene):
    here = scene("anna")
    paused = here.pause(" Anna\nAldous ", "two\n\nlines ")
    assert (paused.edition.paused_by, paused.edition.pause_reason) == ("Anna Aldous", "two lines")
    with pytest.raises(EditionError, match="somebody's name is needed"):
        here.resume(by=" ")
