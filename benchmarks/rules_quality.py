"""How well the shipped rules sort news that people have labelled: precision and recall, for each audience and
for all.

tests/data/labelled_news.toml holds the news. A hash of each title puts it into one of two halves, so nobody
chose which. Rules are tuned on the one half, whose errors are listed here; of the other, which nobody looks
at while tuning, only the figures are told. An audience that is rightly given is a hit; precision is hits
among what was given, recall hits among what should have been.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from results import Result, option, run_alone

from newsletter.audiences.rules import Sorter
from newsletter.config import load_config
from newsletter.feeds.types import ParsedEntry

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT / "tests" / "data" / "labelled_news.toml"
TUNING, KEPT_BACK = "tuning half", "half kept back"
TARGET = 0.95


@dataclass(frozen=True)
class Options:
    each: int = option(1, "0 leaves out the figures of each audience")
    kept_back: int = option(1, "0 leaves out the half kept back: for tuning")


@dataclass(frozen=True)
class Labelled:
    """An item, the audiences that a person gave it, and those that the rules give it."""

    entry: ParsedEntry
    right: frozenset[str]
    given: frozenset[str]
    trap: bool

    @property
    def half(self) -> str:
        """Which half its title puts it into."""
        return TUNING if hashlib.sha256(self.entry.title.encode()).digest()[-1] % 2 == 0 else KEPT_BACK


@dataclass(frozen=True)
class Quality:
    """hits: rightly given; extra: wrongly given; missing: wrongly not given."""

    hits: int
    extra: int
    missing: int

    @property
    def precision(self) -> float:
        """The share of what was given that is right."""
        return self.hits / (self.hits + self.extra) if self.hits + self.extra else 1.0

    @property
    def recall(self) -> float:
        """The share of what is right that was given."""
        return self.hits / (self.hits + self.missing) if self.hits + self.missing else 1.0


def shipped_sorter() -> Sorter:
    """Return the rules of the newsletter.toml that ships."""
    config = load_config(ROOT, {})
    return Sorter(config.audiences, config.sorting)


def sort_labelled(sorter: Sorter) -> list[Labelled]:
    """Sort all labelled news by these rules."""
    news = tomllib.loads(LABELLED.read_text("utf-8"))["news"]
    return [_sorted(each, sorter) for each in news]


def _sorted(news: Mapping[str, object], sorter: Sorter) -> Labelled:
    summary, categories = str(news["summary"]), news["categories"]
    assert isinstance(categories, list)
    assert isinstance(news["audiences"], list)
    # As most feeds bring it: the summary is all there is of the text.
    entry = ParsedEntry(
        key=str(news["title"]),
        title=str(news["title"]),
        link=None,
        html=f"<p>{escape(summary)}</p>",
        summary=summary,
        categories=tuple(categories),
    )
    given = frozenset(reason.audience for reason in sorter.assign(entry, "any"))
    return Labelled(entry, frozenset(news["audiences"]), given, bool(news.get("trap")))


def quality(items: Iterable[Labelled], audiences: Sequence[str]) -> Quality:
    """Count over these audiences."""
    chosen = frozenset(audiences)
    hits = extra = missing = 0
    for item in items:
        right, given = item.right & chosen, item.given & chosen
        hits += len(right & given)
        extra += len(given - right)
        missing += len(right - given)
    return Quality(hits, extra, missing)


def run(options: Options) -> list[Result]:
    sorter = shipped_sorter()
    items = sort_labelled(sorter)
    slugs = [rules.slug for rules in sorter.audiences]
    results = []
    for half in (TUNING, KEPT_BACK) if options.kept_back else (TUNING,):
        of_half = [item for item in items if item.half == half]
        traps = sum(item.trap for item in of_half)
        print(f"{half}: {len(of_half)} items, {traps} of them traps")
        if half == TUNING:
            tell_errors(of_half)
        for name, among in [(f"{half}: all", slugs), *((f"{half}: {slug}", [slug]) for slug in slugs)]:
            found, whole = quality(of_half, among), among is slugs
            if whole or options.each:
                target = TARGET if whole else None
                results += [
                    Result(f"{name}, precision", found.precision, target, digits=3, promise=whole),
                    Result(f"{name}, recall", found.recall, target, digits=3, promise=whole),
                ]
    return results


def tell_errors(items: Iterable[Labelled]) -> None:
    """Print each item that was sorted wrongly, with what is too much and what is missing."""
    for item in items:
        wrong = [f"+{slug}" for slug in sorted(item.given - item.right)]
        wrong += [f"-{slug}" for slug in sorted(item.right - item.given)]
        if wrong:
            print(f"  {' '.join(wrong)}: {item.entry.title}")


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
