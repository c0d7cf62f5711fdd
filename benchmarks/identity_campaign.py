"""One story stays one item, whatever a feed does to it in 20 pulls.

Feeds of several makes (with ids; without; with ids that change at every fetch, or number the places of the
list; with links all alike) are served over HTTP and pulled 20 times by the command that cron calls. From one
pull to the next a feed is shuffled, stories are dropped and come back, titles and texts are edited, ids are
changed, tracking parameters come and go, the site moves from http to https and to another host, and is down
for two pulls. What was served is written down: at the end each story must be one item, none may be missing,
and each item must read as the newest version that was served.
"""

from __future__ import annotations

import http.server
import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

import rig
from results import Result, exactly, option, run_alone

FIRST = datetime(2026, 9, 1, 8, tzinfo=UTC)
#: Which trouble comes in which pull; in all others stories only come and go, and are edited.
MOVES_TO_HTTPS, MOVES_HOST, IS_DOWN = 6, 14, (9, 10)
WORDS = [
    "roof",
    "pay",
    "pupils",
    "funding",
    "inspection",
    "governors",
    "heads",
    "ballot",
    "training",
    "reading",
    "meals",
    "buses",
]


@dataclass(frozen=True)
class Options:
    pulls: int = option(20, "pulls of each feed")
    stories: int = option(60, "stories of each feed over all pulls")
    window: int = option(20, "stories in a document")
    seed: int = option(4, "of the dice")


@dataclass(frozen=True)
class Make:
    """What a feed is like."""

    name: str
    ids: str = "own"  # none, changing, places
    links: str = "own"  # alike, none
    dates: bool = True
    #: Whether titles may be edited: where a title is all that tells a story, an edit makes another.
    edits_titles: bool = True
    moves_host: bool = True


MAKES = (
    Make("ids"),
    Make("ids-undated", dates=False, moves_host=False),
    Make("no-ids", ids="none"),
    Make("changing-ids", ids="changing"),
    Make("numbered-places", ids="places", moves_host=False),
    Make("links-alike", ids="none", links="alike", edits_titles=False),
    Make("ids-links-alike", links="alike"),
    Make("no-ids-no-links", ids="none", links="none", edits_titles=False),
)


@dataclass
class Story:
    number: int
    title: str
    text: str
    when: datetime
    id_version: int = 0
    edits: int = 0


