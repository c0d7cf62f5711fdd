"""What drafting costs: an edition of seven variants, each of twelve stories of the sample feeds.

The command runs as a process of its own, start-up included. Then the same draft is made again and again in
this process, with a clock inside premailer, which moves the CSS into style attributes. The fastest round
counts, because other work on the machine only ever adds.
"""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from results import Result, exactly, option, run_alone

from newsletter.address import parse_address
from newsletter.audiences.types import Hand
from newsletter.config import load_config
from newsletter.members.types import Basis, MemberRow, Served, Terms
from newsletter.render import html
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.init import make_project
from newsletter.workflows.project import Project
from newsletter.workflows.pull import pull_feeds

TARGET_S = 1.0
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
DAY = date(2026, 11, 27)
PROGRAM = str(Path(sys.executable).with_name("newsletter"))


@dataclass(frozen=True)
class Options:
    rounds: int = option(5, "rounds; the fastest counts")


class ClockedInliner(html.Inliner):
    """premailer, and the CPU time that was spent in it."""

    spent_s = 0.0

    def __init__(self, *args, **options) -> None:
        began = time.process_time()
        super().__init__(*args, **options)
        ClockedInliner.spent_s += time.process_time() - began

    def transform(self, **options) -> str:
        began = time.process_time()
        done = super().transform(**options)
        ClockedInliner.spent_s += time.process_time() - began
        return done


def run(options: Options) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "news")
        with Project(load_config(Path(folder) / "news", {})) as project:
            edition = draft_edition(project, "weekly", NOW, day=DAY).edition
            variants = project.editions.variants(edition)
            largest = max(variant.html_bytes for variant in variants)
            home = Path(folder) / "news"
            list_s = min(whole_command(home, "list") for _ in range(options.rounds))
            command_s = min(
                whole_command(home, "draft", "weekly", "--date", str(DAY)) for _ in range(options.rounds)
            )
            warm_s, inlining_s = min(one_draft(project) for _ in range(options.rounds))
    return [
        exactly("variants", len(variants), 7),
        exactly("stories in the smallest of them", min(len(variant.items) for variant in variants), 12),
        Result("bytes of HTML in the largest", largest, at_most=60_000, digits=0, promise=True),
        Result("seconds of CPU of `edition draft`, start-up included", command_s, at_most=TARGET_S),
        Result("the same of `edition list`, which only starts and reads", list_s),
        Result("seconds of CPU of drafting alone, in a process that has done it before", warm_s),
        Result("of these, per cent in premailer", 100 * inlining_s / warm_s, digits=0),
    ]


def fill(folder: Path) -> None:
    """Make a project whose members are in every combination of three audiences, which every story is for."""
    make_project(folder)
    with Project(load_config(folder, {})) as project:
        pull_feeds(project, NOW)
        slugs = [rules.slug for rules in project.config.audiences]
        for item, _ in list(project.items.all()):
            project.items.set_audiences(item.id, dict.fromkeys(slugs, True), Hand("bench", NOW))
        sets = [frozenset(it) for size in (1, 2, 3) for it in itertools.combinations(slugs, size)]
        rows = [
            [MemberRow(n, parse_address(f"member{n}@example.org"), "Anna", audiences=sets[n % 7])]
            for n in range(70)
        ]
        served = (Served("weekly", frozenset(slugs)),)
        project.members.import_batches([rows], Terms(served, Basis.MEMBERSHIP, "members.csv", NOW))


def whole_command(folder: Path, *words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([PROGRAM, "-C", str(folder), "edition", *words, "--json"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def one_draft(project: Project) -> tuple[float, float]:
    html.Inliner, ClockedInliner.spent_s = ClockedInliner, 0.0
    began = time.process_time()
    draft_edition(project, "weekly", NOW, day=DAY)
    return time.process_time() - began, ClockedInliner.spent_s


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
