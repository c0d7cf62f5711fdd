"""Alerts: tell people by mail and webhook of what needs them, each state once, all of one round together.

What stands is read off the store, whoever brought it about, and off the round for what only it can know.
Words are kept until they were told, so that what could not be told (the relay is what is down) still can.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from newsletter.alerts.types import Alert, AlertKind, KnownAlert
from newsletter.editions.types import RESTORE_GUARD, EditionStatus
from newsletter.feeds.patience import is_dead
from newsletter.store.alerts import AlertStore
from newsletter.store.overview import FeedHealth, OverviewStore, StuckEdition
from newsletter.store.turn import turn
from newsletter.workflows.commands import in_folder
from newsletter.workflows.happened import Happened, Kind, counted
from newsletter.workflows.project import Project

_BY_HAND = "try it by hand, as the same user: newsletter run -v"
#: Among so many last editions of a newsletter are all that still go out.
_LAST = 10


def raise_alerts(
    project: Project,
    happened: Sequence[Happened],
    well: Collection[str],
    now: datetime,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Happened]:
    """Tell what is new; yield for each channel that was used what came of it.

    happened, well: what the round met, and the subjects that it found in order.
    """
    wanted = project.config.settings.alerts
    if not wanted.channels:
        return
    store = AlertStore(project.database)
    with turn(project.database, "alerts") as ours:  # another round that is at it tells what it finds
        if not ours:
            return
        known = _brought_up_to_date(project, store, _standing(project, happened, now), well, now)
        if any(wanted.channels - it.told for it in known):
            from newsletter.workflows.alert_channels import tell_all  # noqa: PLC0415 - asyncio, urllib3

            yield from tell_all(project, store, now, environ)
        if any(it.alert.over_at for it in known):
            store.forget(wanted.channels)


def _standing(project: Project, happened: Sequence[Happened], now: datetime) -> list[Alert]:
    """Return all that stands, one for each state."""
    overview = OverviewStore(project.database)
    stuck = overview.stuck([newsletter.name for newsletter in project.config.settings.newsletters])
    hints = {it.subject: it.hint for it in happened if it.kind is Kind.HELD}
    editions = [alert for it in stuck for alert in _of_edition(it, hints.get(str(it.id), ""))]
    told = {alert.subject for alert in editions}
    failed = [
        Alert(AlertKind.FAILED, it.subject, it.words, it.hint or _BY_HAND)
        for it in happened
        if it.kind is Kind.FAILED and it.subject not in told
    ]
    health = overview.feeds([feed.name for feed in project.config.settings.feeds])
    feeds = [_of_feed(it) for it in health if is_dead(it.failing_since, it.retired_at, now)]
    folder = str(project.config.folder)
    return [replace(it, cure=in_folder(it.cure, folder)) for it in (*editions, *feeds, *failed)]


def _of_edition(stuck: StuckEdition, hint: str) -> Iterator[Alert]:
    name = str(stuck.id)
    if stuck.status is EditionStatus.HELD:
        cure = hint or f"see why, then approve it or call it off: newsletter edition show {name}"
        yield Alert(AlertKind.HELD, name, stuck.reason, cure, stuck.since)
    elif stuck.status is EditionStatus.PAUSED and stuck.paused_by in (None, RESTORE_GUARD):
        cure = f"cure what it says, and let it go on: newsletter edition resume {name}"
        yield Alert(AlertKind.PAUSED, name, stuck.reason, cure, stuck.since)
    if stuck.unknown:
        count = counted(stuck.unknown, "message")
        text = f"{count} left, and the relay's answer never came or was not noted; none is sent again unasked"
        cure = f"look whether the relay's log has them, and decide: newsletter edition report {name}"
        yield Alert(AlertKind.UNKNOWN, name, text, cure)


def _of_feed(feed: FeedHealth) -> Alert:
    text = f"{feed.problem}; it is not asked any more" if feed.retired_at else feed.problem
    cure = "mend its address in newsletter.toml, or take it out there: newsletter feed list"
    return Alert(AlertKind.FEED, f"feed {feed.name}", text, cure, feed.failing_since)


def _brought_up_to_date(
    project: Project, store: AlertStore, standing: Sequence[Alert], well: Collection[str], now: datetime
) -> list[KnownAlert]:
    """Note what began and what ended since the last round, nearly always nothing; return what is noted."""
    noted = store.all()
    known = {it.alert.key: it for it in noted}
    keys = {alert.key for alert in standing}
    new = [it for it in standing if it.key not in known or not known[it.key].stands_for(it)]
    lasting = [it for it in standing if it not in new]
    reworded = [it for it in lasting if _words(it) != _words(known[it.key].alert)]
    over = [it.alert for it in noted if it.alert.key not in keys and _has_ended(project, it.alert, well)]
    if not (new or reworded or over):
        return noted
    store.change(now, new=new, reworded=reworded, over=over)
    return store.all()


def _words(alert: Alert) -> tuple[str, str]:
    return alert.text, alert.cure


def _has_ended(project: Project, alert: Alert, well: Collection[str]) -> bool:
    """Whether what does not stand any more is over; of a failure not every round tries again."""
    if alert.over_at:
        return False
    if alert.kind is not AlertKind.FAILED or alert.subject in well:
        return True
    newsletter, _, day = alert.subject.partition("/")
    if not day:
        return False
    last = project.editions.standing(newsletter, _LAST)
    return alert.subject not in {str(it.id) for it in last if it.status is EditionStatus.SENDING}
