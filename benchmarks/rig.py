"""What the benchmarks share: running a command and measuring it, and a project with an approved edition."""

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
from typing import Any

HERE = Path(__file__).parent
#: The command as it was installed beside this Python.
NEWSLETTER = Path(sys.executable).with_name("newsletter")
EDITION = "weekly"
ITEMS = 4
AUDIENCES = ["governors", "leaders", "career-leads"]
FIRST_NAMES = ["Anna", "Bashir", "Chloë", "Dafydd", "Efua", "Fionnuala", "Gurpreet", "Hélène"]
LAST_NAMES = ["Abara", "Bright", "Cole", "D'Arcy", "Ekström", "Fofana", "Griffiths", "Hughes"]
LOOPBACK = "127.0.0.1"


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


def measure(command: Sequence[str | Path], environ: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end; its peak memory is that of the largest process in it."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, env=environment(environ))
        return ended(process, out, started)


def ended(process: subprocess.Popen[Any], out: Any, started: float) -> Run:
    """Wait for a process that writes into a file, and return what it used."""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    out.seek(0)
    peak_kib = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(process.returncode, out.read(), seconds, used.ru_utime + used.ru_stime, peak_kib / 1024)


def environment(changes: Mapping[str, str] | None) -> dict[str, str]:
    """Return our environment with changes, and compiled modules kept, as Python does unless told not to."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, **(changes or {})}


def write_members(path: Path, count: int) -> None:
    """Write a member file with all seven sets of audiences in equal parts."""
    sets = [";".join(a for bit, a in enumerate(AUDIENCES) if number >> bit & 1) for number in range(1, 8)]
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["email", "first_name", "last_name", "audiences", "school"])
        for number in range(count):
            first, last = FIRST_NAMES[number % 8], LAST_NAMES[number // 8 % 8]
            school = f"Heath Park, No. {number % 24_000}"
            rows.writerow([member(number), first, last, sets[number % 7], school])


def member(number: int) -> str:
    """Return the address of a member in the file."""
    return f"member.{number}@schools.example.org"


def make_project(folder: Path) -> None:
    """Make a project folder as `init` does."""
    newsletter(folder.parent, "init", str(folder))


def make_approved_edition(
    project: Path,
    members: int,
    relay_port: int,
    connections: int,
    *,
    tables: str = "",
    on_unknown: str = "hold",
) -> Run:
    """Make a project with members and an approved edition of `ITEMS` items, in messages of some 25 kB.

    tables: more TOML for the end of newsletter.toml. Returns the run of the import.
    """
    make_project(project)
    relay = f'host = "{LOOPBACK}"\nport = {relay_port}\nsecurity = "none"\nconnections = {connections}'
    change_settings(
        project, {"outbox": relay, "max_items": f'max_items = {ITEMS}\non_unknown = "{on_unknown}"'}, tables
    )
    write_members(project / "members.csv", members)
    imported = newsletter(project, "member", "import", str(project / "members.csv"))
    newsletter(project, "feed", "pull")
    newsletter(project, "edition", "draft", EDITION)
    newsletter(project, "edition", "preview", EDITION, "--out", str(project / "preview"))
    newsletter(project, "edition", "approve", EDITION, "--by", "benchmark")
    return imported


def change_settings(project: Path, changes: Mapping[str, str], tables: str = "") -> None:
    """Put other lines in the place of those that set these keys, and more tables at the end."""
    path = project / "newsletter.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, instead in changes.items():
        [number] = [number for number, line in enumerate(lines) if line.startswith(f"{key} = ")]
        lines[number] = instead
    path.write_text("\n".join([*lines, tables, ""]), encoding="utf-8")


def typical_message(project: Path) -> Path:
    """Return the preview whose size comes nearest to the mean of all variants."""
    sizes = {path: path.stat().st_size for path in (project / "preview").glob("*.eml")}
    mean = sum(sizes.values()) / len(sizes)
    return min(sizes, key=lambda path: abs(sizes[path] - mean))


def send_command(project: Path) -> list[str | Path]:
    """Return the command that sends the edition, and that goes on with it after an interruption."""
    return [NEWSLETTER, "-C", project, "edition", "send", EDITION, "--go"]


def delivery_counts(project: Path) -> dict[str, int]:
    """Return where the edition's deliveries stand, as the program itself tells it."""
    shown = json.loads(newsletter(project, "--json", "edition", "show", EDITION).stdout)
    return {name: int(count) for name, count in shown["counts"].items()}


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give a folder that other users may enter and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def system_program(name: str, package: str) -> str:
    """Return the path of a program, which Debian may keep in /usr/sbin."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return found or sys.exit(
        f"{name} is missing: it comes with {package} (apt-get install --no-install-recommends {package})"
    )


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, timeout_s: float = 10) -> None:
    """Return when somebody listens."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection((LOOPBACK, port)).close()
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"nothing listens on port {port}")
            time.sleep(0.01)
        else:
            return


@contextmanager
def running(command: Sequence[str | Path], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside us, and end it afterwards: gently, then not."""
    process: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
