"""How long the shipped rules take to sort a thousand items of some 450 words each.

The items are put together from the labelled news, paragraph by paragraph, so nearly every paragraph holds
words of some audience: feeds are kinder. Every round sorts all of them; the fastest counts, because other
work on the machine only ever adds.
"""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass
from html import escape

from results import Result, option, run_alone
from rules_quality import LABELLED, shipped_sorter

from newsletter.feeds.types import ParsedEntry

TARGET_S = 1.0
_FILLING = (
    "The report was read with care by many people in the county, who said that it held little that was new."
)


@dataclass(frozen=True)
class Options:
    items: int = option(1000, "items to sort")
    words: int = option(450, "words in each")
    rounds: int = option(5, "rounds; the fastest counts")


def run(options: Options) -> list[Result]:
    began = time.process_time()
    sorter = shipped_sorter()
    compiled_s = time.process_time() - began
    news = tomllib.loads(LABELLED.read_text("utf-8"))["news"]
    items = [make_item(news, number, options.words) for number in range(options.items)]
    words = sum(len(item.html.split()) for item in items) / len(items)
    print(f"sorting: {options.items:,} items of {words:.0f} words, {options.rounds} rounds")
    best = min(one_round(sorter, items) for _ in range(options.rounds))
    per_thousand = best / options.items * 1000
    return [
        Result("seconds of CPU to read the configuration and compile the rules", compiled_s),
        Result("seconds of CPU for a thousand items", per_thousand, at_most=TARGET_S),
    ]


def one_round(sorter, items) -> float:
    began = time.process_time()
    for item in items:
        sorter.assign(item, "any")
    return time.process_time() - began


def make_item(news, number: int, words: int) -> ParsedEntry:
    paragraphs: list[str] = []
    at = number
    while sum(len(text.split()) for text in paragraphs) < words:
        each = news[at * 7 % len(news)]
        paragraphs.append(f"{each['summary']} {each['title']}. {_FILLING}")
        at += 1
    listed = "".join(
        f'<li><a href="https://example.org/">{escape(text)}</a></li>' for text in paragraphs[-2:]
    )
    html = "".join(f"<p>{escape(text)}</p>" for text in paragraphs[:-2]) + f"<h2>More</h2><ul>{listed}</ul>"
    return ParsedEntry(
        key=str(number),
        title=news[number % len(news)]["title"],
        link=None,
        html=html,
        summary=" ".join(" ".join(paragraphs).split()[:60]),
        categories=("News",),
    )


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
