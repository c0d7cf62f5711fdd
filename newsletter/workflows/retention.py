"""Retention: what is older than the organisation wants to keep it is taken out, a little in each round.

Nothing is taken out that is not told, and nothing at all where [retention] sets no period. Once nothing is
left to do, it is looked at again a day later, so that a round with nothing due stays cheap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from newsletter.store.erasure import ErasureStore
from newsletter.store.settings import SettingStore
from newsletter.workflows.forget import note_traces, wipe_traces
from newsletter.workflows.project import Project

#: Rows that a round takes out of each table at most; members, whose bounces have to be looked through.
_AT_ONCE, _MEMBERS_AT_ONCE = 2_000, 50
_AGAIN = timedelta(days=1)
_DONE = "retention was done at"
_TOLD = {
    "members": "members forgotten who left: {:,}",
    "bounces": "mail that came back emptied: {:,}",
    "attempts": "tries of deliveries deleted: {:,}",
    "network addresses": "network addresses deleted: {:,}",
}


def apply_retention(project: Project, now: datetime) -> Counter[str]:
    """Take out what is too old, so much of it at most as a round has time for; return how much of what.

    Keys: "members", "bounces", "attempts", "network addresses".
    """
    periods = project.config.settings.retention
    if not any(period for _, period in periods) or not _is_due(project, now):
        wipe_traces(project, now)
        return Counter()
    store = ErasureStore(project.database)
    taken: Counter[str] = Counter()
    if periods.left:
        taken["members"] = _forget_who_left(project, store, now - periods.left, now)
    steps: tuple[tuple[str, timedelta | None, Callable[[datetime, int], int]], ...] = (
        ("bounces", periods.bounces, store.old_bounces),
        ("attempts", periods.attempts, store.old_attempts),
        ("network addresses", periods.network_addresses, store.old_network_addresses),
    )
    for name, period, take_out in steps:
        if period:
            taken[name] = take_out(now - period, _AT_ONCE)
    taken = +taken
    if taken:
        note_traces(project)
    else:
        SettingStore(project.database).put(_DONE, now.isoformat())
        wipe_traces(project, now)
    return taken


def in_words(taken: Mapping[str, int]) -> str:
    """Return what was taken out on one line."""
    return ", ".join(_TOLD[what].format(number) for what, number in taken.items())


def _is_due(project: Project, now: datetime) -> bool:
    done = SettingStore(project.database).get(_DONE)
    return done is None or now >= datetime.fromisoformat(done) + _AGAIN


def _forget_who_left(project: Project, store: ErasureStore, before: datetime, now: datetime) -> int:
    gone = store.who_left(before, _MEMBERS_AT_ONCE)
    if gone:
        note_traces(project)
    for member_id, key in gone:
        store.forget(key, member_id, project.bounces.mentioning(key), now)
    return len(gone)
