"""What a draft costs: an edition of 12 items in 7 variants, of the sample news and members of the demo.

CPU is that of the drafting alone, in a process that has its modules loaded, beside the shares of the inliner
and of the checks in it; then that of the whole command. The middle of several rounds counts.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import rig
from results import Result, option, run_alone

from newsletter.config import load_config
from newsletter.render import html
from newsletter.workflows import demo, draft
from newsletter.workflows.project import Project

#: Seconds of CPU.
TARGET_S = 1.0


@dataclass(frozen=True)
class Options:
    rounds: int = option(5, "drafts; the middle one counts")


class Clock:
    """Counts the CPU that a function takes, in the place of which it stands."""

    def __init__(self, module: object, name: str) -> None:
        self.used_s = 0.0
        self._function = getattr(module, name)
        setattr(module, name, self)

    def __call__(self, *args: object, **named: object) -> object:
        began = time.process_time()
        try:
            return self._function(*args, **named)
        finally:
            self.used_s += time.process_time() - began


def drafted_sample(folder: Path) -> Path:
    """Make the demo's project with its feeds read, its members imported and its edition drafted."""
    folder.mkdir()
    demo._set_up(folder)  # noqa: SLF001 - the demo as it is, without sending
    with Project(load_config(folder, {})) as project:
        demo._prepare(project, datetime.now(UTC), lambda _: None)  # noqa: SLF001
        draft.draft_edition(project, "weekly", datetime.now(UTC), reopen=True)
    return folder


def run(options: Options) -> list[Result]:
    inliner, checks = Clock(html, "inline"), Clock(draft, "inspect_edition")
    rounds = []
    with rig.work_folder() as folder:
        sample = drafted_sample(folder / "project")
        with Project(load_config(sample, {})) as project:
            for _ in range(options.rounds):
                inliner.used_s = checks.used_s = 0.0
                began = time.process_time()
                made = draft.draft_edition(project, "weekly", datetime.now(UTC))
                rounds.append((time.process_time() - began, inliner.used_s, checks.used_s))
            variants = project.editions.variants(made.edition)
        whole = rig.measure([rig.NEWSLETTER, "-C", sample, "edition", "draft", "weekly"])
    if whole.code or made.findings:
        sys.exit(f"the draft ended with {whole.code}: {made.findings}")
    used_s, inlining_s, checking_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{len(variants)} variants, {max(len(it.items) for it in variants)} items in the largest")
    return [
        Result("CPU of a draft, seconds", used_s, at_most=TARGET_S),
        Result("  of it the inliner", inlining_s),
        Result("  of it the checks", checking_s),
        Result("CPU of the whole command, seconds", whole.cpu_s),
    ]


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
