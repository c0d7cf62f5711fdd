"""How fast an edition goes out on loopback, beside other ways of sending the same mail to the same sink.

Each sends as many messages of the same size over as many connections that stay open. `edition send` makes
each message for its member and keeps a ledger; smtp-source, which is written in C, sends everybody the same
bytes; smtplib, aiosmtplib and nodemailer put a name and an address into a finished message. None but ours
remembers what was sent. Rates are those of whole processes, start-up included.
"""

from __future__ import annotations

from dataclasses import dataclass

import contest
import rig
from results import Result, option, run_alone
from sinks import smtp_sink

#: `edition send` against smtp-source.
TARGET = 1.0


@dataclass(frozen=True)
class Options:
    members: int = option(20_000, "messages in each round")
    connections: int = option(16, "connections of each program")
    rounds: int = option(3, "rounds; the middle one counts")
    peers: str = option("yes", "the libraries too", choices=["yes", "no"])


def run(options: Options) -> list[Result]:
    with rig.work_folder() as folder, smtp_sink(folder / "sink") as sink:
        project = folder / "project"
        rig.make_approved_edition(project, options.members, sink.port, options.connections)
        message = rig.typical_message(project)
        size_kb = message.stat().st_size / 1000
        print(
            f"send: {options.members:,} messages of about {size_kb:.0f} kB, {options.connections} connections"
        )
        sized = (sink.port, options.members, options.connections)
        yardstick = contest.smtp_source(message, *sized)
        contenders = [yardstick, contest.ours(project)]
        if options.peers == "yes":
            contenders += contest.libraries(folder, message, *sized)
        standings = contest.compete(contenders, sink, options.members, options.rounds)
    contest.tell(standings, yardstick.name)
    mine = standings["newsletter"].rate
    return [
        Result(
            f"sending on loopback, times {it.name}",
            mine / it.rate,
            at_least=TARGET if it.name == yardstick.name else None,
        )
        for it in standings.values()
        if it.name != "newsletter"
    ]


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
