"""Calendars: the days that exceptions name, kept in the database, as cron is in haste."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any, Self

from newsletter.config.settings import CalendarSettings
from newsletter.editions.bank_holidays import bank_holidays
from newsletter.editions.calendar_file import read_calendar
from newsletter.editions.days import BankHolidays, CalendarName, DaySpan
from newsletter.errors import CalendarError, FetchError
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched
from newsletter.store.settings import SettingStore
from newsletter.workflows.feed_login import make_fetcher
from newsletter.workflows.project import Project

#: An address is asked once a day; again after an hour when it did not answer.
_ASK_AFTER, _TRY_AFTER = timedelta(days=1), timedelta(hours=1)
#: From last year on.
_YEARS = 15


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a calendar. source: what it was made from.

    problem: why it could not be read when that was tried last; the days are those of before.
    """

    source: str
    days: tuple[DaySpan, ...]
    #: When an address was asked last; None for a file, which is looked at each time.
    asked_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    problem: str | None = None

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote."""
        told: dict[str, Any] = json.loads(text)
        days = [
            DaySpan(date.fromisoformat(a), date.fromisoformat(b), name) for a, b, name in told.pop("days")
        ]
        asked_at = told.pop("asked_at")
        return cls(days=tuple(days), asked_at=asked_at and datetime.fromisoformat(asked_at), **told)

    def dump(self) -> str:
        """Return it as text."""
        days = [(str(span.first), str(span.last), span.name) for span in self.days]
        rest = {name: getattr(self, name) for name in ("source", "etag", "last_modified", "problem")}
        return json.dumps({**rest, "days": days, "asked_at": self.asked_at and self.asked_at.isoformat()})


def days_of(project: Project, days: BankHolidays | CalendarName, now: datetime) -> tuple[DaySpan, ...]:
    """Return the days that a name in `exceptions` or `only_in` stands for; raises CalendarError."""
    if isinstance(days, BankHolidays):
        return _bank_holidays(project, days, now)
    return calendar(project, days.name, now).days


def calendar(project: Project, name: str, now: datetime) -> Kept:
    """Return a calendar of the project, read again where it is time or its file has changed.

    One that cannot be read now stays as it was; raises CalendarError when it was never read.
    """
    store = SettingStore(project.database)
    given = project.config.settings.calendars[name]
    source = json.dumps([given.url, given.events])
    kept = _kept(store, name, source)
    if kept and kept.asked_at and now < kept.asked_at + (_TRY_AFTER if kept.problem else _ASK_AFTER):
        return kept
    before = kept or Kept(source, ())
    asked = replace(before, asked_at=now if "://" in given.url else None, problem=None)
    try:
        read = _read(project, name, given, asked)
    except (FetchError, ValueError) as fault:
        if kept is None:
            hint = fault.hint if isinstance(fault, FetchError) else f"correct the file, or [calendars.{name}]"
            raise CalendarError(f"calendar {name}: {fault}", hint=hint) from None
        read = replace(asked, problem=str(fault))
    if read != kept:
        store.put(_key(name), read.dump())
    return read


def _bank_holidays(project: Project, holidays: BankHolidays, now: datetime) -> tuple[DaySpan, ...]:
    store = SettingStore(project.database)
    source = f"holidays {_holidays_version()}, {now.year}"
    kept = _kept(store, str(holidays), source)
    if kept is None:
        kept = Kept(source, bank_holidays(holidays.region, now.year - 1, _YEARS))
        store.put(_key(str(holidays)), kept.dump())
    return kept.days


@cache
def _holidays_version() -> str:
    """Return the version of the package; looking it up takes longer than all else in a quiet round."""
    return version("holidays")


def _kept(store: SettingStore, name: str, source: str) -> Kept | None:
    """Return what is kept of a calendar, if it is from this source."""
    text = store.get(_key(name))
    kept = Kept.load(text) if text else None
    return kept if kept and kept.source == source else None


def _key(name: str) -> str:
    return f"calendar: {name}"


def _read(project: Project, name: str, given: CalendarSettings, kept: Kept) -> Kept:
    """Return what a calendar is now; raises FetchError or ValueError."""
    source = FeedSource(f"calendar {name}", given.url)
    feed = FeedForUpdate(0, source, etag=kept.etag, last_modified=kept.last_modified)
    found = make_fetcher(project.config).fetch(feed)
    if not isinstance(found, Fetched):
        return kept
    try:
        days = read_calendar(found.body, given.events)
    except ValueError as fault:
        raise ValueError(f"{given.url} {fault}") from None
    return replace(kept, days=days, etag=found.etag, last_modified=found.last_modified)
