"""Years of `run` in a real project, by a clock that we turn: feeds, database and mail are as they always are.

    years = Years(folder, Random(1), start)
    for now in years.live(start + timedelta(days=3650), calm_days=150):
        ...                                # cron has called
    assert years.broken() == []

cron calls every hour in the week around each change of clocks, once a day else, and always when something is
to be drafted or due. The machine is off for random lengths of time. News arrives, editors approve early, late
or never, members join, and change their audiences and how often they get mail. In the calm days at the end
only editors are as slow as ever, so that whatever was put off has to come. The judge is the mail that was
written.
"""

from __future__ import annotations

import heapq
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise, takewhile
from pathlib import Path
from random import Random

from newsletter.config import NewsletterSettings
from newsletter.editions.schedule import Occasion
from newsletter.editions.types import EditionId, EditionStatus
from newsletter.errors import NewsletterError
from newsletter.members.types import Frequency
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.due import quiet_until
from newsletter.workflows.happened import Happened, Kind
from newsletter.workflows.members import change_frequency
from newsletter.workflows.project import Project
from newsletter.workflows.round import run_round
from newsletter.workflows.schedules import schedule_of

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from builders import add_members
from projects import AUDIENCES, load, small_settings, write_plain_templates

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: So long before something is to be drafted or due cron calls too, and has nothing to do.
SHORTLY = timedelta(minutes=5)
_MOST_ITEMS = 6
#: By name: schedule, zone, audiences, and the rest. Their readers overlap.
NEWSLETTERS = [
    {
        "name": "london",
        "schedule": "second and last Sunday of the month 01:30",
        "timezone": "Europe/London",
        "audiences": ["governors", "leaders"],
        "approval": "automatic",
        "exceptions": ["bank holidays of England"],
        "on_exception": "next",
    },
    {
        "name": "new-york",
        "schedule": "first and second Sunday of the month 02:30",
        "timezone": "America/New_York",
        "audiences": ["leaders", "career-leads"],
        "on_missed": "skip",
    },
    {
        "name": "lord-howe",
        "schedule": "first Sunday of the month 02:15",
        "timezone": "Australia/Lord_Howe",
        "audiences": ["governors", "career-leads"],
        "on_missed": "hold",
    },
]
#: Each feed is for one audience, and one is for all.
FEEDS = {"board": ["governors"], "heads": ["leaders"], "careers": ["career-leads"], "all": [*AUDIENCES]}
SETS = ["governors", "leaders", "career-leads", "governors+leaders", "governors+career-leads",
        "leaders+career-leads", "governors+leaders+career-leads"]  # fmt: skip
STABLE = ["governors", "leaders", "governors+career-leads", "governors+leaders+career-leads"]
#: A feed shows its last entries only; none may leave it while a machine is off.
_ENTRIES = 30
#: The share of other quiet calls after which a note is looked at.
_NOTES = 0.05
_STORY = re.compile(rb"^\* Story (\d+)\r?$", re.MULTILINE)
_TO = re.compile(rb"^To: .*?([a-z]\w*)@example\.org", re.MULTILINE)
_LIST = re.compile(rb"^List-Id: .*<([a-z-]+)\.", re.MULTILINE)


