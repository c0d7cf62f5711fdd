"""Where the mail goes: postfix's smtp-sink, which is fast, and our recording sink, which keeps a diary."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import rig


class SmtpSink:
    """A running smtp-sink, which takes everything and keeps nothing but a running count."""

    def __init__(self, port: int, counters: Path, process: psutil.Process) -> None:
        self.port = port
        self._counters = counters
        self._process = process

    def messages(self) -> int:
        """Return how many messages it has accepted so far."""
        with self._counters.open("rb") as counters:
            counters.seek(max(0, counters.seek(0, os.SEEK_END) - 200))
            _, found, count = counters.read().rpartition(b"mesg=")
        return int(count) if found else 0

    def cpu_s(self) -> float:
        """Return the CPU time that it used so far."""
        used = self._process.cpu_times()
        return float(used.user + used.system)


@contextmanager
def smtp_sink(folder: Path) -> Iterator[SmtpSink]:
    """Run smtp-sink on a free port; its running count stands in a folder that is made for it."""
    folder.mkdir()
    port, counters = rig.free_port(), folder / "counters"
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [rig.system_program("smtp-sink", "postfix"), *as_nobody, "-c", f"{rig.LOOPBACK}:{port}", "1024"]
    with counters.open("wb") as out, rig.running(command, stdout=out) as process:
        rig.wait_for_port(port)
        yield SmtpSink(port, counters, psutil.Process(process.pid))


@dataclass(frozen=True)
class Entry:
    """One line of the recording sink's diary. code: 250 for a message that was taken, else the refusal."""

    at: float
    code: int
    recipient: str
    message_id: str


class RecordingSink:
    """A running recording sink, and what it wrote down so far."""

    def __init__(self, port: int, diary: Path) -> None:
        self.port = port
        self.taken: dict[str, list[str]] = {}
        self.codes: Counter[int] = Counter()
        self._diary = diary.open("rb")
        self._rest = b""

    def read(self) -> list[Entry]:
        """Take in what was written since the last time, and return it."""
        *lines, self._rest = (self._rest + self._diary.read()).split(b"\n")
        entries = [_entry(line) for line in lines]
        for entry in entries:
            self.codes[entry.code] += 1
            if entry.code == 250:
                self.taken.setdefault(entry.recipient, []).append(entry.message_id)
        return entries

    @property
    def messages(self) -> int:
        """How many messages were taken, by what was read so far."""
        return self.codes[250]

    @property
    def twice(self) -> dict[str, list[str]]:
        """The Message-IDs of each recipient who got more than one message."""
        return {recipient: ids for recipient, ids in self.taken.items() if len(ids) > 1}


def _entry(line: bytes) -> Entry:
    at, code, recipient, message_id = line.decode().split("\t")
    return Entry(float(at), int(code), recipient, message_id)


@contextmanager
def recording_sink(folder: Path, *options: str) -> Iterator[RecordingSink]:
    """Run the recording sink on a free port, its diary in a folder that is made for it.

    When the block ends, it has read all that was on its way, and the diary is whole.
    """
    folder.mkdir()
    port, diary = rig.free_port(), folder / "diary"
    diary.touch()
    program = [sys.executable, str(rig.HERE / "recording_sink.py"), str(port), str(diary), *options]
    sink = RecordingSink(port, diary)
    with rig.running(program):
        rig.wait_for_port(port)
        yield sink
    sink.read()