@dataclass
class Feed:
    """A feed that lives: each `turn` changes it, `document` is what it serves."""

    make: Make
    dice: random.Random
    window: int
    told: dict[int, Story] = field(default_factory=dict)
    shown: list[int] = field(default_factory=list)
    pull: int = 0
    #: What was really served, and how it read last: title and text by number.
    last: dict[int, tuple[str, str]] = field(default_factory=dict)

    def turn(self, pull: int, stories: int, pulls: int) -> None:
        self.pull = pull
        fresh = range(len(self.told), stories * pull // pulls)
        for number in fresh:
            words = " ".join(self.dice.sample(WORDS, 4))
            when = FIRST + timedelta(hours=7 * number, minutes=self.dice.randrange(50))
            self.told[number] = Story(number, f"Story {number}: {words}", f"All about {words}.", when)
        older = [number for number in self.told if number not in fresh]
        for number in self.dice.sample(older, min(4, len(older))):
            self._edit(self.told[number])
        # Dropped ones come back: any older story may be among those shown.
        kept = self.dice.sample(older, min(len(older), self.window - len(fresh)))
        self.shown = [*fresh, *kept]
        self.dice.shuffle(self.shown)
        if pull not in IS_DOWN:
            self.last.update(
                (number, (self.told[number].title, self.told[number].text)) for number in self.shown
            )

    def _edit(self, story: Story) -> None:
        story.edits += 1
        what = self.dice.choice(["title", "text", "id"])
        if what == "title" and self.make.edits_titles:
            story.title = f"Story {story.number}: edited {story.edits} times, {self.dice.choice(WORDS)}"
        elif what == "id" and self.make.ids == "own" and self.make.links == "own" and self.make.dates:
            story.id_version += 1
        else:
            story.text = f"Edited {story.edits} times: {' '.join(self.dice.sample(WORDS, 5))}."

    def document(self) -> bytes:
        items = "".join(self._item(place, self.told[number]) for place, number in enumerate(self.shown))
        return f"<rss version='2.0'><channel><title>{self.make.name}</title>{items}</channel></rss>".encode()

    def _item(self, place: int, story: Story) -> str:
        scheme = "https" if self.pull >= MOVES_TO_HTTPS else "http"
        has_moved = self.make.moves_host and self.pull >= MOVES_HOST
        host = f"{scheme}://{'new' if has_moved else 'www'}.{self.make.name}.example.org"
        link = {"own": f"{host}/news/{story.number}", "alike": f"{host}/news", "none": ""}[self.make.links]
        if link and self.dice.random() < 0.3:
            link += f"?utm_source=rss&utm_term={self.dice.randrange(9999)}"
        own_id = {
            "own": f"tag:{self.make.name},{story.number}.{story.id_version}",
            "none": "",
            "changing": f"fetch-{self.pull}-{story.number}-{self.dice.randrange(9999)}",
            "places": str(place),
        }[self.make.ids]
        parts = {
            "guid isPermaLink='false'": own_id,
            "link": link,
            "title": story.title,
            "description": story.text,
            "pubDate": format_datetime(story.when) if self.make.dates else "",
        }
        inner = "".join(f"<{tag}>{escape(text)}</{tag.split()[0]}>" for tag, text in parts.items() if text)
        return f"<item>{inner}</item>"


@contextmanager
def served(feeds: dict[str, Feed]) -> Iterator[str]:
    """Serve the feeds over HTTP; the server is down in some pulls."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feed = feeds[self.path.strip("/")]
            body = b"gone to lunch" if feed.pull in IS_DOWN else feed.document()
            self.send_response(503 if feed.pull in IS_DOWN else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((rig.LOOPBACK, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{rig.LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def prepare(project: Path, address: str, feeds: dict[str, Feed]) -> None:
    rig.make_project(project)
    settings = project / "newsletter.toml"
    kept = settings.read_text(encoding="utf-8")
    tables = "".join(f'\n[[feeds]]\nname = "{name}"\nurl = "{address}/{name}"\n' for name in feeds)
    settings.write_text(f'{kept}\n[fetch]\nallow = ["{rig.LOOPBACK}"]\n{tables}', encoding="utf-8")


def pull_all(project: Path, *, failing: bool) -> None:
    """Pull as cron does; what it notes about odd feeds is no news here."""
    command = [rig.NEWSLETTER, "-C", project, "feed", "pull"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if (done.returncode == 0) == failing or "Traceback" in done.stderr:
        sys.exit(f"feed pull ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def judge(feed: Feed, items: list[dict[str, str]]) -> tuple[int, int, int]:
    """Return how many stories are there more than once, are missing, and read otherwise than last served."""
    texts = Counter(_number(item["title"]) for item in items)
    twice = sum(count - 1 for count in texts.values())
    lost = len(set(feed.last) - set(texts))
    stale = sum(
        (item["title"], item["summary"]) != feed.last[_number(item["title"])]
        for item in items
        if texts[_number(item["title"])] == 1
    )
    return twice, lost, stale


def _number(title: str) -> int:
    return int(title.removeprefix("Story ").partition(":")[0])


def run(options: Options) -> list[Result]:
    feeds = {
        make.name: Feed(make, random.Random(f"{options.seed} {make.name}"), options.window) for make in MAKES
    }
    results = []
    with rig.work_folder() as folder, served(feeds) as address:
        project = folder / "project"
        prepare(project, address, feeds)
        for pull in range(1, options.pulls + 1):
            for feed in feeds.values():
                feed.turn(pull, options.stories, options.pulls)
            pull_all(project, failing=pull in IS_DOWN)
        items = json.loads(rig.newsletter(project, "item", "list", "--json").stdout)
    for name, feed in feeds.items():
        own = [item for item in items if item["feed"] == name]
        twice, lost, stale = judge(feed, own)
        print(f"  {name}: {options.pulls} pulls, {len(feed.last)} stories served, {len(own)} items")
        results += [
            exactly(f"{name}: stories that are new twice", twice),
            exactly(f"{name}: stories lost", lost),
            exactly(f"{name}: items that read otherwise than last served", stale),
        ]
    return results


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
