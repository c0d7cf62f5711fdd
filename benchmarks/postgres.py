"""A PostgreSQL server of our own for as long as a benchmark takes, with the settings that it ships with."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import rig
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

START_TIMEOUT_S = 60


class Server:
    """A running server. databases: how many were made so far."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._databases = 0

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        self._databases += 1
        name = f"newsletter_{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the URL of a database as newsletter.toml would give it."""
        return f"postgresql+psycopg://postgres@{rig.LOOPBACK}:{self._port}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement in the server's own database."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def postgres() -> Iterator[Server]:
    """Start a server with an empty data folder, and stop it afterwards."""
    programs, as_user = find_programs(), unprivileged_user()
    # A folder of its own: the path of a socket has to be short, and its owner is another user.
    with tempfile.TemporaryDirectory(prefix="newsletter-pg-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), rig.free_port()
        if as_user:
            shutil.chown(folder, as_user["user"], as_user["group"])
        data = str(folder / "data")
        made = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        initdb: list[str | Path] = [programs / "initdb", *made]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user)
        listens = ["-k", str(folder), "-h", rig.LOOPBACK, "-p", str(port)]
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *listens],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                **as_user,
            )
        try:
            server = Server(port)
            wait_until_it_answers(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # without waiting for clients
            process.wait(timeout=START_TIMEOUT_S)


def wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OperationalError):
            server.execute("SELECT 1")
            return
        time.sleep(0.05)
    sys.exit("PostgreSQL did not start")


def find_programs() -> Path:
    """Return the folder of the newest server here. Debian keeps its programs out of PATH."""
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(installed, key=lambda folder: float(folder.parent.name), reverse=True)
    in_path = shutil.which("initdb")
    candidates = [*newest_first, *([Path(in_path).resolve().parent] if in_path else [])]
    found = (it for it in candidates if (it / "initdb").exists() and (it / "postgres").exists())
    return next(found, None) or sys.exit("PostgreSQL is missing (apt-get install postgresql)")


def unprivileged_user() -> dict[str, Any]:
    """Return the arguments for subprocess when we are root, as whom PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return sys.exit("PostgreSQL refuses to run as root, and there is no user postgres or nobody")
