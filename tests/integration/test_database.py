"""Opening a database: made when it is new, taken as it is, or refused in one clear line."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from builders import NOW
from fixtures.senders import PROCESSES
from senders import open_together
from sqlalchemy import Column, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from newsletter.errors import StoreError
from newsletter.store.database import Database
from newsletter.store.migrations import HEAD
from newsletter.store.schema import UtcDateTime, metadata, settings
from newsletter.store.settings import SettingStore

_NOBODY = 65534


@pytest.fixture
def own_database(database_url):
    """One that is made for this test, which may change its tables."""
    opened = Database(database_url)
    yield opened
    opened.close()


def refusal(url) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Database(url)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_migrations_make_what_the_schema_says(own_database):
    with own_database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def test_opening_again_keeps_what_is_there(database_url):
    for expected in (None, "kept"):
        database = Database(database_url)
        store = SettingStore(database)
        assert store.get("word") == expected
        store.put("word", "kept")
        database.close()


def test_setting_is_replaced(database):
    store = SettingStore(database)
    store.put("word", "first")
    store.put("word", "second")
    assert (store.get("word"), store.get("other")) == ("second", None)


def test_new_database_is_opened_by_four_processes_at_once(database_url, approved_editions, tmp_path):
    noted, together = tmp_path / "stderr", PROCESSES.Barrier(4)
    arguments = (database_url, str(noted), together)
    processes = [PROCESSES.Process(target=open_together, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert (noted.read_text(), [process.exitcode for process in processes]) == ("", [0] * 4)


def test_new_database_is_opened_by_eight_threads_at_once(database_url):
    faults, together = [], threading.Barrier(8)

    def open_it():
        together.wait()
        try:
            Database(database_url).close()
        except Exception as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_transaction_that_fails_leaves_nothing(database):
    def write_twice():
        with database.write() as connection:
            for _ in range(2):
                connection.execute(insert(settings).values(name="word", value="lost"))

    with pytest.raises(IntegrityError):  # a bug keeps its own error
        write_twice()
    assert SettingStore(database).get("word") is None


def test_database_of_a_newer_program_is_refused(own_database, database_url):
    with own_database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    told = refusal(database_url)
    assert "schema 9999" in str(told)
    assert "newer version" in told.hint


def test_times_come_back_in_utc(own_database):
    times = Table("times", MetaData(), Column("at", UtcDateTime))
    in_paris = NOW.astimezone(timezone(timedelta(hours=1)))
    with own_database.write() as connection:
        times.create(connection)
        connection.execute(insert(times), [{"at": in_paris}, {"at": None}])
        found = connection.scalars(select(times.c.at).where(times.c.at == NOW)).one()
        assert (found, found.utcoffset()) == (NOW, timedelta(0))
        with pytest.raises(Exception, match="without time zone"):
            connection.execute(insert(times), [{"at": datetime(2026, 1, 1)}])  # noqa: DTZ001 - the fault


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_locked_file_is_told(tmp_path):
    url = sqlite_url(tmp_path / "a.db")
    Database(url).close()
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        database = Database(f"{url}?timeout=0.1")
        with pytest.raises(StoreError, match=r"a\.db is locked by another program"):
            SettingStore(database).put("word", "lost")
        assert SettingStore(database).get("word") is None  # reading goes on
        database.close()
    finally:
        other.close()


@contextmanager
def unprivileged():
    """Be a user who is bound by permissions, as root is not."""
    if os.geteuid() == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that another user may enter; pytest's own is closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


def test_read_only_file_is_told(open_folder):
    Database(sqlite_url(open_folder / "a.db")).close()
    for path in open_folder.iterdir():
        path.chmod(0o444)
    open_folder.chmod(0o555)
    with unprivileged():
        told = refusal(sqlite_url(open_folder / "a.db"))
    assert str(told).endswith(("a.db is read-only", "a.db cannot be opened"))


def test_folder_that_we_may_not_write_to_is_told(open_folder):
    open_folder.chmod(0o555)
    with unprivileged():
        assert str(refusal(sqlite_url(open_folder / "a.db"))).endswith("a.db cannot be opened")


def test_full_disk_is_told(tmp_path):
    database = Database(sqlite_url(tmp_path / "a.db"))
    with database.read() as connection:
        connection.execute(text("PRAGMA max_page_count = 1"))  # no more than it has
    with pytest.raises(StoreError, match="the disk is full"):
        SettingStore(database).put("word", "x" * 1_000_000)
    database.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///{folder}/text", "text is not a SQLite database"),
        ("sqlite:///{folder}", "cannot be opened"),
        ("sqlite:///{folder}/no/a.db", "no folder {folder}/no to hold the database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://u:hush@db/news", "'mysql' is not supported"),
        ("newsletter.db", "cannot be read"),
        ("postgresql://u:hush@db:port/news", "cannot be read"),
        (
            "postgresql+psycopg://u:hush@127.0.0.1:1/news",
            "postgresql+psycopg://u:***@127.0.0.1:1/news does not answer",
        ),
        ("postgresql+psycopg://u@127.0.0.1:1/news?password=hush", "does not answer"),
        ("postgresql+psycopg://u@127.0.0.1:1/news?pasword=hush", "does not answer"),
    ],
)
def test_database_that_cannot_be_opened_is_told_without_its_password(tmp_path, url, words):
    (tmp_path / "text").write_text("Dear members,\n" * 100)
    told = refusal(url.format(folder=tmp_path))
    assert words.format(folder=tmp_path) in str(told)
    assert "hush" not in f"{told}{told.hint}"


def test_missing_database_of_a_server_is_told(postgres_url):
    assert 'database "nowhere" does not exist' in str(refusal(postgres_url.rpartition("/")[0] + "/nowhere"))


def test_server_that_went_away_is_told(postgres_url, postgres_server):
    database = Database(postgres_url)
    ours = postgres_url.rpartition("/")[2]
    all_of_ours = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{ours}'"

    def lose_connection():
        with database.read() as connection:
            for _ in range(2):
                connection.execute(text("SELECT 1"))
                postgres_server._execute(all_of_ours)

    with pytest.raises(StoreError, match="does not answer"):
        lose_connection()
    assert SettingStore(database).get("word") is None  # the next one finds it back
    database.close()
