"""Quiet: a note of until when `run` has nothing to do, so that it ends before it has opened anything.

cron calls every minute, and mostly for nothing. The note stands beside newsletter.toml, and holds while all
that it follows from is as it was before the round that left it began to look: newsletter.toml, the database,
the environment's settings, the program. Whoever writes to one of them, by whatever command, has ended it.
There is none for a database on a server, since what other machines do there shows on no file here, and none
where it cannot be written: then every run looks for itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from newsletter import __version__

NAME = "newsletter.db-quiet"
_SETTINGS = "newsletter.toml"
#: A file that was written so lately could be written again without its time telling: FAT keeps even seconds.
_BLUR_S = 2.0


class QuietNote:
    """The note in a project folder, with what is seen of the files that it follows from.

    Each file is looked at before it is read, so that what is written meanwhile ends the note.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._path = folder / NAME
        self._ours = _ours(environ)
        self._began_s = time.time()
        self._seen: dict[str, list[int] | None] = {}
        self.watch([folder.absolute() / _SETTINGS])

    def holds(self, now: datetime) -> bool:
        """Whether nothing can be due at this time."""
        try:
            told = json.loads(self._path.read_bytes())
            since, until = datetime.fromisoformat(told["since"]), datetime.fromisoformat(told["until"])
            ours = told["ours"] == self._ours and self._seen.items() <= told["files"].items()
            same = ours and all(_state(file) == seen for file, seen in told["files"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none, or none of ours
            return False
        return same and since <= now < until  # nor when the clock was set back

    def watch(self, files: Iterable[Path]) -> None:
        """Look at files before they are read; one that is missing now counts as changed when it is there."""
        self._seen.update((str(file), _state(file)) for file in files)

    def leave(self, since: datetime, until: datetime) -> None:
        """Note that nothing is due between two times, unless a file has changed, or may have unseen."""
        unsure = any(_state(file) != seen or self._is_blurred(seen) for file, seen in self._seen.items())
        if unsure or until <= since:
            return
        times = {"since": since.isoformat(), "until": until.isoformat()}
        note = json.dumps({**times, "ours": self._ours, "files": self._seen})
        new = self._path.with_name(f"{NAME}.{os.getpid()}")
        with suppress(OSError):
            new.touch(0o600)  # its sum over the settings would let others try out passwords
            new.write_text(note, "utf-8")
            new.replace(self._path)

    def _is_blurred(self, seen: list[int] | None) -> bool:
        return seen is not None and seen[2] / 1e9 > self._began_s - _BLUR_S


def _state(file: Path | str) -> list[int] | None:
    """Return what tells one state of a file from another.

    An empty one is like none: so is SQLite's log from opening a database to the first write.
    """
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns] if found.st_size else None


def _ours(environ: Mapping[str, str]) -> list[str | int]:
    """Return what tells one program and its environment from another, by a sum over its settings."""
    settings = sorted(it for it in environ.items() if it[0].startswith("NEWSLETTER_"))
    return [__version__, sys.version, zlib.crc32(repr(settings).encode())]
