"""Hostile feeds, from the wire to the browser: nothing runs, nothing leaves, no header is added.

Each hostile text stands in title, summary, content, link, author and category of RSS, Atom and JSON feeds.
They are pulled, drafted with the shipped template and previewed; each preview is opened in Chromium, where
every event is fired at every element. Counted are scripts that ran, requests to any host but the one whose
pictures are allowed, markup that has no place in a digest, and header lines or parts of the message that do
not belong. The texts are made from building blocks (tests/hostile.py); with the source distribution of
feedparser those of its sanitising cases are added, and each case is also pulled as the document that it is:

    pip download --no-deps --no-binary :all: feedparser==6.0.14
    python benchmarks/xss_campaign.py --feedparser feedparser-6.0.14.tar.gz

A thousand names that want to be several addresses are put into To. That the watch is not blind is shown by
some of the same texts on a page where nobody cleans them.
"""

from __future__ import annotations

import re
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from results import Result, exactly, option, run_alone

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from hostile import Vector, fuzzed_names, vectors
from hostile_feeds import (
    FORMATS,
    PICTURE_HOST,
    Batch,
    addresses_of,
    feed_of,
    header_faults,
    make_project,
    preview,
    pull,
)
from watched import Seen, Watch, chromium

#: Vectors of one feed; more in full would not fit into a mail.
_IN_FEED = 12
_IN_DOCUMENTS = 25
_TEXT = re.compile(
    rb"<(title|subtitle|tagline|summary|content|description|rights|copyright|info|\w+:encoded|\w+:body|body)\b"
    rb"[^<>]*>(.*?)</\1>",
    re.DOTALL,
)


@dataclass(frozen=True)
class Options:
    feedparser: str = option("", "feedparser's source distribution, .tar.gz")
    control: int = option(60, "texts that are also shown as they are")
    names: int = option(1000, "fuzzed names of members")


@dataclass
class Tally:
    """What one kind of text came to."""

    texts: int = 0
    pages: int = 0
    ran: int = 0
    left: int = 0
    markup: int = 0
    headers: int = 0
    pictures: int = 0

    def add(self, seen: Seen, headers: int) -> None:
        self.pages += 1
        self.ran += len(seen.ran)
        self.left += len(seen.left)
        self.markup += len(seen.could)
        self.headers += headers
        self.pictures += seen.pictures


def run(options: Options) -> list[Result]:
    made = vectors()
    cases = list(_cases(Path(options.feedparser))) if options.feedparser else []
    kinds = [*dict.fromkeys(vector.kind for vector in made)]
    groups: dict[str, list[Batch]] = {
        kind: list(_batches(kind, [it for it in made if it.kind == kind], FORMATS)) for kind in kinds
    }
    if cases:
        texts = [Vector(len(made) + n, "feedparser", text) for n, (_, text) in enumerate(cases, 1) if text]
        thirds = [texts[place::3] for place in range(3)]
        groups["feedparser, its texts"] = [
            batch
            for kind, third in zip(FORMATS, thirds, strict=True)
            for batch in _batches(f"fp{kind}", third, (kind,))
        ]
        groups["feedparser, its documents"] = [
            Batch(f"doc{place}", [("xml", body) for body, _ in cases[place : place + _IN_DOCUMENTS]])
            for place in range(0, len(cases), _IN_DOCUMENTS)
        ]
    counts = Counter(vector.kind for vector in made)
    counts["feedparser, its texts"] = sum(bool(text) for _, text in cases)
    counts["feedparser, its documents"] = len(cases)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        if browser is None:
            sys.exit("chromium is not installed")
        watch = Watch(browser, {PICTURE_HOST})
        tallies, failed, items = _campaign(Path(folder), groups, watch)
        control = [watch.show(f"<body>{it.text}") for it in made[:: max(1, len(made) // options.control)]]
    more = sum(addresses_of(name) != ["anna@example.org"] for name in fuzzed_names(options.names))
    print(f"\n  {'kind':27} {'texts':>6} {'pages':>6} {'ran':>5} {'left':>5} {'markup':>7} {'headers':>8}")
    for kind, tally in tallies.items():
        row = (counts[kind], tally.pages, tally.ran, tally.left, tally.markup, tally.headers)
        print("  {:27} {:6} {:6} {:5} {:5} {:7} {:8}".format(kind, *row))
    total = list(tallies.values())
    return [
        Result("texts made from building blocks", len(made), at_least=300, digits=0, promise=True),
        Result("cases of feedparser", len(cases), digits=0),
        Result("items that the feeds brought", items, digits=0),
        Result("pages opened", sum(it.pages for it in total), digits=0),
        exactly("feeds that could not be pulled", failed),
        exactly("scripts that ran", sum(it.ran for it in total)),
        exactly("requests to a host that is not allowed", sum(it.left for it in total)),
        exactly("elements and attributes that have no place", sum(it.markup for it in total)),
        exactly("messages with a header or part too many", sum(it.headers for it in total)),
        exactly(f"names, of {options.names}, that are more than one address", more),
        Result("pictures of the allowed host", sum(it.pictures for it in total), at_least=1, digits=0),
        Result(
            f"caught uncleaned, of {len(control)}",
            sum(bool(it.harm) for it in control),
            at_least=len(control) / 2,
            digits=0,
            promise=True,
        ),
    ]


def _campaign(
    folder: Path, groups: dict[str, list[Batch]], watch: Watch
) -> tuple[dict[str, Tally], int, int]:
    now = datetime.now(UTC)
    tallies: dict[str, Tally] = {}
    with make_project(
        folder / "project", [batch for batches in groups.values() for batch in batches]
    ) as project:
        items, problems = pull(project, now)
        for problem in problems:
            print(f"  not pulled: {problem}")
        for kind, batches in groups.items():
            tally = tallies.setdefault(kind, Tally())
            for batch in batches:
                page = preview(project, batch, folder / batch.name, now)
                if page is None:
                    continue
                seen, faults = watch.open(page.as_uri()), header_faults(page)
                tally.add(seen, len(faults))
                for fault in [*seen.harm, *faults]:
                    print(f"  {kind} {batch.name}: {fault}")
    return tallies, len(problems), items


def _batches(name: str, texts: Sequence[Vector], kinds: Sequence[str]) -> Iterator[Batch]:
    for place in range(0, len(texts), _IN_FEED):
        for kind in kinds:
            yield Batch(f"{name}-{kind}-{place}", [(kind, feed_of(texts[place : place + _IN_FEED], kind))])


def _cases(archive: Path) -> Iterator[tuple[bytes, str]]:
    """Yield each sanitising case as its document, and the hostile text in it ("" where none is markup)."""
    with tarfile.open(archive) as files:
        for member in sorted(files.getmembers(), key=lambda one: one.name):
            if "/sanitize/" in member.name and member.name.endswith(".xml"):
                found = files.extractfile(member)
                assert found is not None
                body = found.read()
                own = re.sub(rb"<!--.*?-->", b"", body, count=1, flags=re.DOTALL)
                texts = [match[2] for match in _TEXT.finditer(own) if b"<" in match[2] or b"&lt;" in match[2]]
                text = max(texts, key=len, default=b"").decode("utf-8", "replace")
                yield body, unescape(text) if "&lt;" in text else text


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
