"""Holds the ledger of a crash campaign against the sink's diary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from results import Result, at_most, exactly, tell
from sinks import RecordingSink

#: What of a campaign stands in the table of all benchmarks by itself.
SHOWN = ("lost", "in doubt at one kill, at most", "got it twice")


@dataclass(frozen=True)
class Setting:
    """What one campaign is about."""

    database: str
    on_unknown: str
    senders: int
    kills: int
    interrupts: int
    members: int
    connections: int
    #: The share of kills that come at a random time after the start, and how late these come.
    early_share: float = 1 / 8
    latest_early_s: float = 1.2

    def __str__(self) -> str:
        return f"{self.database}, {self.senders} at a time, {self.on_unknown}"


@dataclass
class Tally:
    """What a campaign met. doubts: deliveries in doubt, for each process that was killed."""

    kills: int = 0
    interrupts: int = 0
    doubts: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def judge(
    setting: Setting, tally: Tally, sink: RecordingSink, ledger: dict[str, tuple[str, bool]]
) -> list[Result]:
    """Tell all promises and how they were kept; return the ones that matter most, the others as one.

    ledger: status, and whether it was sent again after a doubt, by address.
    """
    tell_what_happened(tally, sink, ledger)
    promises = judge_people(setting, sink, ledger) + judge_blows(setting, tally)
    tell(promises)
    for fault in tally.faults:
        print(f"  FAULT: {fault}")
    broken = sum(not it.holds for it in promises if it.what not in SHOWN)
    return [
        *(replace(it, what=f"{setting}: {it.what}") for it in promises if it.what in SHOWN),
        exactly(f"{setting}: other promises broken", broken),
    ]


def judge_people(setting: Setting, sink: RecordingSink, ledger: dict[str, tuple[str, bool]]) -> list[Result]:
    """Nobody lost, and nobody twice but after a doubt."""
    closed = {email for email, (status, _) in ledger.items() if status in {"sent", "unknown"}}
    given_up = {email for email, (status, _) in ledger.items() if status == "unknown"}
    doubted = {email for email, (status, resent) in ledger.items() if resent or status == "unknown"}
    twice = sink.twice
    return [
        exactly("planned", len(ledger), setting.members),
        exactly("lost", len(ledger.keys() - sink.taken.keys() - given_up)),
        exactly("arrived, but neither sent nor unknown", len(sink.taken.keys() - closed)),
        at_most("got it twice", len(twice), 0 if setting.on_unknown == "hold" else len(doubted)),
        exactly("got it twice without a doubt", len(twice.keys() - doubted)),
        exactly("got it twice, unequal Message-IDs", sum(len(set(ids)) > 1 for ids in twice.values())),
        exactly("got it three times or more", sum(len(ids) > 2 for ids in twice.values())),
        exactly("arrived without a Message-ID", sum("" in ids for ids in sink.taken.values())),
    ]


def judge_blows(setting: Setting, tally: Tally) -> list[Result]:
    """All blows hit, and none left more in doubt than there were open connections."""
    return [
        exactly("kills that hit", tally.kills, setting.kills),
        exactly("Ctrl-C that hit", tally.interrupts, setting.interrupts),
        at_most("in doubt at one kill, at most", max(tally.doubts, default=0), setting.connections),
        exactly("other faults", len(tally.faults)),
    ]


def tell_what_happened(tally: Tally, sink: RecordingSink, ledger: dict[str, tuple[str, bool]]) -> None:
    statuses = Counter(status for status, _ in ledger.values())
    told = ", ".join(f"{count:,} {status}" for status, count in statuses.items())
    doubts, killed = sum(tally.doubts), len(tally.doubts)
    print(
        f"  planned {len(ledger):,}: {told}; {sum(resent for _, resent in ledger.values()):,} sent again\n"
        f"  the sink took {sink.messages:,} messages to {len(sink.taken):,} recipients\n"
        f"  {tally.kills} kill -9 of {killed} processes left {doubts:,} in doubt"
        f" ({doubts / max(1, killed):.1f} each); {tally.interrupts} Ctrl-C"
    )
