"""Real mail servers take an edition whole: Postfix, Exim and OpenSMTPD, each as Debian ships it.

Each relays to the recording sink; nobody may be missing there and nobody may come twice. Between us and the
relay stands a proxy that listens: with Postfix and Exim, which offer PIPELINING, the end of a message leaves
together with MAIL, RCPT and DATA of the next; OpenSMTPD, which does not, is served one command at a time.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import relays
import rig
from recorder import Recording, recorder
from results import Result, exactly, option, run_alone
from sinks import RecordingSink, recording_sink

#: Two of the relay's answers may part a turn, which then does not count as one.
PIPELINED_SHARE = 0.9
ARRIVAL_S = 180
EXCERPT_LINES = 26


@dataclass(frozen=True)
class Options:
    members: int = option(1_000, "messages to each relay")
    connections: int = option(8, "connections to it")
    relay: str = option(
        "all", "which of them", choices=["all", *(kind.name.lower() for kind in relays.KINDS)]
    )


def run(options: Options) -> list[Result]:
    results = []
    for kind in relays.KINDS:
        if options.relay in {"all", kind.name.lower()}:
            results += send_through(kind, options)
    return results


def send_through(kind: relays.RelayKind, options: Options) -> list[Result]:
    """Send an edition through one relay, and return what became of it."""
    with rig.work_folder() as folder, recording_sink(folder / "sink") as sink:
        project, own = folder / "project", folder / "relay"
        own.mkdir(mode=0o755)
        with kind.start(own, sink.port) as relay_port, recorder(relay_port) as (port, heard):
            rig.make_approved_edition(project, options.members, port, options.connections)
            sent = rig.measure(rig.send_command(project))
            counts = rig.delivery_counts(project)
            wait_for_arrival(sink, counts["sent"])
        log = own / "log"
        if sent.code or counts["sent"] != options.members:
            sys.exit(
                f"{kind.name}: send ended with {sent.code}: {counts}\n{sent.stdout}"
                + (log.read_text(errors="replace")[-2000:] if log.exists() else "")
            )
    rate = options.members / sent.seconds
    print(
        f"{kind.name}: {counts['sent']:,} sent in {sent.seconds:.1f} s ({rate:,.0f} a second);"
        f" {sink.messages:,} messages came out of it, to {len(sink.taken):,} recipients"
    )
    print("\n".join(f"    {line}" for line in tidy(heard)), flush=True)
    return [
        exactly(f"{kind.name}: lost", options.members - len(sink.taken)),
        exactly(f"{kind.name}: twice", len(sink.twice)),
        dialogue(kind, heard),
    ]


def wait_for_arrival(sink: RecordingSink, expected: int) -> None:
    """Wait until the relay has handed on what it took."""
    deadline = time.monotonic() + ARRIVAL_S
    while sink.messages < expected and time.monotonic() < deadline:
        time.sleep(0.1)
        sink.read()


def dialogue(kind: relays.RelayKind, heard: Recording) -> Result:
    """Return whether commands were written together where the relay allows it, and only there."""
    followed = heard.messages - heard.connections
    if kind.pipelines:
        what = f"{kind.name}: ends of a message written together with the next envelope, share"
        share = heard.together / max(1, followed)
        return Result(what, share, at_least=PIPELINED_SHARE, promise=True)
    return exactly(f"{kind.name}: turns with more than one command", heard.together + heard.crowded)


def tidy(heard: Recording) -> list[str]:
    """Return the beginning of the dialogue on the first connection."""
    return heard.excerpt[:EXCERPT_LINES]


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
