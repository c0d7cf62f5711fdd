"""What goes wrong with processes, disks, databases and clocks while an edition is going out.

In each case everybody gets it once, or is `unknown` where the fault came between a message and the note of
it, at most one for each connection. What has arrived at the relay is the judge.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path, PurePath

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from builders import FRIDAY, NOW, add_items, approve, statuses
from fixtures.senders import CONNECTIONS, MEMBERS, PROCESSES, Sender, Sending, WatchedRelay
from relays import HELD, PATIENCE_S, USUAL, ScriptedRelay
from senders import BATCH, SEAMS, Stop, begin, bring_up_to_date
from sqlalchemy import create_engine, select, text

from newsletter.editions.types import EditionId
from newsletter.errors import StoreError
from newsletter.store import disk, migrations
from newsletter.store.database import Database, epoch_now
from newsletter.store.disk import file_system
from newsletter.store.migrations import HEAD
from newsletter.store.schema import deliveries as table
from newsletter.store.schema import members, metadata
from newsletter.workflows.members import unsubscribe_member

MIDDLE = 6
SENT, SOME_UNKNOWN, FAILED = 0, 3, 1


def finish(sending: Sending, relay: ScriptedRelay, **tuning: object) -> set[str]:
    """Send what is left, check that nobody is lost and nobody got two, and return who is in doubt."""
    in_doubt = sending.by_status().get("sending", set()) | sending.by_status().get("unknown", set())
    assert len(in_doubt) <= CONNECTIONS
    assert sending.start(relay, **tuning).end() == (SOME_UNKNOWN if in_doubt else SENT)
    assert_everybody_once(sending, relay, in_doubt)
    return in_doubt


def assert_everybody_once(
    sending: Sending, relay: ScriptedRelay, in_doubt: frozenset[str] | set[str]
) -> None:
    arrived = Counter(relay.names)
    assert max(arrived.values()) == 1
    assert {*arrived} | in_doubt == MEMBERS
    by_status = sending.by_status()
    assert by_status["sent"] == MEMBERS - in_doubt
    assert by_status.get("unknown", set()) == in_doubt
    assert sending.status == "sent"


def strike(relay: WatchedRelay, delivery: int, fault: Callable[[], object]) -> list[int]:
    """Let a fault come with a delivery; the list gets how many had arrived when it was there."""
    counted: list[int] = []

    def come() -> None:
        fault()
        counted.append(len(relay.names))

    relay.on_message(delivery, come)
    return counted


def assert_stopped_at_once(relay: WatchedRelay, counted: list[int]) -> None:
    """Nothing more has arrived than what was on its way over the other connections."""
    assert len(relay.names) < counted[0] + CONNECTIONS


class Lock:
    """Another process's hold on the ledger; `take` returns when it has it."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._held = threading.Event()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with self._sending.project.database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE deliveries IN EXCLUSIVE MODE"))
            self._held.set()
            self._released.wait()

    def take(self) -> None:
        self._thread.start()
        self._held.wait()

    def release(self) -> None:
        self._released.set()
        self._thread.join()


@contextmanager
def lock(sending: Sending) -> Iterator[Lock]:
    made = Lock(sending)
    try:
        yield made
    finally:
        made.release()


def test_sender_waits_while_another_process_holds_the_ledger(sending):
    with WatchedRelay() as relay, lock(sending) as held:

        def hold_for_a_while() -> None:
            held.take()
            threading.Timer(0.5, held.release).start()

        relay.on_message(MIDDLE, hold_for_a_while)
        url = f"{sending.url}?timeout=1" if sending.url.startswith("sqlite") else sending.url
        assert sending.start(relay, url=url).end() == SENT
    assert_everybody_once(sending, relay, set())


