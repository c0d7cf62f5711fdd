"""Every test feed of feedparser's source distribution, served over HTTP and pulled; JSON Feed examples too.

First all of them are feeds of one project, and `feed pull` reads them in one go: no traceback, each feed told
either as read or with a problem and a cure. Then each is fetched and read by itself, with a clock on it, and
where a well-formed feed states in its header comment what is to be read of an entry (title, link, date,
content), that is compared with what we read. Both sides have gone through the rules of the house: titles are
one plain line, content is compared as words, links are absolute. An entry that has neither a title nor a text
is none to us; where such a one states something, it is served once more with a title.

The feeds are no part of this repository: `--corpus` names their folder or archive, or pip fetches them.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import json_feed_examples
import rig
from results import Result, at_most, exactly, option, run_alone

from newsletter.errors import FeedError
from newsletter.feeds.clean import absolute_url, read_fragment, text_fragment, title_line
from newsletter.feeds.fetch import Fetcher
from newsletter.feeds.links import without_tracking
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, ParsedEntry, ParsedFeed

RELEASE = "feedparser==6.0.14"
_HEADER = re.compile(rb"^Header:\s+([^:]+):(.+)$", re.MULTILINE)
_ENTRY_BEGINS = re.compile(rb"(<(?:item|entry)\b[^>]*[^/>]>|<(?:item|entry)>)", re.IGNORECASE)
#: Where feedparser's own tests serve them.
THEIR_SERVER = "127.0.0.1:8097"
_TITLED = "titled/"
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
            asked = self.path.lstrip("/")
            path = corpus / asked.removeprefix(_TITLED)
            if not path.is_file():
                self.send_error(304 if path.name == "return-304.xml" else 404)
                return
            blob = path.read_bytes()
            if asked.startswith(_TITLED):
                blob = _ENTRY_BEGINS.sub(rb"\1<title>Titled</title>", blob)
            headers = {"Content-Type": "application/xml"}
            if path.parent.name == "compression":
                headers["Content-Encoding"] = "gzip" if path.suffix == ".gz" else "deflate"
            else:
                found = _HEADER.findall(blob)
                headers |= {name.decode().title(): value.decode().strip() for name, value in found}
            self.send_response(int(headers.pop("Status", "200")))
            for name, value in headers.items():
                self.send_header(name, value.replace(f"http://{THEIR_SERVER}/tests", address))
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
    seconds, new = time.perf_counter() - started, sum(feed["new"] for feed in told)
    read = len(told) - problems
    print(f"  one pull: {seconds:.1f} s, {read:,} feeds read, {problems} with a problem, {new:,} new items")
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


def readings(text: object) -> set[str]:
    """Return a text as words, read as HTML and as plain text: comments do not say which it is."""
    as_text = " ".join(text_fragment(str(text)).text.split())
    return {plain(text), as_text}


def ours(kind: str, entry: ParsedEntry) -> set[object]:
    """Return what we hold of an entry: its story may be told by its short version or its whole text."""
    if kind == "content":
        return {plain(entry.html), entry.summary}
    return {{"title": entry.title, "link": entry.link, "date": entry.published}[kind], _updated(kind, entry)}


def _updated(kind: str, entry: ParsedEntry) -> object:
    return entry.updated if kind == "date" else None


def theirs(kind: str, value: object, base: str) -> set[object]:
    """Return what a comment states, by the rules of the house."""
    if kind == "title":
        return {title_line(str(value), markup=markup) for markup in (True, False)}
    if kind == "link":
        return {without_tracking(absolute_url(str(value), base) or "")}
    return {as_date(value)} if kind == "date" else {*readings(value)}


FIELDS = ("title", "link", "date", "content")
#: Where we do otherwise on purpose, and why.
BY_RULE = {
    "http_item_link_base_content_location": "Content-Location is no base of links (RFC 9110 §8.7)",
    "_base64": "content of no text type is no text",
    "_base64_2": "content of no text type is no text",
    "_not_a_doctype": "what looks like a declaration inside HTML is a comment, as in browsers",
    "_iframe": "what follows an open iframe is inside it, as in browsers",
    "_object": "what follows an open object is its stand-in, and goes with it",
    "script_nested_cdata": "what looks like CDATA inside HTML is a comment, as in browsers",
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
        except Exception as fault:  # noqa: BLE001 - it is counted
            problem = f"EXCEPTION {type(fault).__name__}: {fault}"
        found.append(Read(name, parsed, problem, time.perf_counter() - started))
    return found


def compare_all(corpus: Path, address: str, reads: list[Read], show: int) -> list[Result]:
    """Compare what well-formed feeds state with what was read."""
    agree, differ, by_rule = Counter[str](), Counter[str](), Counter[str]()
    for read in reads:
        source = (corpus / read.name).read_bytes().decode("utf-8", "replace")
        source = source.replace(THEIR_SERVER, address.removeprefix("http://"))
        for stated in stated_by(source) if read.name.startswith("wellformed") else ():
            kind = KINDS.get(stated.field, stated.field)
            entry = entry_at(stated.place, read, address, again=kind != "title")
            expected = theirs(kind, stated.value, f"{address}/{read.name}")
            found = ours(kind, entry) if entry else {""}
            rule = next(
                (why for ending, why in BY_RULE.items() if Path(read.name).stem.endswith(ending)), None
            )
            if found & expected:
                agree[kind] += 1
            elif rule:
                by_rule[rule] += 1
            else:
                differ[kind] += 1
                if differ.total() <= show:
                    print(f"    {read.name}: {kind}: {found} where {expected} is stated")
    for rule, count in by_rule.items():
        print(f"  otherwise by rule: {count} x {rule}")
    return [
        result
        for kind in FIELDS
        for result in (
            Result(f"{kind} as stated", agree[kind], digits=0),
            exactly(f"{kind} other than stated", differ[kind]),
        )
    ]


def entry_at(place: int, read: Read, address: str, *, again: bool) -> ParsedEntry | None:
    """Return an entry of a feed; again: one without title and text is read once more with a title."""
    if read.parsed and len(read.parsed.entries) > place:
        return read.parsed.entries[place]
    if not again:
        return None
    [titled] = read_each(address, [_TITLED + read.name])
    return entry_at(place, titled, address, again=False)


def read_examples() -> list[Result]:
    """Read the examples of the JSON Feed specification (jsonfeed.org/version/1.1, and 1) in our words."""
    right = 0
    for name, document, expected in json_feed_examples.EXAMPLES:
        parsed = parse_feed(Fetched(json.dumps(document).encode(), "https://example.org/feed.json"))
        found = [
            (entry.title, entry.link, entry.published and entry.published.isoformat(), plain(entry.html))
            for entry in parsed.entries
        ]
        if found == expected and not parsed.warnings:
            right += 1
        else:
            print(f"    JSON Feed, {name}: {found} where {expected} is meant; {parsed.warnings}")
    return [exactly("JSON Feed examples read as meant", right, len(json_feed_examples.EXAMPLES))]


def run(options: Options) -> list[Result]:
    with rig.work_folder() as folder:
        corpus = find_corpus(options.corpus, folder)
        names = [str(path.relative_to(corpus)) for path in sorted(corpus.rglob("*")) if is_feed(path)]
        print(f"corpus: {len(names):,} feeds")
        with served(corpus) as address:
            results = pull_all(folder, address, names)
            reads = read_each(address, names)
            results += compare_all(corpus, address, reads, options.show)
    results += read_examples()
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
