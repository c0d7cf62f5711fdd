"""How well bounces are read: the test mails of flufl.bounce, and our own samples of each kind.

    pip download flufl.bounce --no-binary :all: --no-deps && tar xzf flufl_bounce-*.tar.gz
    python benchmarks/bounce_reading.py flufl_bounce-6.0.0/tests

Whom flufl.bounce's own tests expect is the truth for its mails. Exit 1 where less than 0.97 of the recipients
are found, an address is wrong, a sample's kind is, or any quiet mail counts.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bounce_mails import CASES, QUIET

from newsletter.bounces.judge import judge_mail
from newsletter.bounces.read import read_mail
from newsletter.bounces.types import Kind

FOUND = 0.97


def expected(tests: Path) -> dict[str, set[str]]:
    """Return the recipients of each mail, as the library's tests have them; all detectors together."""
    truth: dict[str, set[str]] = {}
    for node in ast.parse((tests / "test_detectors.py").read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DETECTORS":
            for _, name, people, _ in ast.literal_eval(node.value):
                truth.setdefault(name, set()).update(it.decode().lower() for it in people)
    return truth


def wrong_mails(tests: Path, counts: dict[str, int]) -> Iterator[str]:
    for name, people in sorted(expected(tests).items()):
        failures = read_mail((tests / "data" / name).read_bytes()).failures
        names = {address for it in failures for address in it.names}
        extra = {it.address for it in failures if it.address} - people
        counts["people"] += len(people)
        counts["found"] += len(people & names)
        counts["wrong"] += len(extra)
        if extra or not people <= names:
            yield f"  {name}: expected {sorted(people)}, read {sorted(names)}"


def main() -> int:
    broken = [name for name, form, kind, people, mail in CASES if judged(mail) != (form, kind, people)]
    counting = [name for name, _, mail in QUIET if is_counted(mail)]
    print(f"samples: {len(CASES) - len(broken)} of {len(CASES)} right {broken or ''}")
    print(f"quiet mail that counts: {len(counting)} of {len(QUIET)} {counting or ''}")
    bad = bool(broken or counting)
    if len(sys.argv) > 1:
        counts = dict.fromkeys(("people", "found", "wrong"), 0)
        print(*wrong_mails(Path(sys.argv[1]), counts), sep="\n")
        rate = counts["found"] / counts["people"]
        found = f"{counts['found']} of {counts['people']} found ({rate:.3f})"
        print(f"flufl.bounce's mails: {found}, {counts['wrong']} wrong")
        bad |= rate < FOUND or counts["wrong"] > 0
    return int(bad)


def is_counted(mail: str) -> bool:
    return judge_mail(read_mail(mail.encode())) not in (Kind.REPLY, Kind.UNKNOWN)


def judged(mail: str) -> tuple[object, object, set[str]]:
    found = read_mail(mail.encode())
    return found.form, judge_mail(found), {it.address for it in found.failures if it.address}


if __name__ == "__main__":
    sys.exit(main())
