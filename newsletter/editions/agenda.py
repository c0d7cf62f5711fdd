"""What is to be done for a newsletter at a moment: draft, send, skip or hold, and why.

- An edition is due from its time on. For `catch_up` after that, being late changes nothing; later, it was
  missed, and `on_missed` decides. A machine that was off for weeks has missed several editions: the newest
  stands for all, the others are skipped, and their items come with it, as none of them was carried.
- Who approves an edition after it was due wants it to go out: that word counts, however late it is.
- What went wrong once is told once: every step leads to another state of its edition, so the same question
  asked again has nothing more to do.
- An edition on a date that the schedule does not name was made by hand, and is left to hands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from newsletter.editions.schedule import Occasion, Schedule, weekday_date
from newsletter.editions.types import UNDECIDED, Edition, EditionStatus

OnMissed = Literal["send", "skip", "hold"]

_GONE = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)
_HOUR_S, _DAY_S = 3600, 86400


class Action(StrEnum):
    """What to do with an edition."""

    DRAFT = "draft"
    SEND = "send"
    SKIP = "skip"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do now. due: of the edition, in UTC; reason: as a person is told."""

    action: Action
    date: date
    due: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What a newsletter promises. automatic: sending approves; min_items: fewer make no edition."""

    lead: timedelta
    catch_up: timedelta
    on_missed: OnMissed
    automatic: bool = False
    min_items: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a newsletter. editions: all that are open, and at least the last that is not.

    items: how many each draft holds, by date. since: when scheduled runs began; what was due before is
    nobody's, but for what was made by hand and due within `catch_up`. approvals: of drafts that wait for
    more, how many they have, as a person is told, by date. restored: when the database was last put back from
    a copy; what was due until then may have gone out.
    """

    editions: Collection[Edition]
    items: Mapping[date, int]
    since: datetime
    approvals: Mapping[date, str] = field(default_factory=dict)
    restored: datetime | None = None


def agenda(schedule: Schedule, policy: Policy, standing: Standing, now: datetime) -> list[Step]:
    """Return what is to be done now, in order; [] where nothing is.

    To be asked again after the steps are taken, until nothing is left: one that was drafted late is sent in
    the next turn.
    """
    return list(_Agenda(schedule, policy, standing, now).steps())