@pytest.mark.parametrize("delivery", [1, MIDDLE, len(MEMBERS)])
def test_sender_gives_up_on_a_ledger_that_stays_locked(approved, delivery):
    sending = approved("sqlite")
    with WatchedRelay() as relay, lock(sending) as held:
        counted = strike(relay, delivery, held.take)
        sender = sending.start(relay, patience_s=0.1, url=f"{sending.url}?timeout=0.01")
        assert sender.end() == FAILED
        assert "newsletter.db is locked by another program" in sender.words
        assert_stopped_at_once(relay, counted)
        held.release()
        assert finish(sending, relay)


def test_sender_that_finds_the_ledger_locked_sends_nothing(approved):
    sending = approved("sqlite")
    with WatchedRelay() as relay, lock(sending) as held:
        held.take()
        assert sending.start(relay, url=f"{sending.url}?timeout=0.01").end() == FAILED
        assert relay.names == []
        held.release()
        assert finish(sending, relay) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a disk of so many megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def make(size_mb: int) -> Path:
        options = f"size={size_mb}m"
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"a small disk cannot be mounted, which takes root: {made.stderr.strip()}")
        return folder

    yield make
    subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)


def fill(folder: Path) -> None:
    """Write until the disk is full."""
    for size in (1 << 20, 512):
        with (folder / "filler").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(size))


@pytest.mark.parametrize("delivery", [1, MIDDLE, len(MEMBERS)])
def test_sender_stops_at_once_when_the_disk_is_full(approved, small_disk, delivery):
    folder = small_disk(20)
    sending = approved("sqlite", folder)
    with WatchedRelay() as relay:
        counted = strike(relay, delivery, lambda: fill(folder))
        sender = sending.start(relay)
        assert sender.end() == FAILED
        assert "newsletter.db cannot grow: the disk is full" in sender.words
        assert_stopped_at_once(relay, counted)
        arrived = len(relay.names)
        again = sending.start(relay)  # cron does not know yet
        assert again.end() == FAILED
        assert "0 MB free" in again.words
        assert len(relay.names) == arrived
        (folder / "filler").unlink()
        assert finish(sending, relay)


def test_sending_does_not_begin_without_twice_the_room_it_takes(approved, small_disk):
    sending = approved("sqlite", small_disk(12))
    with WatchedRelay() as relay:
        sender = sending.start(relay)
        assert sender.end() == FAILED
    assert "and 16 MB may be needed" in sender.words
    assert "make room and try again" in sender.words
    assert (relay.commands, sending.status, sending.by_status()) == ([], "approved", {})


def test_room_is_asked_of_the_disk_that_the_file_is_on(tables_url):
    database = Database(tables_url)
    database.require_room(1)
    if tables_url.startswith("sqlite"):
        with pytest.raises(StoreError, match=r"newsletter\.db has .* MB free"):
            database.require_room(10**18)
    else:
        database.require_room(10**18)  # the server's disk is not ours to look at
    database.close()


@pytest.mark.parametrize("point", ["plan", "outcome is"])
def test_database_that_a_dead_sender_left_is_opened_by_four_at_once(approved, point):
    sending, where = approved("sqlite"), next(seam for seam in SEAMS if seam.startswith(point))
    with WatchedRelay() as relay:
        assert sending.start(relay, Stop(where)).end() == -signal.SIGKILL
        in_doubt = sending.by_status().get("sending", set())
        sending.project.database.close()  # so that the first to come recovers the log
        together = PROCESSES.Barrier(4)
        four = [sending.start(relay, together=together) for _ in range(4)]
        for sender in four:
            assert sender.end() in (SENT, SOME_UNKNOWN), sender.words
    assert_everybody_once(sending, relay, in_doubt)


