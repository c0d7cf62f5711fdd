"""The sender is killed at every named point of a run, and started again: nobody is lost, nobody gets two.

What has arrived at the relay is the judge, not our ledger.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections import defaultdict
from email import message_from_bytes
from pathlib import Path

import pytest
from fixtures.senders import CONNECTIONS, MEMBERS, Sending, WatchedRelay
from senders import SEAMS, Stop
from sqlalchemy import text

#: The other points are seams of the sender; here it is killed by the relay, which has the whole message.
CONTENT_HAS_LEFT = "content has left"
#: Which delivery it happens at. A claim is for four of them.
PLACES = {"first": 1, "middle": 6, "last": len(MEMBERS)}
#: Points that a run passes once.
ONCE = ("plan is about to be committed", "plan is committed", "edition is about to be marked sent")
#: Points before a delivery is `sending`, and before it has left.
BEFORE_SENDING = ("plan", "claim", "MAIL", "offer", "sending is about")
BEFORE_LEAVING = (*BEFORE_SENDING, "sending", "content is about")


def cases():
    """Every point at the first, the middle and the last delivery, and each of these on both databases."""
    for number, point in enumerate([*SEAMS, CONTENT_HAS_LEFT]):
        for at, place in enumerate(["first"] if point in ONCE else PLACES):
            kinds = ["sqlite", "postgresql"]
            for kind in kinds if point in ONCE else [kinds[(number + at) % 2]]:
                yield pytest.param(kind, point, PLACES[place], id=f"{point}, {place}, {kind}")


def possible_doubts(point: str, delivery: int) -> range:
    """How many deliveries may be `sending` when it is killed there."""
    if point in ONCE or (point.startswith("claim") and delivery == 1):
        return range(1)
    certain = point.startswith(BEFORE_SENDING) or point == "outcome is committed"
    return range(0 if certain else 1, CONNECTIONS + 1)


def send_until_killed(sending: Sending, relay: WatchedRelay, point: str, delivery: int) -> None:
    if point == CONTENT_HAS_LEFT:

        def kill() -> None:
            sending.senders[0].kill()

        relay.on_message(delivery, kill)
        ended = sending.start(relay).end()
    else:
        ended = sending.start(relay, Stop(point, delivery)).end()
    assert ended == -signal.SIGKILL
    relay.read_to_the_end()


def assert_database_sound(sending: Sending) -> None:
    if sending.url.startswith("sqlite"):
        with sending.project.database.read() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


@pytest.mark.parametrize(("kind", "point", "delivery"), [*cases()])
def test_sender_is_killed_when(approved, kind, point, delivery):
    sending = approved(kind)
    with WatchedRelay() as relay:
        send_until_killed(sending, relay, point, delivery)
        assert_database_sound(sending)
        left = sending.by_status()
        in_doubt, arrived = left.get("sending", set()), {*relay.names}
        assert (len(arrived) < delivery) if point.startswith(BEFORE_LEAVING) else len(arrived) >= delivery - 1
        assert set().union(*left.values()) == (set() if point == ONCE[0] else MEMBERS)
        assert left.get("sent", set()) <= arrived
        assert len(in_doubt) in possible_doubts(point, delivery)
        assert sending.start(relay).end() == (3 if in_doubt else 0)
    assert_database_sound(sending)
    assert sending.status == "sent"
    assert sending.by_status() == {
        status: names for status, names in (("sent", MEMBERS - in_doubt), ("unknown", in_doubt)) if names
    }
    assert sorted(relay.names) == sorted(MEMBERS - (in_doubt - arrived))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("point", ["content is about to leave", CONTENT_HAS_LEFT])
def test_doubt_is_sent_once_more_under_the_same_message_id(approved, kind, point):
    sending = approved(kind, on_unknown="resend")
    with WatchedRelay() as relay:
        send_until_killed(sending, relay, point, PLACES["middle"])
        in_doubt, arrived = sending.by_status()["sending"], {*relay.names}
        assert sending.start(relay).end() == 0
    assert sending.by_status() == {"sent": MEMBERS}
    twice = in_doubt & arrived
    assert sorted(relay.names) == sorted([*MEMBERS, *twice])
    ids = defaultdict(set)
    for message in relay.messages:
        ids[message.name].add(message_from_bytes(message.content)["Message-ID"])
    assert {len(found) for found in ids.values()} == {1}
    assert len(set().union(*ids.values())) == len(MEMBERS)


def test_machine_that_loses_power_knows_what_was_leaving(approved, tmp_path):
    """What is on disk when a message's end has come says that it was leaving: it is never taken up again."""
    sending = approved("sqlite")
    seen: dict[Path, set[str]] = {}
    with WatchedRelay() as relay:

        def copy(number: int) -> None:
            names = {*relay.names}
            there = tmp_path / f"copy{number}"
            there.mkdir()
            for ending in ("", "-wal"):  # its index, -shm, lives in memory
                shutil.copy(f"{sending.folder / 'newsletter.db'}{ending}", there)
            seen[there / "newsletter.db"] = names

        for number in range(1, len(MEMBERS) + 1):
            relay.on_message(number, lambda number=number: copy(number))
        assert sending.start(relay).end() == 0
    assert len(seen) == len(MEMBERS)
    for path, names in seen.items():
        copied = sqlite3.connect(path)
        found = copied.execute("SELECT email, d.status FROM deliveries d JOIN members m ON m.id = member_id")
        statuses = {email.partition("@")[0]: status for email, status in found}
        assert {statuses[name] for name in names} <= {"sending", "sent"}
        assert [*statuses.values()].count("sending") in range(1, CONNECTIONS + 1)
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        copied.close()


def test_every_commit_is_on_disk_before_it_counts(approved):
    with approved("sqlite").project.database.write() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_every_commit_is_on_the_servers_disk_before_it_counts(approved):
    with approved("postgresql").project.database.write() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