class Years:
    """One project, its machine, its members and its editors. dice: of everything that is random."""

    def __init__(self, folder: Path, dice: Random, start: datetime) -> None:
        self.folder, self.dice, self.start = folder, dice, start
        self.calls = self.notes = 0
        self._quiet_until = start
        self.mails: Counter[tuple[str, str, str]] = Counter()
        self.carried: Counter[tuple[str, int]] = Counter()
        self.happened: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults: list[str] = []
        #: When each story arrived, and the feed that brought it.
        self.stories: list[tuple[datetime, str]] = []
        self._acts: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._monthly: dict[tuple[str, str], list[datetime]] = {}
        self._due: dict[EditionId, datetime] = {}
        write_plain_templates(folder)
        (folder / "feeds").mkdir()
        for feed in FEEDS:
            self._write_feed(feed)
        self.project = Project(load(folder, _settings()))
        self._join()

    def live(self, until: datetime, calm_days: int) -> Iterator[datetime]:
        """Let cron call from the start until then, and yield each time at which it did."""
        calm = until - timedelta(days=calm_days)
        self._foresee(calm)
        outages = self._outages(calm)
        begins, ends = next(outages)
        moments = sorted(self._moments(until))
        last = self.start
        for moment, coming in pairwise([*moments, until]):
            while ends <= moment:
                begins, ends = next(outages)
            now = ends if begins <= moment else moment
            if now > last:
                self._act(now)
                self._call(now, coming)
                yield now
                last = now
        self._last_call = last

    def _moments(self, until: datetime) -> Iterator[datetime]:
        """Yield when cron calls: that it calls each minute shows only where something begins or is due."""
        zones = [schedule_of(self.project, it, self.start) for it in self._newsletters]
        for schedule in zones:
            for it in takewhile(lambda it: it.due < until, schedule.editions(self.start.date())):
                yield from (it.due - DAY - SHORTLY, it.due - DAY, it.due - SHORTLY, it.due)
        now = self.start
        while now < until:
            yield now
            near = any(
                it.local(now - 3.5 * DAY).utcoffset() != it.local(now + 3.5 * DAY).utcoffset() for it in zones
            )
            now += HOUR if near else DAY

    def _outages(self, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        now = self.start + DAY
        while True:
            now += timedelta(days=self.dice.expovariate(1 / 40))
            length = (
                self.dice.choice([HOUR / 2, 5 * HOUR, 30 * HOUR, 10 * DAY, 40 * DAY]) * self.dice.random()
            )
            if now + length > until:
                yield until + 100_000 * DAY, until + 100_001 * DAY
            yield now, now + length
            now += length

    def _foresee(self, calm: datetime) -> None:
        """Lay out the news, and what members do."""
        now, gap = self.start, 4.0
        while (now := now + timedelta(days=self.dice.expovariate(1 / gap))) < calm:
            self._at(now, self._bring_news)
        now = self.start
        while (now := now + timedelta(days=self.dice.expovariate(1 / 50))) < calm:
            self._at(now, self._change_a_member)

    def _at(self, moment: datetime, act: Callable[[datetime], None]) -> None:
        heapq.heappush(self._acts, (moment, len(self._acts), act))

    def _act(self, now: datetime) -> None:
        while self._acts and self._acts[0][0] <= now:
            moment, _, act = heapq.heappop(self._acts)
            act(moment)
            self._quiet_until = self.start  # what people do is written to the database, and ends a note

    def _join(self) -> None:
        """Let some get each edition, and some one a month, who never change."""
        self.stable = {
            f"{often}{number}": it for number, it in enumerate(STABLE) for often in ("each", "monthly")
        }
        add_members(self.project, self.stable, now=self.start)
        for name in self.stable:
            if name.startswith("monthly"):
                self._often(name, Frequency.MONTHLY, self.start)

    def _often(self, name: str, often: Frequency, now: datetime) -> None:
        change_frequency(self.project, f"{name}@example.org", often, None, now)

    def _change_a_member(self, now: datetime) -> None:
        """Let somebody join, or change audiences, or how often."""
        name = f"mover{self.dice.randrange(4)}"
        add_members(self.project, {name: self.dice.choice(SETS)}, now=now)
        self._often(name, self.dice.choice([*Frequency]), now)

    def _bring_news(self, now: datetime) -> None:
        feed = self.dice.choice([*FEEDS])
        self.stories.append((now, feed))
        self._write_feed(feed)

    def _write_feed(self, feed: str) -> None:
        newest = [number for number, (_, its) in enumerate(self.stories) if its == feed][-_ENTRIES:]
        entries = "".join(
            f"<item><guid>s{number}</guid><title>Story {number}</title><description>All of it.</description>"
            f"<pubDate>{format_datetime(self.stories[number][0])}</pubDate></item>"
            for number in newest
        )
        text = f"<rss version='2.0'><channel><title>{feed}</title>{entries}</channel></rss>"
        (self.folder / "feeds" / f"{feed}.xml").write_text(text, "utf-8")

    def _call(self, now: datetime, coming: datetime) -> None:
        """Do a round, and hold what happened against the note that the one before would have left."""
        self.calls += 1
        happened = run_round(self.project, now)
        self._take(happened, now)
        if happened and now < self._quiet_until:
            self.faults.append(f"{now}: a note until {self._quiet_until} would have hidden {happened}")
        self._quiet_until = now
        if not happened and (coming - now <= SHORTLY or self.dice.random() < _NOTES):
            self.notes += 1
            self._quiet_until = quiet_until(self.project, now)

    def _take(self, happened: list[Happened], now: datetime) -> None:
        self.happened.update(it.kind for it in happened)
        self.faults += [f"{now}: {it.subject}: {it.words}" for it in happened if it.is_trouble]
        self._read_mail(happened, now)
        for it in happened:
            if it.kind is Kind.DRAFTED and "waits for approval" in it.words:
                hours = self.dice.choice([1, 5, 20, 20, 23, 30, 100, 300, None])
                if hours:
                    self._at(now + hours * HOUR * self.dice.random(), self._approval(it.subject))

    def _approval(self, edition: str) -> Callable[[datetime], None]:
        def approve(now: datetime) -> None:
            try:
                approve_edition(self.project, edition, "Cora", now)
            except NewsletterError as fault:  # it was left out meanwhile, say
                self.refused[type(fault).__name__] += 1

        return approve

    def _read_mail(self, happened: list[Happened], now: datetime) -> None:
        """Read and clear the outbox, and hold what arrived against what the round says that it sent."""
        sent = {it.subject.partition("/")[0]: it.subject for it in happened if it.kind is Kind.SENT}
        for subject in sent.values():
            self._look_at_the_clock(subject, now)
        for file in (self.folder / "outbox").glob("*.eml") if sent else ():
            mail = file.read_bytes()
            name, newsletter = (found[1].decode() for found in (_TO.search(mail), _LIST.search(mail)))
            self.mails[sent[newsletter], newsletter, name] += 1
            self._monthly.setdefault((newsletter, name), []).append(now)
            self.carried.update((name, int(number)) for number in _STORY.findall(mail))
            file.unlink()

    def _look_at_the_clock(self, subject: str, now: datetime) -> None:
        newsletter, _, day = subject.partition("/")
        schedule = schedule_of(self.project, self.project.config.newsletter(newsletter), now)
        occasion = schedule.at(datetime.fromisoformat(day).date())
        if occasion is None or now < occasion.due:
            self.faults.append(f"{subject} was sent at {now}, before its time or out of order")

    @property
    def _newsletters(self):
        return self.project.config.settings.newsletters

    def broken(self) -> list[str]:
        """Return every promise that was broken, in words."""
        return [*self.faults, *self.unfinished(), *self.twice(), *self.lost(), *self.too_often()]

    def occasions(self) -> list[tuple[EditionId, datetime]]:
        """Return what was due, oldest first."""
        return [
            (EditionId(it.name, found.date), found.due)
            for it in self._newsletters
            for year in range(self.start.year, self._last_call.year + 1)
            for found in self._of_year(it, year)
            if self.start + DAY < found.due <= self._last_call
        ]

    def _of_year(self, newsletter: NewsletterSettings, year: int) -> Iterator[Occasion]:
        """Return the editions of a year, whose bank holidays are those that were known then."""
        schedule = schedule_of(self.project, newsletter, datetime(year, 12, 31, tzinfo=UTC))
        return takewhile(lambda it: it.date.year == year, schedule.editions(date(year, 1, 1)))

    def unfinished(self) -> Iterator[str]:
        """Yield what was due and is neither sent nor left out with its reason; the newest may be held."""
        newest = {it.newsletter: it for it, _ in self.occasions()}
        for edition_id, _ in self.occasions():
            edition = self.project.editions.find(edition_id)
            status = edition.status if edition else None
            with_reason = edition and edition.pause_reason
            held = status is EditionStatus.HELD and newest[edition_id.newsletter] == edition_id
            skipped = status is EditionStatus.SKIPPED
            if status is not EditionStatus.SENT and not (with_reason and (held or skipped)):
                yield f"{edition_id} ended as {status}, {with_reason}"

    def ends(self) -> Counter[str]:
        """Return what became of how many editions that were due."""
        found = (self.project.editions.find(edition_id) for edition_id, _ in self.occasions())
        return Counter(str(edition.status) for edition in found if edition)

    def twice(self) -> Iterator[str]:
        """Yield who got an edition or a story twice."""
        yield from (f"{mail} came {times} times" for mail, times in self.mails.items() if times > 1)
        for (name, number), times in self.carried.items():
            if times > 1:
                yield f"{name} got story {number} {times} times"

    def lost(self) -> Iterator[str]:
        """Yield what never came to somebody whom it is for, and what came to somebody whom it is not for."""
        for name, audiences in self.stable.items():
            for number, (_, feed) in enumerate(self.stories):
                wanted = bool({*audiences.split("+")} & {*FEEDS[feed]})
                if bool(self.carried[name, number]) is not wanted:
                    came = "never came" if wanted else "came"
                    yield f"story {number} of {feed} {came} to {name}, {audiences}"

    def too_often(self) -> Iterator[str]:
        """Yield monthly members whom two editions of one month came to."""
        for edition, newsletter, name in self.mails:
            if name.startswith("monthly"):
                month = edition[: edition.rindex("-")]
                its = [it for it in self.mails if it[1:] == (newsletter, name) and it[0].startswith(month)]
                if len(its) > 1:
                    yield f"{name} got {its} in one month"


def _settings():
    feeds = [{"name": name, "url": f"feeds/{name}.xml", "every": "1d"} for name in FEEDS]
    audiences = {
        slug: {"title": title, "feeds": [name for name, its in FEEDS.items() if slug in its]}
        for slug, title in AUDIENCES.items()
    }
    more = {"max_age": "3650d", "max_items": _MOST_ITEMS}
    newsletters = [{**it, **more} for it in NEWSLETTERS]
    return small_settings(feeds=feeds, audiences=audiences, newsletters=newsletters)
