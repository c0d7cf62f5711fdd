"""How fast an edition goes out, beside smtp-source sending one of its messages to the same sink.

Rates are those of whole processes, start-up included. smtp-source is written in C, keeps no ledger and
sends everybody the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import rig


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--members", type=int, default=20_000)
    options.add_argument("--connections", type=int, default=16)
    options = options.parse_args()
    with rig.work_folder() as folder, rig.smtp_sink(folder / "sink") as sink:
        project = folder / "project"
        rig.make_approved_edition(project, options.members, sink.port, options.connections)
        message = rig.typical_message(project)
        size_kb = message.stat().st_size / 1000
        what = f"{options.members:,} messages of about {size_kb:.0f} kB, {options.connections} connections"
        print(f"edition send against smtp-source: {what}")
        yardstick = send_with_smtp_source(message, sink.port, options.members, options.connections)
        run = rig.measure(rig.send_command(project))
        counts = rig.delivery_counts(project)
        report("smtp-source", options.members, yardstick)
        report("newsletter", counts["sent"], run)
        print(f"  {yardstick.seconds / run.seconds:.2f} times the rate of smtp-source")
        if run.code or counts["sent"] != options.members:
            raise SystemExit(f"not everything was sent (exit {run.code}): {counts}\n{run.stdout}")


def send_with_smtp_source(message: Path, port: int, count: int, connections: int) -> rig.Run:
    sized = ["-s", str(connections), "-m", str(count), "-F", str(message)]
    people = ["-f", "news@example.org", "-t", "member@schools.example.org"]
    return rig.measure([rig.postfix_program("smtp-source"), "-d", *sized, *people, f"127.0.0.1:{port}"])


def report(name: str, messages: int, run: rig.Run) -> None:
    print(
        f"  {name:11} {messages / run.seconds:7,.0f} a second"
        f" ({run.seconds:.1f} s, {run.cpu_s:.1f} s of CPU, peak memory {run.peak_mib:.0f} MiB)"
    )


if __name__ == "__main__":
    main()
