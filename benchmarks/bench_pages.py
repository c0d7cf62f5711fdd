"""What the web pages take: visits of the page to leave, and one clicks, on one `newsletter serve`.

Every click is another member's, from 16 connections at once, on SQLite on this disk. Before that: what the
links of one member cost in CPU, which is paid for each message that is sent.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import rig
from results import Result, exactly, option, run_alone

from newsletter.config import load_config
from newsletter.editions.types import EditionId
from newsletter.members.tokens import Purpose, Tokens
from newsletter.members.types import MemberStatus
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.member_links import WebLinks
from newsletter.workflows.project import Project

CONNECTIONS, LINKS, ROUNDS = 16, 20_000, 7
BODY = "List-Unsubscribe=One-Click"
HOST = "Host: news.example.org"
FORM = f"{HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(BODY)}"


@dataclass(frozen=True)
class Options:
    visits: int = option(4_000, "members, each of whom looks once and clicks once")


@dataclass
class Visits:
    """What visitors saw. took: seconds of each."""

    took: list[float] = field(default_factory=list)
    wrong: int = 0


def run(options: Options) -> list[Result]:
    found = [Result("links of one member, µs of CPU", _links_us(), at_most=10)]
    with rig.work_folder() as folder:
        project = folder / "project"
        tokens = _members(project, options.visits)
        requests = {
            "page to leave": [f"GET /u/{it} HTTP/1.1\r\n{HOST}\r\n\r\n" for it in tokens],
            "one click": [f"POST /u/{it} HTTP/1.1\r\n{FORM}\r\n\r\n{BODY}" for it in tokens],
        }
        command = [rig.NEWSLETTER, "-C", str(project), "serve", "--port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            port = int(re.search(r"http://[^ ]*:(\d+)", server.stderr.readline())[1])
            for what, these in requests.items():
                found += _visit(port, what, these)
            server.send_signal(signal.SIGTERM)
        found.append(exactly("still subscribed", options.visits - _left(project)))
    return found


def _links_us() -> float:
    edition = SimpleNamespace(id=EditionId("weekly", date(2026, 11, 27)), key=1)
    links = WebLinks("https://news.example.org", "leave@example.org", edition, Tokens({1: bytes(32)}))
    best = float("inf")
    for _ in range(ROUNDS):  # others disturb a round
        began = time.process_time()
        for member in range(LINKS):
            links.of(member, 1)
        best = min(best, time.process_time() - began)
    return best / LINKS * 1e6


def _members(folder: Path, count: int) -> list[str]:
    """Make a project with so many members, and return their tokens to leave."""
    rig.make_project(folder)
    rig.write_members(folder / "members.csv", count)
    rig.newsletter(folder, "member", "import", str(folder / "members.csv"))
    config = folder / "newsletter.toml"
    config.write_text(config.read_text("utf-8") + '\n[web]\nurl = "https://news.example.org"\n', "utf-8")
    with Project(load_config(folder)) as project:
        make = link_tokens(project).maker(Purpose.LEAVE)
        return [make(f"{it.id} weekly") for it in project.members.members(datetime.now(UTC))]


def _left(folder: Path) -> int:
    with Project(load_config(folder)) as project:
        left = project.members.members(datetime.now(UTC), status=MemberStatus.UNSUBSCRIBED)
        return sum(1 for _ in left)


def _visit(port: int, what: str, requests: Sequence[str]) -> list[Result]:
    visits, waiting = Visits(), iter(requests)

    async def all_of_them() -> None:
        await asyncio.gather(*(_line(port, waiting, visits) for _ in range(CONNECTIONS)))

    began = time.perf_counter()
    asyncio.run(all_of_them())
    seconds, took = time.perf_counter() - began, sorted(visits.took)
    return [
        Result(f"{what}, a second", len(took) / seconds, digits=0),
        Result(f"{what}, ms for one of two", 1000 * took[len(took) // 2], digits=1),
        Result(f"{what}, ms for 99 of 100", 1000 * took[len(took) * 99 // 100], digits=1),
        exactly(f"{what}, answers other than 200", visits.wrong),
    ]


async def _line(port: int, waiting: Iterator[str], visits: Visits) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in waiting:
        began = time.perf_counter()
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
        visits.took.append(time.perf_counter() - began)
        visits.wrong += not head.startswith(b"HTTP/1.1 200")
    writer.close()


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
