"""The ledger: claimed once, marked before the dot, taken over from the dead, and never miscounted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

import psutil
import pytest
from builders import FRIDAY, NOW, add_items, deliveries, plan, statuses
from sqlalchemy import insert, select, update

from newsletter.delivery.judge import judge
from newsletter.delivery.types import Attempt, Claim, Reply, Stage
from newsletter.errors import StoreBusy
from newsletter.store.claims import LEASE_S
from newsletter.store.deliveries import DeliveryStore, Recovered
from newsletter.store.schema import deliveries as table
from newsletter.store.schema import members, subscriptions
from newsletter.store.schema import workers as workers_table
from newsletter.store.workers import Neighbours, this_machine
from newsletter.workflows.ledger import Ledger
from newsletter.workflows.loop import run_in_loop

ACCEPTED = Reply(250, "queued as 7F", "2.0.0")
NO_MAILBOX = Reply(550, "no such user here", "5.1.1")
FULL = Reply(452, "mailbox full", "4.2.2")
CLOSING = Reply(421, "shutting down", "4.3.2")
LATER = NOW + timedelta(seconds=3)


class Scene:
    """An edition that is planned for some governors, and the workers that send it."""

    def __init__(self, project, edition, names: Collection[str]) -> None:
        self.project = project
        self.edition = edition
        self.names = set(names)

    def worker(self, name: str, *, resend: bool = False) -> DeliveryStore:
        return DeliveryStore(self.project.database, name, resend=resend)

    def claim(self, worker: DeliveryStore, limit: int = 10) -> dict[str, Claim]:
        claims = worker.claim(self.edition, limit, NOW)
        return {claim.recipient.address.text.partition("@")[0]: claim for claim in claims}

    def statuses(self) -> dict[str, str]:
        """Return the status of each delivery; the counts must add up to the plan whenever it is asked."""
        found = statuses(self.project, self.edition)
        counts = self.project.editions.counts(self.edition)
        assert counts.planned == len(found)
        assert all(count == [*found.values()].count(name) for name, count in counts.by_status().items())
        assert set(found) <= self.names
        return found

    def end_leases(self) -> None:
        with self.project.database.write() as connection:
            connection.execute(update(table).values(lease_until=table.c.lease_until - LEASE_S - 1))


@pytest.fixture
def scene(project, plan_for):
    return lambda *names: Scene(project, plan_for(*names), names)


def outcome(claim, reply=ACCEPTED, stage=Stage.CONTENT) -> Attempt:
    verdict = judge(reply, stage, claim.attempts, claim.first_try or NOW, LATER)
    return Attempt(claim, verdict, reply, "relay.test", NOW, LATER, "" if reply else "connection lost")


def test_deliveries_are_claimed_in_order_and_only_once(scene):
    here = scene("anna", "ben", "cora")
    one, other = here.worker("one"), here.worker("other")
    assert list(here.claim(one, 2)) == ["anna", "ben"]
    assert list(here.claim(other)) == ["cora"]
    assert here.claim(one) == {}


def test_racing_workers_share_the_deliveries(scene):
    here = scene(*(f"m{number:02}" for number in range(60)))
    together, claimed = threading.Barrier(3), []

    def work(name):
        worker = here.worker(name)
        together.wait()
        while claims := patiently(here.claim, worker, 4):
            claimed.extend(claims)
            for claim in claims.values():
                assert patiently(worker.note, [], [claim]) == {claim.delivery}
                patiently(worker.note, [outcome(claim)], [])

    def patiently(act, *what):
        while True:
            with suppress(StoreBusy):  # nothing is written then
                return act(*what)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(here.names)
    assert here.statuses() == dict.fromkeys(here.names, "sent")


def test_who_left_since_the_plan_is_suppressed_at_the_claim(scene):
    here = scene("stays", "left", "suppressed", "forgotten")
    here.project.members.suppress("suppressed@example.org", "complaint", "", NOW)
    with here.project.database.write() as connection:
        whose = select(members.c.id).where(members.c.email == "left@example.org").scalar_subquery()
        connection.execute(
            update(subscriptions).where(subscriptions.c.member_id == whose).values(ended_at=NOW)
        )
        forget = update(members).where(members.c.email == "forgotten@example.org")
        connection.execute(forget.values(email=None, email_key=None))
    here.names.add("")
    assert list(here.claim(here.worker("one"), 1)) == ["stays"]
    assert here.claim(here.worker("one")) == {}
    assert here.statuses() == {
        "stays": "pending",
        "left": "suppressed",
        "suppressed": "suppressed",
        "": "suppressed",
    }


def test_forgotten_member_is_suppressed_where_nobody_else_is(scene):
    here = scene("forgotten")
    with here.project.database.write() as connection:
        connection.execute(update(members).values(email=None, email_key=None))
    assert here.claim(here.worker("one")) == {}
    assert here.project.editions.counts(here.edition).suppressed == 1


def test_nothing_may_be_sent_once_the_lease_has_run_out(scene):
    here = scene("anna", "ben")
    one, other = here.worker("one"), here.worker("other")
    claims = here.claim(one)
    here.end_leases()
    assert one.note([], [*claims.values()]) == set()
    assert set(here.claim(other)) == {"anna", "ben"}
    assert one.note([], [*claims.values()]) == set()
    assert here.statuses() == {"anna": "pending", "ben": "pending"}


def test_delivery_that_two_lines_of_one_worker_claimed_is_handed_over_once(scene):
    here = scene("anna", "ben")
    store = here.worker("one")
    claims = [here.claim(store)["anna"]]
    here.end_leases()  # it was stopped for a while, and goes on
    claims.append(here.claim(store)["anna"])

    async def both_at_once_and_one_later() -> list[bool]:
        ledger = Ledger(store, lines=4)
        try:
            at_once = await asyncio.gather(*(ledger.note([], claim) for claim in claims))
            later = await ledger.note([], claims[0])
            return [*at_once, later, await ledger.note([outcome(claims[0])], claims[1])]
        finally:
            ledger.close()

    assert run_in_loop(both_at_once_and_one_later()) == [True, False, False, False]
    assert here.statuses()["anna"] == "sent"


def test_lease_that_is_renewed_holds(scene):
    here = scene("anna", "ben")
    one, other = here.worker("one"), here.worker("other")
    claims = here.claim(one)
    with here.project.database.write() as connection:
        connection.execute(update(table).values(lease_until=table.c.lease_until - LEASE_S + 5))
    one.renew()
    with here.project.database.write() as connection:
        connection.execute(update(table).values(lease_until=table.c.lease_until - 6))
    assert here.claim(other) == {}
    assert one.note([], [claims["anna"]]) == {claims["anna"].delivery}
    here.end_leases()
    one.renew()  # too late
    assert set(here.claim(other)) == {"ben"}


def test_what_was_claimed_can_be_given_back(scene):
    here = scene("anna", "ben")
    one, other = here.worker("one"), here.worker("other")
    one.note([], [here.claim(one)["anna"]])
    one.release(here.edition)
    assert set(here.claim(other)) == {"ben"}
    assert here.statuses() == {"anna": "sending", "ben": "pending"}


def test_outcome_is_recorded_in_the_relays_words(scene):
    table_of_replies = {
        "anna": (ACCEPTED, Stage.CONTENT, "sent", 1),
        "ben": (NO_MAILBOX, Stage.RCPT, "refused", 1),
        "cora": (Reply(554, "spam"), Stage.CONTENT, "refused", 1),
        "dan": (FULL, Stage.RCPT, "deferred", 1),
        "eve": (None, Stage.CONTENT, "unknown", 1),
        # What is about the link or about us is nobody's attempt.
        "fay": (CLOSING, Stage.CONTENT, "pending", 0),
        "gus": (None, Stage.MAIL, "pending", 0),
        "hal": (Reply(550, "who are you"), Stage.MAIL, "pending", 0),
    }
    here = scene(*table_of_replies)
    one = here.worker("one")
    claims = here.claim(one)
    one.note([], [*claims.values()])
    said = {
        name: outcome(claims[name], reply, stage) for name, (reply, stage, *_) in table_of_replies.items()
    }
    one.note([*said.values()], [])
    assert here.statuses() == {name: status for name, (*_, status, _) in table_of_replies.items()}
    for name, row in deliveries(here.project, here.edition).items():
        reply, _, _, tries = table_of_replies[name]
        assert (row.attempts, row.audiences, row.number) == (tries, {"governors"}, 1)
        assert row.reply == ((str(reply) if reply else "connection lost") if tries else None)
        assert here.project.members.is_suppressed(row.email) is (reply is NO_MAILBOX)
    assert set(here.claim(here.worker("other"))) == {"fay", "gus", "hal"}


def test_outcomes_and_the_next_mark_share_a_transaction(scene):
    here = scene("anna", "ben")
    one = here.worker("one")
    claims = here.claim(one)
    one.note([], [claims["anna"]])
    assert one.note([outcome(claims["anna"])], [claims["ben"]]) == {claims["ben"].delivery}
    assert here.statuses() == {"anna": "sent", "ben": "sending"}
    one.note([outcome(claims["ben"], NO_MAILBOX), outcome(claims["ben"], NO_MAILBOX)], [])  # even twice
    assert here.statuses() == {"anna": "sent", "ben": "refused"}


def test_deferred_delivery_wakes_when_its_time_has_come(scene):
    here = scene("anna", "ben")
    one = here.worker("one")
    claims = here.claim(one)
    one.note([outcome(claims["anna"], FULL, Stage.RCPT), outcome(claims["ben"])], [])
    verdict = outcome(claims["anna"], FULL, Stage.RCPT).verdict
    one.wake_deferred(here.edition, verdict.retry_at - timedelta(seconds=1))
    assert here.statuses() == {"anna": "deferred", "ben": "sent"}
    one.wake_deferred(here.edition, verdict.retry_at)
    assert here.statuses() == {"anna": "pending", "ben": "sent"}
    again = here.claim(one)["anna"]
    assert (again.attempts, again.first_try, again.delivery) == (1, NOW, claims["anna"].delivery)


@pytest.mark.parametrize(("by", "resend"), [("worker is dead", False), ("lease ran out", True)])
def test_what_a_dead_worker_left_is_taken_over(scene, by, resend):
    here = scene("anna", "ben", "cora", "dan")
    one, other = here.worker("one"), here.worker("other", resend=resend)
    claims = here.claim(one, 3)
    one.note([], [claims["anna"], claims["ben"]])
    one.note([outcome(claims["ben"])], [])
    if by == "lease ran out":
        here.end_leases()
    dead = [] if by == "lease ran out" else ["one"]
    assert other.recover(here.edition, dead, LATER) == Recovered(released=1, unknown=1, resent=int(resend))
    doubtful = "pending" if resend else "unknown"
    assert here.statuses() == {"anna": doubtful, "ben": "sent", "cora": "pending", "dan": "pending"}
    assert "could note the relay's answer" in deliveries(here.project, here.edition)["anna"].reply
    assert other.recover(here.edition, dead, LATER) == Recovered()
    # The dead one was only slow, and comes back: what it knows is worth having unless another has the row.
    assert set(here.claim(other)) == ({"anna", "cora", "dan"} if resend else {"cora", "dan"})
    assert one.note([], [claims["cora"]]) == set()
    one.note([outcome(claims["anna"]), outcome(claims["cora"], CLOSING)], [])
    late = "pending" if resend else "sent"
    assert here.statuses() == {"anna": late, "ben": "sent", "cora": "pending", "dan": "pending"}
    assert here.claim(here.worker("third")) == {}  # the other one still holds what it claimed


def test_slow_worker_does_not_bring_back_what_another_has_sent(scene):
    here = scene("anna", "ben")
    slow, other = here.worker("slow"), here.worker("other")
    claims = here.claim(slow)
    here.end_leases()
    for claim in here.claim(other).values():
        other.note([], [claim])
        other.note([outcome(claim)], [])
    slow.note([outcome(claims["anna"], CLOSING, Stage.MAIL), outcome(claims["ben"], FULL, Stage.RCPT)], [])
    assert here.statuses() == {"anna": "sent", "ben": "sent"}


def test_live_workers_are_left_alone(scene):
    here = scene("anna", "ben")
    one, other = here.worker("one"), here.worker("other", resend=True)
    one.note([], [here.claim(one)["anna"]])
    assert other.recover(here.edition, ["somebody else"], NOW) == Recovered()
    assert here.statuses() == {"anna": "sending", "ben": "pending"}


def test_live_worker_keeps_what_it_has_in_hand_when_a_clock_ends_its_lease(scene):
    here = scene("anna", "ben")
    one, other = here.worker("one"), here.worker("other", resend=True)
    one.note([], [here.claim(one)["anna"]])
    here.end_leases()
    assert other.recover(here.edition, [], NOW, alive=["one"]) == Recovered(released=1)
    assert here.statuses() == {"anna": "sending", "ben": "pending"}
    assert other.recover(here.edition, ["one"], NOW) == Recovered(unknown=1, resent=1)


def test_doubtful_delivery_is_sent_once_more_and_no_third_time(scene):
    here = scene("anna")
    one = here.worker("one", resend=True)
    for status in ("pending", "unknown"):
        claim = here.claim(one)["anna"]
        one.note([], [claim])
        one.note([outcome(claim, None)], [])
        assert here.statuses() == {"anna": status}
    assert here.claim(one) == {}
    assert one.recover(here.edition, [], NOW) == Recovered()
    assert deliveries(here.project, here.edition)["anna"].attempts == 2


def test_doubt_that_was_held_is_resent_when_the_rule_changes(scene):
    here = scene("anna")
    one = here.worker("one")
    claim = here.claim(one)["anna"]
    one.note([], [claim])
    one.note([outcome(claim, None)], [])
    assert here.statuses() == {"anna": "unknown"}
    assert here.worker("other", resend=True).recover(here.edition, [], NOW) == Recovered(resent=1)
    assert here.statuses() == {"anna": "pending"}


def test_other_editions_are_left_alone(scene):
    here = scene("anna")
    add_items(here.project, {"pay": "governors"})
    other = plan(here.project, FRIDAY + timedelta(days=7))
    one = here.worker("one")
    assert len(one.claim(other, 5, NOW)) == 1
    assert here.worker("two").recover(here.edition, ["one"], NOW) == Recovered()
    one.release(here.edition)
    assert here.worker("two").claim(other, 5, NOW) == []


def test_report_goes_page_by_page_and_leaves_out_what_was_sent(scene):
    here = scene(*(f"m{number:04}" for number in range(1001)))
    one = here.worker("one")
    first = here.claim(one, 1)["m0000"]
    one.note([outcome(first)], [])
    told = [row.email for row in here.project.reports.deliveries(here.edition)]
    assert len(told) == len(set(told)) == 1000
    assert "m0000@example.org" not in told


def _enter(project, pid, *, started_s=0.0, machine=None):
    """Enter a process as a worker, our own by default, as it might have been some time from now."""
    process = psutil.Process(pid)
    values = {"name": f"{machine}:{pid}", "pid": process.pid, "started_at": NOW}
    values["machine"] = machine or this_machine()
    values["process_started"] = process.create_time() - psutil.boot_time() + started_s
    with project.database.write() as connection:
        connection.execute(insert(workers_table).values(values))
    return values["name"]


def test_worker_is_dead_when_its_process_has_ended(project):
    me = project.workers.begin(NOW)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        theirs = _enter(project, child.pid)
        assert project.workers.neighbours() == Neighbours(dead=frozenset(), alive=frozenset([theirs]))
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        assert project.workers.neighbours() == Neighbours(dead=frozenset(), alive=frozenset())
        child.kill()
    assert project.workers.neighbours().dead == {theirs}
    for name in (theirs, me):
        project.workers.end(name)
    assert project.workers.neighbours().dead == frozenset()


def test_worker_whose_number_was_given_to_another_process_is_dead(project):
    me = project.workers.begin(NOW)
    reused = _enter(project, None, started_s=-3600)
    elsewhere = _enter(project, None, started_s=-3600, machine="another.example.org")
    assert project.workers.neighbours().dead == {reused}
    assert len({me, reused, elsewhere}) == 3


def test_workers_of_last_week_are_forgotten(project):
    _enter(project, None, started_s=-3600)
    assert len(project.workers.neighbours().dead) == 1
    project.workers.begin(NOW + timedelta(days=8))
    assert project.workers.neighbours().dead == frozenset()