MOUNTS = r"""
/dev/vda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
files:/srv /mnt/our\040files nfs4 rw,vers=4.2 0 0
/dev/vdb1 /mnt/our\040files/local ext4 rw 0 0
//server/share /home/news/share cifs rw 0 0
anna@host: /home/news/far fuse.sshfs rw 0 0
sandbox / 9p rw 0 0
overlay / overlay rw 0 0
half a line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/mnt/our files", "nfs4"),
        ("/mnt/our files/deep/down", "nfs4"),
        ("/mnt/our files/local/news", "ext4"),
        ("/mnt/our filesystem", "overlay"),
        ("/home/news/share/a", "cifs"),
        ("/home/news/far", "fuse.sshfs"),
        ("/home/news", "overlay"),
        ("/tmp", "tmpfs"),
        ("relative", ""),
    ],
)
def test_file_system_of_a_folder_is_read_from_the_table_of_mounts(folder, kind):
    assert file_system(PurePath(folder), MOUNTS) == kind


def mounts_with(tmp_path: Path, place: Path, kind: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text(f"/dev/vda1 / ext4 rw 0 0\nserver:/srv {place} {kind} rw 0 0\n")
    return table


@pytest.mark.parametrize("kind", sorted(disk.NETWORK_FILE_SYSTEMS))
def test_sqlite_on_a_network_file_system_is_refused(tmp_path, monkeypatch, kind):
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "near").symlink_to(far)
    monkeypatch.setattr(disk, "_MOUNTS", mounts_with(tmp_path, far, kind))
    for folder in ("far", "near"):
        with pytest.raises(StoreError, match=rf"a\.db is on a network file system \({kind}\)") as refused:
            Database(f"sqlite:///{tmp_path / folder / 'a.db'}")
        assert "PostgreSQL" in refused.value.hint
    assert [*far.iterdir()] == []


@pytest.mark.parametrize("mounts", ["no-such-file", "mounts"])
def test_sqlite_on_a_disk_of_this_machine_is_not_refused(tmp_path, monkeypatch, mounts):
    mounts_with(tmp_path, tmp_path / "elsewhere", "nfs")
    monkeypatch.setattr(disk, "_MOUNTS", tmp_path / mounts)
    Database(f"sqlite:///{tmp_path / 'a.db'}").close()


@pytest.fixture(scope="session")
def faketime() -> dict[str, str]:
    """What gives a process another time of day; its stop watch goes on as it should."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
    if not found:
        pytest.skip("libfaketime is not installed (Debian: faketime)")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}


@pytest.mark.parametrize(
    ("kind", "clock"),
    [("sqlite", "+2h"), ("sqlite", "-2h"), ("sqlite", "2026-11-27 07:00:00"), ("postgresql", "+2h")],
    ids=["ahead", "behind", "stands still", "ahead of the server"],
)
def test_clock_of_one_of_two_senders_is_wrong(approved, faketime, kind, clock):
    """With `resend`, so that whatever one takes from the other's hands goes out twice."""
    sending = approved(kind, on_unknown="resend")
    with WatchedRelay({".": [HELD] * CONNECTIONS + [USUAL]}) as relay:
        right = sending.start(relay)
        relay.wait_for(CONNECTIONS)
        wrong = sending.start_afresh(relay, {**faketime, "FAKETIME": clock})
        relay.wait_for(CONNECTIONS + len(MEMBERS) - 2 * BATCH)  # the first one has claimed the rest
        relay.released.set()
        assert {right.end(), wrong.end()} <= {SENT, SOME_UNKNOWN}  # the other one was not done yet
    assert_everybody_once(sending, relay, set())


@pytest.mark.parametrize("set_by", ["+1h", "-1h"])
def test_clock_is_set_while_an_edition_goes_out(approved, faketime, tmp_path, set_by):
    sending = approved("sqlite", on_unknown="resend")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    with WatchedRelay() as relay:
        relay.on_message(MIDDLE, lambda: clock.write_text(set_by))
        sender = sending.start_afresh(relay, {**faketime, "FAKETIME_TIMESTAMP_FILE": str(clock)})
        assert sender.end() == SENT
    assert_everybody_once(sending, relay, set())


