"""Run the benchmarks, all or one, and print one table of what was promised and what was found.

usage: bench.py [all | NAME] [options], NAME being one of those in benchmarks/README.md

`all` takes sizes with which everything is done in less than twenty minutes; `all --full` takes those of the
promises, which takes well over an hour. With one of them the options are its own: see `bench.py send --help`.
A benchmark that cannot be run here, because a program is missing, says so and counts as not done. Exit 1 when
a promise was broken or something was not done; a rate that was missed is told, but tells of the machine too.
"""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

from results import Result, exactly, parse, tell

#: By name: the module, and the options for `all` and for `all --full` where they are not its own.
BENCHMARKS: dict[str, tuple[str, list[str], list[str]]] = {
    "import": ("bench_import", ["--members", "100000"], ["--members", "1000000"]),
    "send": ("bench_send", [], ["--rounds", "5"]),
    "line": ("bench_line", ["--members", "2000"], ["--members", "20000"]),
    "dkim": ("bench_dkim", ["--members", "10000"], []),
    "scale": ("bench_scale", ["--members", "100000", "--rounds", "1"], ["--members", "1000000"]),
    "crash": ("crash_campaign", ["--kills", "10", "--interrupts", "1", "--members", "1500"], []),
    "relays": ("real_relays", [], []),
    "bounces": ("bounce_round_trip", [], []),
    "draft": ("bench_draft", [], []),
    "feeds": ("bench_feeds", ["--rounds", "1"], []),
    "sorting": ("bench_sorting", [], []),
    "rules": ("rules_quality", [], []),
    "corpus": ("feed_corpus", [], []),
    "identity": ("identity_campaign", [], []),
    "hostile": ("hostile_server", [], []),
    "xss": ("xss_campaign", [], []),
    "schedule": ("schedule_years", ["--years", "2"], []),
    "spam": ("spam_score", [], []),
    "pages": ("bench_pages", [], []),
    "limited": ("limited_relay", ["--members", "400", "--minutes", "0.5"], []),
}


def main() -> None:
    name, *options = sys.argv[1:] or ["all"]
    if name in BENCHMARKS:
        results = run(name, options)
    elif name == "all" and options in ([], ["--full"]):
        results = run_all(full=bool(options))
    else:
        sys.exit(__doc__)
    print(f"\n{'=' * 100}")
    raise SystemExit(0 if tell(results) else 1)


def run_all(*, full: bool) -> list[Result]:
    """Run one after the other; one that fails does not keep the others from running."""
    results: list[Result] = []
    for name, (_, usual, large) in BENCHMARKS.items():
        try:
            results += run(name, large if full else usual)
        except SystemExit as fault:
            print(f"{name}: not done: {fault}", flush=True)
            results.append(exactly(f"{name}: not done", 1))
    return results


def run(name: str, options: list[str]) -> list[Result]:
    """Run one benchmark with options of its own."""
    module: Any = importlib.import_module(BENCHMARKS[name][0])
    given = parse(module.Options, module.__doc__, options, program=f"bench.py {name}")
    print(f"\n--- {name} {' '.join(options)}", flush=True)
    began = time.monotonic()
    found: list[Result] = module.run(given)
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return found


if __name__ == "__main__":
    main()
