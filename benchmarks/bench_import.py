"""How long an import of many members takes, and how much memory; a sync of them with 1 % changed; the guard.

Exit 1 where a sync does not do what it says, or the guard lets a wipe-out through.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import rig
from results import Result, option, run_alone


@dataclass(frozen=True)
class Options:
    members: int = option(500_000, "rows of the file")


def run(options: Options) -> list[Result]:
    found = []
    with rig.work_folder() as folder:
        project, members = folder / "project", folder / "members.csv"
        rig.make_project(project)
        rig.write_members(members, options.members)
        for what in ("import", "import of the same file again"):
            imported = rig.newsletter(project, "member", "import", str(members))
            rate = tell(what, options.members, imported)
            found.append(Result(f"{what}, members a second", rate, digits=0))
        changed = folder / "changed.csv"
        share = change_some(members, changed)
        shown = rig.newsletter(project, "member", "sync", str(changed), "--json")
        tell("sync with 1 % changed, shown", options.members, shown)
        done = rig.newsletter(project, "member", "sync", str(changed), "--go", "--json")
        rate = tell("sync with 1 % changed, done", options.members, done)
        found.append(Result("sync with 1 % changed, members a second", rate, digits=0))
        for said in (shown, done):
            expect({name: json.loads(said.stdout)[name] for name in share}, share)
        half = folder / "half.csv"
        with members.open(encoding="utf-8") as whole:
            half.write_text("".join(line for number, line in enumerate(whole) if number % 2 == 0), "utf-8")
        refused = rig.newsletter(project, "member", "sync", str(half), "--go", expect=(1,))
        tell("sync with half of them gone, refused", options.members, refused)
        again = rig.newsletter(project, "member", "sync", str(changed), "--json")
        expect(json.loads(again.stdout)["unchanged"], options.members)
    return found


def tell(what: str, members: int, run: rig.Run) -> float:
    """Say what a command took, and return how many members a second that is."""
    rate = members / run.seconds
    print(
        f"{what}: {members:,} rows in {run.seconds:.1f} s"
        f" ({run.cpu_s:.1f} s of CPU), peak memory {run.peak_mib:.0f} MiB"
    )
    return rate


def change_some(members: Path, changed: Path) -> dict[str, int]:
    """Write the list with one row in three hundred gone, one new and one changed; return how many of each."""
    counts = {"added": 0, "changed": 0, "ended": 0}
    with members.open(encoding="utf-8") as rows, changed.open("w", encoding="utf-8") as out:
        out.write(next(rows))
        for number, row in enumerate(rows):
            if number % 300 == 0:
                counts["ended"] += 1
                counts["added"] += 1
                out.write(f"new.{row}")
            elif number % 300 == 150:
                counts["changed"] += 1
                email, _, rest = row.split(",", 2)
                out.write(f"{email},Changed,{rest}")
            else:
                out.write(row)
    return counts


def expect(found: object, wanted: object) -> None:
    """End with 1 where something is not as it has to be."""
    if found != wanted:
        sys.exit(f"found {found}, and {wanted} was to be expected")


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