def as_first_released(url: str) -> None:
    """Make a database as the first version of the schema had it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


SCHEMA = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE name <> 'alembic_version' ORDER BY name",
    "postgresql": "SELECT table_name || column_name FROM information_schema.columns"
    " WHERE table_schema = 'public' UNION SELECT indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' ORDER BY 1",
}


def schema(url: str) -> tuple[str | None, list[str]]:
    """Return a database's version, and what its tables and indexes are."""
    engine = create_engine(url)
    with engine.connect() as connection:
        version = MigrationContext.configure(connection).get_current_revision()
        found = [*connection.scalars(text(SCHEMA[connection.dialect.name]))]
    engine.dispose()
    return version, found


@pytest.mark.parametrize("first", [as_first_released, lambda _: None], ids=["from 0001", "from nothing"])
def test_schema_upgrade_that_is_killed_leaves_the_old_version(database_url, approved_editions, first):
    """Killed before each statement in turn and before the commit, in one database; then nobody kills it."""
    first(database_url)
    before = schema(database_url)
    points, step = 0, 1 if before[0] else 5
    while True:
        process = PROCESSES.Process(target=bring_up_to_date, args=(database_url, points + 1))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        assert schema(database_url) == before
        points += step
    assert points > 4
    assert schema(database_url)[0] == HEAD
    database = Database(database_url)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def copy_by_program(source: Path, copy: Path) -> None:
    """What docs/operation.md says: `.backup` of the sqlite3 shell, which is this call of its library."""
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)


def copy_by_vacuum(source: Path, copy: Path) -> None:
    with closing(sqlite3.connect(source)) as there:
        there.execute("VACUUM INTO ?", [str(copy)])


@pytest.mark.parametrize("back_up", [copy_by_program, copy_by_vacuum])
def test_backup_that_is_taken_while_an_edition_goes_out(approved, tmp_path, back_up):
    sending = approved("sqlite")
    copy = tmp_path / "copy.db"
    with WatchedRelay({".": [USUAL] * MIDDLE + [HELD] * CONNECTIONS + [USUAL]}) as relay:
        lost = sending.start(relay)
        relay.wait_for(MIDDLE + CONNECTIONS)  # nothing moves now
        back_up(sending.folder / "newsletter.db", copy)
        lost.kill()
        relay.released.set()
        with closing(sqlite3.connect(copy)) as copied:
            assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        copy.replace(sending.folder / "newsletter.db")  # the disk broke, and the copy takes its place
        for ending in ("-wal", "-shm"):
            (sending.folder / f"newsletter.db{ending}").unlink(missing_ok=True)
        sending.project.database.close()
        assert len(finish(sending, relay)) == CONNECTIONS


def test_database_server_is_killed_while_an_edition_goes_out(approved, own_server):
    sending = approved("postgresql", url=own_server.url(own_server.create_database()))
    with sending.project.database.read() as connection:  # or it would prove nothing
        assert connection.execute(text("SHOW fsync")).scalar() == "on"
    in_doubt: set[str] = set()
    with WatchedRelay() as relay:
        for delivery in (2, MIDDLE, len(MEMBERS) - 1):
            relay.on_message(delivery, own_server.crash)
            sender = sending.start(relay)
            assert sender.end() == FAILED
            assert "does not answer" in sender.words
            own_server.launch()
            sending.project.database.close()
            now_in_doubt = sending.by_status().get("sending", set())
            assert len(now_in_doubt) <= CONNECTIONS
            in_doubt |= now_in_doubt
        assert sending.start(relay).end() == SOME_UNKNOWN
    assert_everybody_once(sending, relay, in_doubt)


def test_eight_starters_at_once_send_an_edition_once(sending):
    together = PROCESSES.Barrier(8)
    with WatchedRelay() as relay:
        for starter in [sending.start(relay, together=together) for _ in range(8)]:
            assert starter.end() in (SENT, SOME_UNKNOWN), starter.words  # another one was not done yet
    assert_everybody_once(sending, relay, set())


