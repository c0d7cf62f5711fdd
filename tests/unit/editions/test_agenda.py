"""What is to be done at a moment: one table, and years of outages in which nothing is lost or doubled."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from calendar_years import World, make_edition
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editions.agenda import Policy, Standing, agenda, duration
from newsletter.editions.recurrence import parse_recurrence
from newsletter.editions.schedule import Schedule

HOUR = timedelta(hours=1)
#: A Friday. In London it is winter, and its clocks show UTC.
DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
FRIDAYS = Schedule(parse_recurrence("Fridays 07:00"), ZoneInfo("Europe/London"))
TODAY, LAST_WEEK, NEXT_WEEK = (DUE.date() + timedelta(weeks=n) for n in (0, -1, 1))


def told(now, editions, *, on_missed="send", automatic=False, since=SINCE, lead=24 * HOUR, items=3):
    """Return what is to be done as "draft 2026-11-27"; editions: status by date, or a whole edition."""
    known = [
        make_edition(day, status) if isinstance(status, str) else status for day, status in editions.items()
    ]
    policy = Policy(lead, 6 * HOUR, on_missed, automatic, min_items=3)
    standing = Standing(known, dict.fromkeys(editions, items), since)
    return {f"{it.action} {it.date}": it.reason for it in agenda(FRIDAYS, policy, standing, now)}


BEFORE = {LAST_WEEK: "sent"}
EARLIER = {date(2026, 11, 13): "sent"}
DRAFTED, APPROVED = BEFORE | {TODAY: "draft"}, BEFORE | {TODAY: "approved"}
DRAFT, SEND, HOLD, SKIP = (f"{action} 2026-11-27" for action in ("draft", "send", "hold", "skip"))


@pytest.mark.parametrize(
    ("now", "editions", "rules", "expected"),
    [
        # Before it is due.
        (DUE - 24 * HOUR - timedelta(seconds=1), BEFORE, {}, []),
        (DUE - 24 * HOUR, BEFORE, {}, [DRAFT]),
        (DUE - 24 * HOUR, DRAFTED, {}, []),
        (DUE - timedelta(seconds=1), DRAFTED, {}, []),
        (DUE - timedelta(seconds=1), APPROVED, {}, []),
        (DUE - timedelta(seconds=1), DRAFTED, {"automatic": True}, []),
        # At its time.
        (DUE, APPROVED, {}, [SEND]),
        (DUE, DRAFTED, {}, [HOLD]),
        (DUE, DRAFTED, {"automatic": True}, [SEND]),
        (DUE, BEFORE, {}, [DRAFT]),
        *((DUE, BEFORE | {TODAY: status}, {}, []) for status in ("held", "sending", "paused", "sent")),
        *((DUE, BEFORE | {TODAY: status}, {}, []) for status in ("skipped", "cancelled")),
        # Late, within the grace: as if nothing had been.
        *(
            (DUE + 6 * HOUR - timedelta(seconds=1), APPROVED, {"on_missed": it}, [SEND])
            for it in ("skip", "hold")
        ),
        (DUE + HOUR, DRAFTED, {"on_missed": "skip"}, [HOLD]),
        (DUE + HOUR, BEFORE, {"on_missed": "skip"}, [DRAFT]),
        # Missed.
        (DUE + 6 * HOUR, APPROVED, {"on_missed": "send"}, [SEND]),
        (DUE + 6 * HOUR, APPROVED, {"on_missed": "skip"}, [SKIP]),
        (DUE + 6 * HOUR, APPROVED, {"on_missed": "hold"}, [HOLD]),
        (DUE + 6 * HOUR, DRAFTED, {"on_missed": "send"}, [HOLD]),
        (DUE + 6 * HOUR, DRAFTED, {"on_missed": "skip"}, [SKIP]),
        (DUE + 6 * HOUR, DRAFTED, {"on_missed": "hold", "automatic": True}, [HOLD]),
        (DUE + 6 * HOUR, BEFORE, {"on_missed": "send"}, [DRAFT]),
        (DUE + 6 * HOUR, BEFORE, {"on_missed": "hold"}, [DRAFT]),
        (DUE + 6 * HOUR, BEFORE, {"on_missed": "skip"}, [SKIP]),
        # Too little for an edition: not before its time, for more may come; never what was approved.
        *((DUE, DRAFTED, {"items": 2, "automatic": it}, [SKIP]) for it in (True, False)),
        (DUE - timedelta(seconds=1), DRAFTED, {"items": 2}, []),
        (DUE, APPROVED, {"items": 2}, [SEND]),
        # What was due before anybody ran us is nobody's.
        (DUE + HOUR, {}, {"since": DUE + timedelta(seconds=1)}, []),
        (DUE + HOUR, {}, {"since": DUE}, [DRAFT]),
        # But for what was made by hand, while being late changes nothing.
        (DUE + HOUR, {TODAY: "approved"}, {"since": DUE + HOUR}, [SEND]),
        (DUE + HOUR, {TODAY: "draft"}, {"since": DUE + HOUR}, [HOLD]),
        (DUE + 6 * HOUR, {TODAY: "approved"}, {"since": DUE + 6 * HOUR}, [SEND]),
        (DUE + 7 * HOUR, {TODAY: "approved"}, {"since": DUE + 7 * HOUR}, []),
        # Overtaken by the next one, whatever its state was.
        *(
            (DUE, EARLIER | {LAST_WEEK: it, TODAY: "approved"}, {}, ["skip 2026-11-20", SEND])
            for it in ("draft", "held")
        ),
        (DUE, EARLIER | {LAST_WEEK: "sending", TODAY: "approved"}, {}, [SEND]),
        (DUE, EARLIER | {TODAY: "approved"}, {}, ["skip 2026-11-20", SEND]),
        (DUE - HOUR, EARLIER | {LAST_WEEK: "held", TODAY: "draft"}, {}, []),
        # A held one waits until the next is approved, or sent.
        (DUE - HOUR, EARLIER | {LAST_WEEK: "held", TODAY: "approved"}, {}, ["skip 2026-11-20"]),
        (DUE - HOUR, EARLIER | {LAST_WEEK: "held", TODAY: "sent"}, {}, ["skip 2026-11-20"]),
        (DUE, APPROVED | {NEXT_WEEK: "approved"}, {}, [SEND]),
        # Sent early by hand, or on a day of its own: nothing is due twice, and what hands made is theirs.
        (DUE, BEFORE | {TODAY: "sent"}, {}, []),
        (DUE - 24 * HOUR, BEFORE | {TODAY: "sent"}, {"lead": 240 * HOUR}, ["draft 2026-12-04"]),
        (DUE - 24 * HOUR, BEFORE | {date(2026, 11, 25): "approved"}, {}, [DRAFT]),
        (DUE - 24 * HOUR, BEFORE | {date(2026, 11, 25): "draft"}, {"automatic": True}, [DRAFT]),
        # The next is drafted from what this one leaves.
        (DUE, APPROVED, {"lead": 240 * HOUR}, [SEND]),
        (DUE, BEFORE, {"lead": 240 * HOUR}, [DRAFT]),
        (DUE, DRAFTED, {"lead": 240 * HOUR}, [HOLD, "draft 2026-12-04"]),
        (DUE, BEFORE | {TODAY: "held"}, {"lead": 240 * HOUR}, ["draft 2026-12-04"]),
    ],
)
def test_what_is_done_follows_from_the_moment_and_the_states(now, editions, rules, expected):
    assert list(told(now, editions, **rules)) == expected


def test_outage_of_weeks_skips_all_but_the_newest():
    found = told(DUE + HOUR, {date(2026, 11, 6): "sent", date(2026, 11, 13): "approved"})
    assert list(found) == ["skip 2026-11-13", "skip 2026-11-20", DRAFT]
    assert found["skip 2026-11-20"] == "the edition of Fri 27 Nov 2026 takes its place and brings its news"


def test_approval_after_the_time_is_a_word_that_counts():
    late = make_edition(TODAY, "approved", approved_at=DUE + timedelta(days=2))
    for on_missed in ("send", "skip", "hold"):
        found = told(DUE + timedelta(days=3), BEFORE | {TODAY: late}, on_missed=on_missed)
        assert found == {SEND: "was due on Fri 27 Nov 2026 at 07:00; approved by Cora after that"}


@pytest.mark.parametrize(
    ("now", "editions", "rules", "reason"),
    [
        (DUE - HOUR, BEFORE, {}, "is due on Fri 27 Nov 2026 at 07:00"),
        (DUE, APPROVED, {}, "was due on Fri 27 Nov 2026 at 07:00"),
        (DUE + timedelta(minutes=90), APPROVED, {}, "was due on…; 1 h 30 min late, within catch_up"),
        (DUE + HOUR, BEFORE, {}, "was due on…; nothing had drafted it"),
        (DUE, DRAFTED, {"items": 0}, "was due on…; it has nothing new, and min_items is 3"),
        (
            DUE,
            DRAFTED,
            {"items": 1},
            "was due on…; it has 1 item, and min_items is 3; what there is comes next time",
        ),
        (DUE + HOUR, DRAFTED, {}, "was due on…; nobody had approved it"),
        (
            DUE + 50 * HOUR,
            APPROVED,
            {"on_missed": "skip"},
            'was due on…; 2 days 2 h late, which is more than catch_up; on_missed is "skip"',
        ),
        (
            DUE + HOUR,
            BEFORE | {TODAY: make_edition(TODAY, "draft", drafted_at=DUE)},
            {},
            "was due on…; it was drafted after that, and nobody has approved it yet",
        ),
    ],
)
def test_reason_is_told_in_words(now, editions, rules, reason):
    [found] = told(now, editions, **rules).values()
    assert found == reason.replace("was due on…", "was due on Fri 27 Nov 2026 at 07:00")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 min"), (3599, "59 min"), (12_000, "3 h 20 min"), (86_400, "1 day"), (180_000, "2 days 2 h")],
)
def test_duration_is_told_in_words(seconds, words):
    assert duration(seconds) == words


_POLICIES = st.builds(
    Policy,
    st.sampled_from([0, 1, 24, 72, 240]).map(lambda hours: hours * HOUR),
    st.sampled_from([1, 6, 30]).map(lambda hours: hours * HOUR),
    st.sampled_from(["send", "skip", "hold"]),
    st.booleans(),
)
_SCHEDULES = st.sampled_from(
    ["Fridays 07:00", "every weekday 01:30", "the 1st and 15th 00:00", "daily 23:30"]
)


@settings(max_examples=15)
@given(_SCHEDULES, _POLICIES, st.integers())
def test_any_outages_and_editors_leave_every_promise_kept(words, policy, seed):
    schedule = Schedule(parse_recurrence(words), ZoneInfo("Europe/London"))
    world = World(schedule, policy, random.Random(seed), SINCE)
    world.live(SINCE + timedelta(days=90))
    assert world.broken() == []


@pytest.mark.parametrize(
    ("words", "zone", "on_missed", "automatic"),
    [
        ("Sundays 01:30", "Europe/London", "send", True),
        ("first Sunday of the month 02:30", "America/New_York", "hold", False),
        ("the 1st and 15th 02:15", "Australia/Lord_Howe", "skip", True),
    ],
)
def test_ten_years_with_outages_keep_every_promise(words, zone, on_missed, automatic):
    schedule = Schedule(parse_recurrence(words), ZoneInfo(zone))
    policy = Policy(24 * HOUR, 6 * HOUR, on_missed, automatic)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    world = World(schedule, policy, random.Random(2024), start)
    world.live(datetime(2034, 1, 1, tzinfo=UTC))
    assert world.broken() == []
    ends = world.ends()
    assert ends["sent"] > 50
    assert ends["skipped"] > 0
