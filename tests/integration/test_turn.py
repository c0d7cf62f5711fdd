"""One process at a time, and the turn of one that was killed."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from subprocess import PIPE

from builders import NOW

from newsletter.store.database import Database
from newsletter.store.told import ToldStore
from newsletter.store.turn import turn

HOLDER = """
import sys
from newsletter.store.database import Database
from newsletter.store.turn import turn
with turn(Database(sys.argv[1]), "run") as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def wait_for_turn(database):
    """Take a turn and end it; a server needs a moment to see that the process which had it is gone."""
    ours = False
    while not ours:
        with turn(database, "run") as ours:
            pass


def test_turn_is_one_process_s_and_ends_with_it(tables_url):
    database = Database(tables_url)
    program, pipes = [sys.executable, "-c", HOLDER, tables_url], {"stdin": PIPE, "stdout": PIPE}
    with subprocess.Popen(program, text=True, **pipes) as holder:
        assert holder.stdout.readline() == "True\n"
        with turn(database, "run") as ours, turn(database, "something else") as other:
            assert (ours, other) == (False, True)
        holder.kill()
    for _ in range(2):
        wait_for_turn(database)
    database.close()


def test_state_is_told_once_until_it_changes(tables_url):
    database = Database(tables_url)
    told = ToldStore(database)
    assert told.is_news("weekly/2026-11-27", "held", NOW)
    assert not told.is_news("weekly/2026-11-27", "held", NOW + timedelta(minutes=1))
    assert told.is_news("weekly/2026-11-27", "sent", NOW)
    told.over({"weekly/2026-11-27"})
    assert told.is_news("weekly/2026-11-27", "sent", NOW)
    database.close()
