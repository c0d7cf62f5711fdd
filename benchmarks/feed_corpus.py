"""Every test feed of feedparser's source distribution, served over HTTP and pulled; the JSON Feed examples too.

First all of them are feeds of one project, and `feed pull` reads them in one go: no traceback, each feed told
either as read or with a problem and a cure. Then each is fetched and read by itself, with a clock on it, and
where a well-formed feed states in its header comment what is to be read of its first entries (title, link,
date, content), that is compared with what we read. What is compared has gone through the rules of the house on
both sides: titles are one plain line, content is compared as plain text, links are absolute.

The feeds are no part of this repository: `--corpus` names the folder or archive, or they are fetched with pip.
"""

from __future__ import annotations

import ast
import http.server
import json
import re
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import rig
from results import Result, at_most, exactly, option, run_alone

from newsletter.errors import FeedError
from newsletter.feeds.clean import absolute_url, read_fragment, title_line
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.links import without_tracking
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, ParsedEntry, ParsedFeed

RELEASE = "feedparser==6.0.14"
_HEADER = re.compile(rb"^Header:\s+([^:]+):(.+)$", re.MULTILINE)
_EXPECT = re.compile(r"^\s*Expect:\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Options:
    corpus: str = option("", "folder or archive of feedparser's source distribution; fetched with pip")
    hang_s: float = option(10.0, "seconds for one feed above which it counts as hanging")
    show: int = option(10, "differences to print")


@dataclass(frozen=True)
class Stated:
    """What a header comment states of an entry."""

    place: int
    field: str
    value: object


def find_corpus(given: str, folder: Path) -> Path:
    """Return the folder that holds the test feeds."""
    source = Path(given) if given else folder / "download"
    if not given:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "-d", str(source), RELEASE], check=True)
        [source] = source.glob("feedparser-*.tar.gz")
    if source.is_file():
        with tarfile.open(source) as archive:
            archive.extractall(folder / "corpus", filter="data")
        source = folder / "corpus"
    found = sorted(path for path in source.rglob("tests") if (path / "wellformed").is_dir())
    return found[0] if found else sys.exit(f"{source}: there are no test feeds of feedparser in it")


