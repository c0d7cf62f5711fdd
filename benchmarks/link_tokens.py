"""What a member's links cost: microseconds of CPU for both tokens and the header of one mail, promise 10.

    python benchmarks/link_tokens.py

The best of seven rounds of 20,000 members counts, since other programs disturb a round. Exit 1 where the
promise is broken.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from types import SimpleNamespace

from newsletter.editions.types import EditionId
from newsletter.members.tokens import Purpose, Tokens
from newsletter.workflows.member_links import WebLinks

PROMISE_US, MEMBERS, ROUNDS = 10.0, 20_000, 7


def microseconds(work) -> float:
    best = min(_round(work) for _ in range(ROUNDS))
    return best / MEMBERS * 1e6


def _round(work) -> float:
    began = time.process_time()
    for member in range(MEMBERS):
        work(member)
    return time.process_time() - began


def main() -> int:
    tokens = Tokens({1: bytes(32)})
    edition = SimpleNamespace(id=EditionId("weekly", date(2026, 11, 27)), key=1)
    links = WebLinks("https://news.example.org", "leave@example.org", edition, tokens)
    token = tokens.make(Purpose.LEAVE, "12345 weekly")
    member = microseconds(lambda number: links.of(number, 1))
    print(f"links of a member   {member:6.2f} µs, promise {PROMISE_US:.0f}")
    print(f"reading a token     {microseconds(lambda _: tokens.read(Purpose.LEAVE, token)):6.2f} µs")
    return 0 if member <= PROMISE_US else 1


if __name__ == "__main__":
    sys.exit(main())
