"""How long an import of many members takes, and how much memory."""

from __future__ import annotations

import argparse

import rig


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=500_000)
    rows = options.parse_args().rows
    with rig.work_folder() as folder:
        project, members = folder / "project", folder / "members.csv"
        rig.make_project(project)
        rig.write_members(members, rows)
        for name in ("import", "the same file again"):
            run = rig.newsletter(project, "member", "import", str(members))
            print(
                f"{name}: {rows:,} rows in {run.seconds:.1f} s ({rows / run.seconds:,.0f} a second,"
                f" {run.cpu_s:.1f} s of CPU), peak memory {run.peak_mib:.0f} MiB"
            )


if __name__ == "__main__":
    main()