def test_eight_starters_at_once_plan_each_edition_once(sending):
    days = [FRIDAY + timedelta(days=number) for number in range(1, 5)]
    together = PROCESSES.Barrier(8 + 1)
    names = [str(EditionId("weekly", day)) for day in days]
    arguments = (str(sending.folder), sending.url, names, together)
    starters = [PROCESSES.Process(target=begin, args=arguments) for _ in range(8)]
    for starter in starters:
        starter.start()
    for day in days:
        add_items(sending.project, {f"of {day}": "governors"})
        edition = approve(sending.project, day)
        for _ in ("they begin", "they are done"):
            together.wait(PATIENCE_S)
        assert statuses(sending.project, edition) == dict.fromkeys(MEMBERS, "pending")
    for starter in starters:
        starter.join()
        assert starter.exitcode == 0


LEASE_S = 1.0


def stop_between_transactions(sending: Sending, sender: Sender) -> None:
    while True:
        sender.stop()
        database = Database(f"{sending.url}?timeout=0.1" if sending.url.startswith("sqlite") else sending.url)
        with closing(database), suppress(StoreError), database.write():
            return
        sender.wake()


def wait_until_leases_end(sending: Sending) -> None:
    held = select(table.c.id).where(table.c.lease_until > epoch_now()).limit(1)
    while True:
        with sending.project.database.read() as connection:
            if connection.execute(held).first() is None:
                return
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sender_that_was_stopped_before_content_left_sends_nothing_more(approved, kind):
    """Another one has taken over meanwhile, and sent it: with `resend`, so that both of them may think so."""
    sending = approved(kind, on_unknown="resend")
    with WatchedRelay() as relay:
        # One connection, so that it does not stop while it writes: then nobody else could, in SQLite.
        where = Stop("sending is committed", MIDDLE, signal.SIGSTOP)
        stopped = sending.start(relay, where, connections=1, lease_s=LEASE_S)
        stopped.wait_until_it_stands_still()
        wait_until_leases_end(sending)
        assert sending.start(relay, lease_s=LEASE_S).end() == SENT
        stopped.wake()
        assert stopped.end() == SENT
    assert_everybody_once(sending, relay, set())


def test_sender_that_was_stopped_before_an_answer_came_notes_it_when_it_wakes(sending):
    with WatchedRelay({".": [HELD] * CONNECTIONS + [USUAL]}) as relay:
        stopped = sending.start(relay, lease_s=LEASE_S)
        relay.wait_for(CONNECTIONS)
        in_hand = {*relay.names}
        stop_between_transactions(sending, stopped)
        wait_until_leases_end(sending)
        assert sending.start(relay, lease_s=LEASE_S).end() == SOME_UNKNOWN
        assert sending.by_status() == {"unknown": in_hand, "sent": MEMBERS - in_hand}
        relay.released.set()
        stopped.wake()
        assert stopped.end() == SENT
    assert_everybody_once(sending, relay, set())


def test_nobody_gets_it_who_left_before_it_was_claimed(sending):
    with WatchedRelay({".": [USUAL] * 2 + [HELD] * CONNECTIONS + [USUAL]}) as relay:
        sender = sending.start(relay)
        relay.wait_for(2 + CONNECTIONS)  # nothing moves now
        unclaimed = select(members.c.email).join(table).where(table.c.worker.is_(None)).order_by(table.c.id)
        with sending.project.database.read() as connection:
            leaving = [*connection.scalars(unclaimed)][::2]
        assert leaving
        for address in leaving:
            unsubscribe_member(sending.project, address, None, NOW)
        relay.released.set()
        assert sender.end() == SOME_UNKNOWN
    left = {address.partition("@")[0] for address in leaving}
    assert sending.by_status() == {"sent": MEMBERS - left, "suppressed": left}
    assert sorted(relay.names) == sorted(MEMBERS - left)
