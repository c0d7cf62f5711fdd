"""How many visits one `newsletter serve` takes: the page to leave, and the one click, from 16 connections.

    python benchmarks/pages_load.py [VISITS]

VISITS (4,000 by default) of each kind, every click by another member, on SQLite on this disk. A line for each
kind: visits a second, and how long half of them and 99 of 100 took. Exit 1 where any was not answered with
200, or where anybody is subscribed in the end.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from newsletter.config import load_config
from newsletter.members.tokens import Purpose
from newsletter.workflows.init import make_project
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.project import Project

CONNECTIONS = 16
PROGRAM = [sys.executable, "-c", "import sys; from newsletter.cli.main import main; sys.exit(main())"]
BODY = "List-Unsubscribe=One-Click"
HOST = "Host: news.example.org"
HEADERS = f"{HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(BODY)}"
WEB = '\n[web]\nurl = "https://news.example.org"\n'


def main() -> int:
    visits = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        tokens = _members(Path(folder) / "project", visits)
        pages = [f"GET /u/{token} HTTP/1.1\r\n{HOST}\r\n\r\n" for token in tokens]
        clicks = [f"POST /u/{token} HTTP/1.1\r\n{HEADERS}\r\n\r\n{BODY}" for token in tokens]
        command = [*PROGRAM, "-C", f"{folder}/project", "serve", "--port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            port = int(re.search(r"http://[^ ]*:(\d+)", server.stderr.readline())[1])
            kinds = {"page": pages, "click": clicks}
            whole = all(asyncio.run(_visit(port, kind, it)) for kind, it in kinds.items())
            server.send_signal(signal.SIGTERM)
        with Project(load_config(Path(folder) / "project")) as project:
            left = project.members.members(datetime.now(UTC), status="unsubscribed")
            return 0 if whole and sum(1 for _ in left) == visits else 1


def _members(folder: Path, count: int) -> list[str]:
    """Make a project with so many members, and return their tokens to leave."""
    make_project(folder)
    config = folder / "newsletter.toml"
    config.write_text(config.read_text("utf-8") + WEB, "utf-8")
    rows = (f"member{number}@example.org,governors\n" for number in range(count))
    (folder / "members.csv").write_text("email,audiences\n" + "".join(rows), "utf-8")
    command = [*PROGRAM, "-C", folder, "member", "import", folder / "members.csv"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with Project(load_config(folder)) as project:
        make = link_tokens(project).maker(Purpose.LEAVE)
        return [make(f"{it.id} weekly") for it in project.members.members(datetime.now(UTC))]


async def _visit(port: int, kind: str, requests: list[str]) -> bool:
    """Make all requests, tell how long they took, and return whether each was answered with 200."""
    waiting, took, answers = iter(requests), [], []
    began = time.perf_counter()
    await asyncio.gather(*(_line(port, waiting, took, answers) for _ in range(CONNECTIONS)))
    rate = len(took) / (time.perf_counter() - began)
    took.sort()
    half, most = (1000 * took[int(len(took) * share)] for share in (0.5, 0.99))
    print(
        f"{kind:6} {rate:6,.0f} a second, p50 {half:5.1f} ms, p99 {most:5.1f} ms, of {len(took):,}",
        flush=True,
    )
    return len(answers) == len(requests) and set(answers) == {b"200"}


async def _line(port: int, waiting: Iterator[str], took: list[float], answers: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in waiting:
        began = time.perf_counter()
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
        took.append(time.perf_counter() - began)
        answers.append(head.split()[1])
    writer.close()


if __name__ == "__main__":
    sys.exit(main())