@contextmanager
def served(corpus: Path) -> Iterator[str]:
    """Serve the feeds with the headers that their comments ask for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = corpus / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(304 if path.name == "return-304.xml" else 404)
                return
            blob = path.read_bytes()
            headers = {"Content-Type": "application/xml"}
            if path.parent.name == "compression":
                headers["Content-Encoding"] = "gzip" if path.suffix == ".gz" else "deflate"
            else:
                found = _HEADER.findall(blob)
                headers |= {name.decode().title(): value.decode().strip() for name, value in found}
            self.send_response(int(headers.pop("Status", "200")))
            for name, value in headers.items():
                self.send_header(name, value.replace("http://127.0.0.1:8097/tests", address))
            self.send_header("Content-Length", str(len(blob)))
            self.end_headers()
            self.wfile.write(blob)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((rig.LOOPBACK, 0), Handler)
    address = f"http://{rig.LOOPBACK}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


def pull_all(folder: Path, address: str, names: list[str]) -> list[Result]:
    """Pull all feeds with one command, as a user would."""
    project = folder / "project"
    rig.make_project(project)
    settings = project / "newsletter.toml"
    tables = "".join(
        f'\n[[feeds]]\nname = "f{number}"\nurl = {json.dumps(f"{address}/{name}")}\n'
        for number, name in enumerate(names)
    )
    kept = settings.read_text(encoding="utf-8")
    settings.write_text(f'{kept}\n[fetch]\nallow = ["{rig.LOOPBACK}"]\n{tables}', encoding="utf-8")
    numbers = [f"f{number}" for number in range(len(names))]
    command = [rig.NEWSLETTER, "-C", project, "feed", "pull", "--json", *numbers]
    started = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout or "[]")
    problems = sum(feed["problem"] is not None for feed in told)
    print(
        f"  one pull: {len(told):,} feeds in {time.perf_counter() - started:.1f} s, {len(told) - problems:,} read,"
        f" {problems} with a problem, {sum(feed['new'] for feed in told):,} new items"
    )
    without_cure = [feed for feed in told if feed["problem"] and not feed["hint"]]
    return [
        exactly("feeds pulled by one command", len(told), len(names)),
        exactly("tracebacks of that command", done.stderr.count("Traceback")),
        exactly("problems without a cure", len(without_cure)),
    ]


def stated_by(source: str) -> list[Stated]:
    """Return what a header comment states of entries, where it states it as a plain equality."""
    found = _EXPECT.search(source)
    if not found:
        return []
    try:
        tree = ast.parse(found[1].strip(), mode="eval").body
    except SyntaxError:
        return []
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return [stated for part in parts if (stated := _stated(part))]


def _stated(part: ast.expr) -> Stated | None:
    if not isinstance(part, ast.Compare) or len(part.ops) != 1 or not isinstance(part.ops[0], ast.Eq):
        return None
    try:
        value = ast.literal_eval(part.comparators[0])
    except ValueError:
        return None
    found = re.fullmatch(
        r"entries\[(\d)\](?:\.|\[')(title|link|published_parsed|updated_parsed|created_parsed|description|summary)(?:'\])?"
        r"|entries\[(\d)\](?:\.|\[')content(?:'\])?\[0\](?:\.|\[')(value)(?:'\])?",
        ast.unparse(part.left),
    )
    return Stated(int(found[1] or found[3] or 0), found[2] or found[4], value) if found else None


def plain(html: object) -> str:
    """Return HTML, or a text without a tag, as words."""
    return " ".join(read_fragment(str(html), None).text.split())


#: How to compare: what we hold, and what the comment states, both by the rules of the house.
COMPARE: dict[str, Callable[[ParsedEntry, object, str], tuple[object, object]]] = {
    "title": lambda entry, value, _: (entry.title, title_line(str(value), markup=True)),
    "link": lambda entry, value, base: (
        entry.link,
        without_tracking(absolute_url(str(value), base) or "") or None,
    ),
    "date": lambda entry, value, _: (entry.published, as_date(value)),
    "content": lambda entry, value, _: (plain(entry.html), plain(value)),
}
KINDS = {
    "published_parsed": "date",
    "updated_parsed": "date",
    "created_parsed": "date",
    "description": "content",
    "summary": "content",
    "value": "content",
}


def as_date(value: object) -> datetime | None:
    return datetime(*value[:6], tzinfo=UTC) if isinstance(value, tuple) else None


@dataclass
class Read:
    """One feed, fetched and read by itself."""

    name: str
    parsed: ParsedFeed | None
    problem: str
    seconds: float


def read_each(address: str, names: list[str]) -> list[Read]:
    fetcher = Fetcher(Path(), [rig.LOOPBACK], "benchmark")
    found = []
    for name in names:
        started, parsed, problem = time.perf_counter(), None, ""
        try:
            fetched = fetcher.fetch(FeedForUpdate(0, FeedSource("f", f"{address}/{name}")))
            parsed = parse_feed(fetched) if isinstance(fetched, Fetched) else None
        except FeedError as fault:
            problem = str(fault)
        except Exception as fault:
            problem = f"EXCEPTION {type(fault).__name__}: {fault}"
        found.append(Read(name, parsed, problem, time.perf_counter() - started))
    return found


def compare_all(corpus: Path, address: str, reads: list[Read], show: int) -> list[Result]:
    """Compare what well-formed feeds state with what was read."""
    agree, differ, left_out = Counter[str](), Counter[str](), Counter[str]()
    for read in reads:
        if not read.name.startswith("wellformed"):
            continue
        for stated in stated_by((corpus / read.name).read_text(encoding="utf-8", errors="replace")):
            kind = KINDS.get(stated.field, stated.field)
            if read.parsed is None or len(read.parsed.entries) <= stated.place:
                left_out[kind] += 1
                continue
            entry = read.parsed.entries[stated.place]
            ours, theirs = COMPARE[kind](entry, stated.value, f"{address}/{read.name}")
            if ours == theirs:
                agree[kind] += 1
            else:
                differ[kind] += 1
                if differ.total() <= show:
                    print(f"    {read.name}: {kind}: {ours!r} where {theirs!r} is stated")
    for kind in COMPARE:
        print(
            f"  {kind}: {agree[kind]:,} as stated, {differ[kind]} otherwise,"
            f" {left_out[kind]} of entries that have neither title nor text"
        )
    return [exactly(f"{kind} other than stated", differ[kind]) for kind in COMPARE]


def run(options: Options) -> list[Result]:
    with rig.work_folder() as folder:
        corpus = find_corpus(options.corpus, folder)
        names = [str(path.relative_to(corpus)) for path in sorted(corpus.rglob("*")) if is_feed(path)]
        print(f"corpus: {len(names):,} feeds")
        with served(corpus) as address:
            results = pull_all(folder, address, names)
            reads = read_each(address, names)
            results += compare_all(corpus, address, reads, options.show)
    exceptions = [read for read in reads if read.problem.startswith("EXCEPTION")]
    for read in exceptions:
        print(f"    {read.name}: {read.problem}")
    slow = [read for read in reads if read.seconds > options.hang_s]
    entries = sum(len(read.parsed.entries) for read in reads if read.parsed)
    print(f"  read one by one: {entries:,} entries, the slowest in {max(it.seconds for it in reads):.2f} s")
    return [
        *results,
        exactly("exceptions", len(exceptions)),
        at_most("hangs", len(slow), 0),
    ]


def is_feed(path: Path) -> bool:
    return path.is_file() and path.suffix in {".xml", ".gz", ".z"}


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
