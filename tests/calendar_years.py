"""Years of a newsletter in a second: cron that calls, machines that are off, editors who take their time.

    world = World(schedule, policy, Random(1), start)
    world.live(start + timedelta(days=3650))
    assert world.broken() == []

Between the moments at which anything can change, cron's calls find nothing to do. A benchmark makes
them all the same, as `calls`.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from random import Random

from newsletter.editions.agenda import Action, Policy, Standing, Step, agenda
from newsletter.editions.schedule import Schedule
from newsletter.editions.types import UNDECIDED, Edition, EditionId, EditionStatus

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_AFTER = {
    Action.DRAFT: EditionStatus.DRAFT,
    Action.SEND: EditionStatus.SENT,
    Action.SKIP: EditionStatus.SKIPPED,
    Action.HOLD: EditionStatus.HELD,
}
_MOST_TURNS = 5
#: How many of its last editions a store hands out, beside the open ones.
_LAST = 3


def make_edition(day: date, status: str, **more) -> Edition:
    """Return an edition; one that is approved was so in good time."""
    approved = {"approved_by": "Cora", "approved_at": LONG_AGO} if status == "approved" else {}
    values = {"drafted_at": LONG_AGO, **approved, **more}
    return Edition(0, EditionId("weekly", day), EditionStatus(status), "", None, **values)


class World:
    """One newsletter, its machine and its editors. calls: further moments at which cron calls."""

    def __init__(
        self,
        schedule: Schedule,
        policy: Policy,
        dice: Random,
        start: datetime,
        *,
        calls: Sequence[datetime] = (),
    ) -> None:
        self.schedule, self.policy, self.dice, self.start = schedule, policy, dice, start
        self._further = calls
        self.editions: dict[date, Edition] = {}
        self.log: list[tuple[datetime, Step]] = []
        self.faults: list[str] = []
        self.calls = 0
        self._approvals: list[tuple[datetime, date]] = []
        #: How many hours' news each open edition holds, and how many members have had.
        self._news: dict[date, int] = {}
        self._carried = 0
        self._last_call = start

    def live(self, until: datetime) -> None:
        """Let cron call from the start until then."""
        outages = self._outages(until)
        begins, ends = next(outages)
        for moment in self._moments(until):
            while ends <= moment:
                begins, ends = next(outages)
            now = ends if begins <= moment else moment
            self._approve(now)
            self._call(now)

    def broken(self) -> list[str]:
        """Return every promise that was broken, in words."""
        sent = [step.date for _, step in self.log if step.action is Action.SEND]
        done = Counter((step.action, step.date) for _, step in self.log)
        twice = [f"{action} {day} {n} times" for (action, day), n in done.items() if n > 1]
        order = [f"{day} sent after {before}" for before, day in pairwise(sent) if day <= before]
        return [*self.faults, *twice, *order, *self._forgotten()]

    def ends(self) -> Counter[str]:
        """Return what became of how many editions."""
        return Counter(str(edition.status) for edition in self.editions.values())

    def _forgotten(self) -> list[str]:
        """Return what was due and came to no end; the newest may be held."""
        due = [it for it in self._occasions(self._last_call) if self.start <= it.due <= self._last_call]
        ends = {it.date: self.editions[it.date].status if it.date in self.editions else None for it in due}
        settled = (EditionStatus.SENT, EditionStatus.SKIPPED)
        newest = due[-1].date if due else None
        return [
            f"{day} ended as {status}"
            for day, status in ends.items()
            if status not in settled and not (day == newest and status is EditionStatus.HELD)
        ]

    def _occasions(self, until: datetime):
        first = self.schedule.local(self.start).date()
        return list(takewhile(lambda it: it.due <= until, self.schedule.editions(first)))

    def _moments(self, until: datetime):
        """Yield when something may change, approvals among them, which are made on the way."""
        p = self.policy
        shifts = (-p.lead, timedelta(), timedelta(minutes=7), p.catch_up)
        fixed = {it.due + shift for it in self._occasions(until) for shift in shifts}
        fixed.update(self._further)
        for moment in sorted(it for it in fixed if it >= self.start):
            while self._approvals and self._approvals[0][0] < moment:
                yield self._approvals[0][0]
            yield moment

    def _outages(self, until: datetime):
        now = self.start
        while now < until + timedelta(days=400):
            now += timedelta(days=self.dice.expovariate(1 / 40))
            length = self.dice.choice([HOUR / 2, 5 * HOUR, 30 * HOUR, timedelta(days=10), timedelta(days=40)])
            yield now, now + length * self.dice.random()
            now += length

    def _call(self, now: datetime) -> None:
        self._last_call = now
        for _ in range(_MOST_TURNS):
            self.calls += 1
            steps = agenda(self.schedule, self.policy, self._standing(), now)
            if not steps:
                return
            for step in steps:
                self._take(step, now)
        self.faults.append(f"{now}: no end of steps, the last are {steps}")

    def _standing(self) -> Standing:
        """Return what a store would say: what is open, and the last few."""
        newest = sorted(self.editions)[-_LAST:]
        known = [it for day, it in self.editions.items() if day in newest or it.status in UNDECIDED]
        return Standing(known, {it.id.date: self.policy.min_items for it in known}, self.start)

    def _take(self, step: Step, now: datetime) -> None:
        self.log.append((now, step))
        edition = self.editions.get(step.date)
        if step.action is Action.SEND:
            self._check_sending(step, edition, now)
        if step.action is Action.DRAFT:
            if edition:
                self.faults.append(f"{step.date} drafted again")
            self._ask_for_approval(step.date, now)
        drafted_at = now if edition is None else edition.drafted_at
        self.editions[step.date] = replace(
            edition or make_edition(step.date, "draft", drafted_at=drafted_at), status=_AFTER[step.action]
        )

    def _check_sending(self, step: Step, edition: Edition | None, now: datetime) -> None:
        p = self.policy
        if now < step.due:
            self.faults.append(f"{step.date} sent before its time")
        if edition is None or (edition.status is not EditionStatus.APPROVED and not p.automatic):
            self.faults.append(f"{step.date} sent without approval")
            return
        by_late_word = edition.approved_at is not None and edition.approved_at > step.due
        if now - step.due >= p.catch_up and p.on_missed != "send" and not by_late_word:
            self.faults.append(f"{step.date} sent though it was missed")
        upto = self._news.get(step.date, self._hours(now))
        if upto < self._carried:
            self.faults.append(f"{step.date} brings news that members have had")
        self._carried = upto

    def _ask_for_approval(self, day: date, now: datetime) -> None:
        """Editors approve in time as a rule, sometimes late, and sometimes never."""
        if not self.policy.automatic:
            hours = self.dice.choice([1, 5, 20, 20, 23, 30, 100, 300, None])
            if hours:
                heapq.heappush(self._approvals, (now + hours * HOUR * self.dice.random(), day))

    def _approve(self, now: datetime) -> None:
        while self._approvals and self._approvals[0][0] <= now:
            at, day = heapq.heappop(self._approvals)
            if self.editions[day].status in ("draft", "held"):
                # What went out since the draft is left out of it: approval is of what is there then.
                self._news[day] = self._hours(at)
                approved = {"status": EditionStatus.APPROVED, "approved_by": "Cora", "approved_at": at}
                self.editions[day] = replace(self.editions[day], **approved)

    def _hours(self, moment: datetime) -> int:
        return int((moment - self.start) / HOUR)
