"""A pull of many feeds on loopback: the first, one where nothing changed, and one where every feed did.

The library reader does the same in the same run, from the same server, when it is installed: both are whole
processes, and both keep everything in SQLite. Unlike it we also sort each entry by audience, clean its markup
and write its excerpt. In a changed pull five entries of each feed are new, and one has another title.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rig
from feed_server import FeedServer, feed_server
from results import Result, exactly, option, run_alone

UNCHANGED_CPU_S, CHANGED_CPU_S = 1.0, 6.0
PULLS = ("first", "unchanged", "changed")


@dataclass(frozen=True)
class Options:
    feeds: int = option(200, "feeds")
    entries: int = option(50, "entries of each")
    rounds: int = option(3, "rounds; of each figure the best counts, as a shared machine only ever adds")


def run(options: Options) -> list[Result]:
    runs: dict[tuple[str, str], list[rig.Run]] = {}
    wrong = 0
    peers: list[tuple[str, Callable[[Path, list[str]], list[str | Path]]]] = [("newsletter", ours)]
    if importlib.util.find_spec("reader"):
        peers.append(("reader", theirs))
    else:
        print("reader is not installed (pip install reader): newsletter alone")
    for _ in range(options.rounds):
        for name, prepare in peers:
            with rig.work_folder() as folder, feed_server(options.entries) as server:
                command = prepare(folder, [server.url(number) for number in range(options.feeds)])
                for what in PULLS:
                    found = pull(server, command, what)
                    runs.setdefault((name, what), []).append(found)
                    wrong += miscounted(server, found, name, what, options)
    results = [exactly("feeds: pulls that brought other counts than expected", wrong)]
    for what in PULLS:
        limit = {"unchanged": UNCHANGED_CPU_S, "changed": CHANGED_CPU_S}.get(what)
        for name, _ in peers:
            best = min(runs[name, what], key=lambda it: it.cpu_s)
            promised = name == "newsletter" and (options.feeds, options.entries) == (200, 50)
            at_most = limit if promised else None
            used = f"{best.seconds:6.2f} s {best.cpu_s:6.2f} s of CPU {best.peak_mib:4.0f} MiB"
            print(f"  {name:10} {what:9} {used}")
            results.append(Result(f"feeds: {name}, {what} pull, s of CPU", best.cpu_s, at_most=at_most))
            results.append(Result(f"feeds: {name}, {what} pull, s", best.seconds))
    return results


def ours(folder: Path, urls: list[str]) -> list[str | Path]:
    """Make a project with these feeds and return the command that pulls them."""
    project = folder / "project"
    rig.make_project(project)
    text = (project / "newsletter.toml").read_text(encoding="utf-8")
    head, *tables = text.split("[[feeds]]")
    kept = head + tables[-1][tables[-1].find("\n[") :] if tables and "\n[" in tables[-1] else head
    feeds = "".join(f'\n[[feeds]]\nname = "board-{n}"\nurl = "{url}"\n' for n, url in enumerate(urls))
    allow = f'\n[fetch]\nallow = ["{rig.LOOPBACK}"]\n'
    (project / "newsletter.toml").write_text(kept + feeds + allow, encoding="utf-8")
    return [rig.NEWSLETTER, "-C", project, "--json", "feed", "pull"]


def theirs(folder: Path, urls: list[str]) -> list[str | Path]:
    """Write down these feeds and return the command that pulls them with reader."""
    (folder / "urls").write_text("\n".join(urls), encoding="utf-8")
    return [sys.executable, rig.HERE / "peers" / "with_reader.py", folder / "reader.db", folder / "urls"]


def pull(server: FeedServer, command: list[str | Path], what: str) -> rig.Run:
    """Pull all feeds once, after they have changed where they should."""
    server.statuses.clear()
    server.version += what == "changed"
    found = rig.measure(command)
    return (
        found if found.code == 0 else sys.exit(f"{command} ended with {found.code}:\n{found.stdout[-2000:]}")
    )


def miscounted(server: FeedServer, found: rig.Run, name: str, what: str, options: Options) -> bool:
    """Tell whether a pull asked or brought something else than it should."""
    status = 304 if what == "unchanged" else 200
    right = server.statuses == {status: options.feeds}
    if name == "newsletter":
        new, changed = {"first": (options.entries, 0), "changed": (5, 1)}.get(what, (0, 0))
        right &= all((it["new"], it["changed"]) == (new, changed) for it in json.loads(found.stdout))
    else:
        right &= found.stdout.startswith(
            f"{options.feeds * (options.entries + 5 * server.version)} entries, 0"
        )
    if not right:
        print(f"  {name}, {what}: {dict(server.statuses)}, {found.stdout[:300]}")
    return not right


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
