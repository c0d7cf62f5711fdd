"""What the benchmarks share: a project with members and an approved edition, and postfix's smtp-sink."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: The command as it was installed beside this Python.
NEWSLETTER = Path(sys.executable).with_name("newsletter")
EDITION = "weekly"
ITEMS = 4
AUDIENCES = ["governors", "leaders", "career-leads"]
FIRST_NAMES = ["Anna", "Bashir", "Chloë", "Dafydd", "Efua", "Fionnuala", "Gurpreet", "Hélène"]
LAST_NAMES = ["Abara", "Bright", "Cole", "D'Arcy", "Ekström", "Fofana", "Griffiths", "Hughes"]


@dataclass(frozen=True)
class Run:
    """One command that has ended, with what it used."""

    code: int
    stdout: str
    seconds: float
    cpu_s: float
    peak_mib: float


def newsletter(project: Path, *arguments: str, expect: Sequence[int] = (0,)) -> Run:
    """Run one command in a project folder and wait for it; anything but an expected exit code ends us."""
    run = measure([NEWSLETTER, "-C", project, *arguments])
    if run.code not in expect:
        sys.exit(f"newsletter {' '.join(arguments)} ended with {run.code}:\n{run.stdout}")
    return run


def measure(command: Sequence[str | Path]) -> Run:
    """Run a command to its end; its peak memory is that of the largest process in it."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        peak_kib = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
        cpu_s = used.ru_utime + used.ru_stime
        return Run(process.returncode, out.read(), seconds, cpu_s, peak_kib / 1024)


def write_members(path: Path, count: int) -> None:
    """Write a member file with all seven sets of audiences in equal parts."""
    sets = [";".join(a for bit, a in enumerate(AUDIENCES) if number >> bit & 1) for number in range(1, 8)]
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["email", "first_name", "last_name", "audiences", "school"])
        for number in range(count):
            first, last = FIRST_NAMES[number % 8], LAST_NAMES[number // 8 % 8]
            school = f"Heath Park, No. {number % 24_000}"
            rows.writerow([f"member.{number}@schools.example.org", first, last, sets[number % 7], school])


def make_project(folder: Path) -> None:
    """Make a project folder as `init` does."""
    newsletter(folder.parent, "init", str(folder))


def make_approved_edition(project: Path, members: int, relay_port: int, connections: int) -> None:
    """Make a project with members and an approved edition of `ITEMS` items, in messages of some 25 kB."""
    make_project(project)
    relay = f'host = "127.0.0.1"\nport = {relay_port}\nsecurity = "none"\nconnections = {connections}'
    change_settings(project, {"outbox": relay, "max_items": f"max_items = {ITEMS}"})
    write_members(project / "members.csv", members)
    newsletter(project, "member", "import", str(project / "members.csv"))
    newsletter(project, "feed", "pull")
    newsletter(project, "edition", "draft", EDITION)
    newsletter(project, "edition", "preview", EDITION, "--out", str(project / "preview"))
    newsletter(project, "edition", "approve", EDITION, "--by", "benchmark")


def change_settings(project: Path, changes: Mapping[str, str]) -> None:
    """Put other lines in the place of those that set these keys."""
    path = project / "newsletter.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, instead in changes.items():
        [number] = [number for number, line in enumerate(lines) if line.startswith(f"{key} = ")]
        lines[number] = instead
    path.write_text("\n".join(lines), encoding="utf-8")


def typical_message(project: Path) -> Path:
    """Return the preview whose size comes nearest to the mean of all variants."""
    sizes = {path: path.stat().st_size for path in (project / "preview").glob("*.eml")}
    mean = sum(sizes.values()) / len(sizes)
    return min(sizes, key=lambda path: abs(sizes[path] - mean))


def send_command(project: Path) -> list[str | Path]:
    """Return the command that sends the edition, and that goes on with it after an interruption."""
    return [NEWSLETTER, "-C", project, "edition", "send", EDITION, "--go"]


def delivery_counts(project: Path) -> dict[str, int]:
    """Return where the edition's deliveries stand."""
    return json.loads(newsletter(project, "--json", "edition", "show", EDITION).stdout)["counts"]


class Sink:
    """A running smtp-sink. captured: the folder of its files, one for each message that it accepted."""

    def __init__(self, folder: Path, port: int, *, capture: bool) -> None:
        self.port = port
        self.captured = folder / "got"
        self._folder, self._capture = folder, capture

    def start(self) -> None:
        """Start, and return when it listens."""
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        keep = ["-d", f"{self.captured}/%H%M%S."] if self._capture else []
        if as_nobody:
            shutil.chown(self._folder, "nobody")
        self._counters = (self._folder / "counters").open("wb")
        self._process = subprocess.Popen(
            [postfix_program("smtp-sink"), *as_nobody, "-c", *keep, f"127.0.0.1:{self.port}", "1024"],
            stdin=subprocess.DEVNULL,
            stdout=self._counters,
        )
        wait_for_port(self.port)

    def stop(self) -> None:
        """Stop it; what it accepted is on disk by then."""
        self._process.terminate()
        self._process.wait()
        self._counters.close()

    def messages(self) -> int:
        """Return how many messages it has accepted so far, by its own running count."""
        with (self._folder / "counters").open("rb") as counters:
            counters.seek(max(0, counters.seek(0, os.SEEK_END) - 200))
            _, found, count = counters.read().rpartition(b"mesg=")
        return int(count) if found else 0

    def recipients(self) -> list[str]:
        """Return the recipient of each message that it kept, by the line it writes over every capture."""
        return [_recipient(path) for path in self.captured.iterdir()]


def _recipient(capture: Path) -> str:
    with capture.open("rb") as lines:
        line = next(line for line in lines if line.startswith(b"X-Rcpt-Args: <"))
    return line.partition(b"<")[2].partition(b">")[0].decode()


@contextmanager
def smtp_sink(folder: Path, *, capture: bool = False) -> Iterator[Sink]:
    """Run smtp-sink on a free port, its files in a folder that is made for it."""
    folder.mkdir()
    sink = Sink(folder, free_port(), capture=capture)
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give a folder that other users may enter and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def postfix_program(name: str) -> str:
    """Return the path of smtp-sink or smtp-source, which Debian keeps in /usr/sbin."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or sys.exit(f"{name} is missing: it comes with postfix (apt-get install postfix)")


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, timeout_s: float = 10) -> None:
    """Return when somebody listens."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"nothing listens on port {port}")
            time.sleep(0.01)
        else:
            return