class _Agenda:
    def __init__(self, schedule: Schedule, policy: Policy, standing: Standing, now: datetime) -> None:
        self._schedule = schedule
        self._policy = policy
        self._editions = {edition.id.date: edition for edition in standing.editions}
        self._items = standing.items
        self._approvals = standing.approvals
        self._since = standing.since
        self._restored = standing.restored
        self._now = now

    def steps(self) -> Iterator[Step]:
        past = self._past()
        newest = past.pop() if past else None
        if newest:
            yield from (self._overtaken(old, newest.date) for old in past if self._is_open(old.date))
        present = self._present(newest) if newest and self._is_open(newest.date) else None
        if present:
            yield present
        # The next one is drafted from what this one leaves.
        if present is None or present.action not in (Action.DRAFT, Action.SEND):
            yield from self._coming()

    def _past(self) -> list[Occasion]:
        """Return the occasions that are due and may be open, oldest first."""
        today = self._schedule.local(self._now).date()
        older = [
            found
            for day, edition in self._editions.items()
            if edition.status in UNDECIDED and day <= today and (found := self._schedule.at(day))
        ]
        recent = _until(self._now, self._schedule.editions(self._begin(today)))
        known = {found.date: found for found in (*older, *recent)}
        return [
            known[day] for day in sorted(known) if self._is_ours(known[day]) and known[day].due <= self._now
        ]

    def _is_ours(self, occasion: Occasion) -> bool:
        """Tell whether runs had begun by then, or found what was made by hand while it was not yet missed."""
        grace = self._policy.catch_up if occasion.date in self._editions else timedelta()
        return occasion.due >= self._since - grace

    def _begin(self, today: date) -> date:
        """Return the newest day up to today that is done with, or when scheduled runs began."""
        first = self._schedule.local(self._since).date()
        done = (
            day
            for day in sorted(self._editions, reverse=True)
            if first <= day <= today and self._editions[day].status not in UNDECIDED
        )
        return next((day for day in done if self._schedule.at(day)), first)

    def _is_open(self, day: date) -> bool:
        return day not in self._editions or self._editions[day].status in UNDECIDED

    def _overtaken(self, occasion: Occasion, by: date) -> Step:
        reason = f"the edition of {weekday_date(by)} takes its place and brings its news"
        return Step(Action.SKIP, occasion.date, occasion.due, reason)

    def _present(self, occasion: Occasion) -> Step | None:
        """Say what becomes of the newest edition that is due."""
        edition = self._editions.get(occasion.date)
        late = edition is not None and _is_late(edition, occasion)
        # Who approved the next one while this one was held has its news in there.
        taking = (*_GONE, EditionStatus.APPROVED) if late else _GONE
        later = [day for day, it in self._editions.items() if it.status in taking and day > occasion.date]
        if later:
            return self._overtaken(occasion, max(later))
        if edition is None:
            return self._missing(occasion)
        if edition.status is EditionStatus.HELD:
            return None  # a person decides
        if edition.status is EditionStatus.DRAFT:
            return self._drafted(occasion, edition)
        if late:
            return self._step(Action.SEND, occasion, f"approved by {edition.approved_by} after that")
        return self._ready(occasion)

    def _drafted(self, occasion: Occasion, edition: Edition) -> Step:
        """Say what becomes of a draft."""
        items, least = self._items[occasion.date], self._policy.min_items
        if items < least:
            few = f"{items} item{'s' * (items != 1)}" if items else "nothing new"
            kept = "; what there is comes next time" if items else ""
            return self._step(Action.SKIP, occasion, f"it has {few}, and min_items is {least}{kept}")
        return self._ready(occasion) if self._policy.automatic else self._unapproved(occasion, edition)

    def _ready(self, occasion: Occasion) -> Step:
        if self._restored and occasion.due <= self._restored:
            told = "it may have gone out before the database was put back from an older copy"
            return self._step(Action.HOLD, occasion, told)
        return self._missed(occasion) if self._is_missed(occasion) else self._on_time(occasion)

    def _is_missed(self, occasion: Occasion) -> bool:
        return self._now - occasion.due >= self._policy.catch_up

    def _unapproved(self, occasion: Occasion, edition: Edition) -> Step:
        if self._is_missed(occasion) and self._policy.on_missed == "skip":
            return self._missed(occasion)
        late = edition.drafted_at is not None and edition.drafted_at >= occasion.due
        told = (
            "it was drafted after that, and nobody has approved it yet" if late else "nobody had approved it"
        )
        return self._step(Action.HOLD, occasion, self._approvals.get(occasion.date, told))

    def _missing(self, occasion: Occasion) -> Step:
        if self._is_missed(occasion) and self._policy.on_missed == "skip":
            return self._missed(occasion)
        return self._step(Action.DRAFT, occasion, "nothing had drafted it")

    def _missed(self, occasion: Occasion) -> Step:
        actions = {"send": Action.SEND, "skip": Action.SKIP, "hold": Action.HOLD}
        how = f"{self._late(occasion)} late, which is more than catch_up; on_missed is"
        wanted = self._policy.on_missed
        return self._step(actions[wanted], occasion, f'{how} "{wanted}"')

    def _on_time(self, occasion: Occasion) -> Step:
        late = self._late(occasion)
        return self._step(Action.SEND, occasion, f"{late} late, within catch_up" if late else "")

    def _coming(self) -> Iterator[Step]:
        """Draft the next edition when its lead begins."""
        today = self._schedule.local(self._now).date()
        for occasion in self._schedule.editions(today):
            if occasion.due > self._now and self._is_open(occasion.date):
                if occasion.date not in self._editions and occasion.due - self._policy.lead <= self._now:
                    yield self._step(Action.DRAFT, occasion)
                return

    def _step(self, action: Action, occasion: Occasion, more: str = "") -> Step:
        due = self._schedule.local(occasion.due)
        verb = "is" if occasion.due > self._now else "was"
        told = f"{verb} due on {weekday_date(due.date())} at {due:%H:%M}"
        return Step(action, occasion.date, occasion.due, f"{told}; {more}" if more else told)

    def _late(self, occasion: Occasion) -> str:
        """Return "3 h 20 min"; "" for less than five minutes, as cron may well take."""
        seconds = int((self._now - occasion.due).total_seconds())
        return duration(seconds) if seconds >= 5 * 60 else ""


def duration(seconds: int) -> str:
    """Return "2 days 3 h", "3 h 20 min", "20 min"."""
    days, rest = divmod(seconds, _DAY_S)
    hours, minutes = rest // _HOUR_S, rest % _HOUR_S // 60
    if days:
        return f"{days} day{'s' * (days != 1)}" + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _is_late(edition: Edition, occasion: Occasion) -> bool:
    """Tell whether an edition was held, and perhaps approved since."""
    approved_late = edition.approved_at is not None and edition.approved_at > occasion.due
    return approved_late or edition.status is EditionStatus.HELD


def _until(now: datetime, occasions: Iterator[Occasion]) -> Iterator[Occasion]:
    for occasion in occasions:
        if occasion.due > now:
            return
        yield occasion
