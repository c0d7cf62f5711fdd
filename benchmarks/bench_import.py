"""How long an import of many members takes, and how much memory; then the same file again."""

from __future__ import annotations

from dataclasses import dataclass

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
            rate = options.members / imported.seconds
            print(
                f"{what}: {options.members:,} rows in {imported.seconds:.1f} s"
                f" ({imported.cpu_s:.1f} s of CPU), peak memory {imported.peak_mib:.0f} MiB"
            )
            found.append(Result(f"{what}, members a second", rate, digits=0))
    return found


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
