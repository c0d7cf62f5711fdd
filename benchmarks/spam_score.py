"""What SpamAssassin makes of a digest: every variant of the sample news, signed, network tests off.

The messages are those of `edition preview`, as one member of each variant would get them. SpamAssassin looks
at words and form alone (`-L`): no name server or block list is asked, so the signature counts for being
there, not for being right. The report of the worst is printed. Needs the Debian package spamassassin.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import rig
from bench_dkim import sign_with
from cryptography.hazmat.primitives.asymmetric import rsa
from results import Result, run_alone

from newsletter.config import load_config
from newsletter.workflows import demo
from newsletter.workflows.project import Project

#: Points for a message; SpamAssassin calls it spam from 5 on.
LIMIT = 0.5
_POINTS = re.compile(r"^Content analysis details:\s+\((-?[\d.]+) points", re.MULTILINE)


@dataclass(frozen=True)
class Options:
    """None."""


def run(_: Options) -> list[Result]:
    judge = shutil.which("spamassassin")
    if judge is None:
        sys.exit("spamassassin is not installed: apt-get install spamassassin")
    with rig.work_folder() as folder:
        project = drafted_sample(folder / "project")
        sign_with(rsa.generate_private_key(public_exponent=65537, key_size=2048), project)
        done = rig.measure([rig.NEWSLETTER, "-C", project, "edition", "preview", "weekly"])
        if done.code:
            sys.exit(f"edition preview ended with {done.code}:\n{done.stdout}")
        reports = {path.stem: report(judge, path) for path in sorted((project / "preview").glob("*.eml"))}
    worst = max(reports, key=lambda name: points(reports[name]))
    print(f"{worst}:\n{reports[worst][_POINTS.search(reports[worst]).start() :]}")
    return [
        Result(f"SpamAssassin points, {name}", points(text), at_most=LIMIT, promise=True)
        for name, text in reports.items()
    ]


def drafted_sample(folder: Path) -> Path:
    """Make the demo's project with its feeds read, its members imported and its edition approved."""
    folder.mkdir()
    demo._set_up(folder)  # noqa: SLF001 - the demo as it is, without sending
    with Project(load_config(folder, {})) as project:
        demo._prepare(project, datetime.now(UTC), print)  # noqa: SLF001
    return folder


def report(judge: str, message: Path) -> str:
    """Return what SpamAssassin says of a message."""
    content = message.read_bytes()
    if b"DKIM-Signature:" not in content:
        sys.exit(f"{message.name} is not signed, though [dkim] is set")
    return subprocess.run([judge, "-L", "-t"], input=content, capture_output=True, check=True).stdout.decode()


def points(text: str) -> float:
    found = _POINTS.search(text)
    if not found:
        sys.exit(f"SpamAssassin said no points:\n{text[-2000:]}")
    return float(found[1])


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
