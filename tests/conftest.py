"""What all tests share: a place to run, an empty database of either kind, and no skips where all must run."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["fixtures.postgres", "fixtures.tables"]

#: Where Linux keeps files in memory. A commit need not wait for a disk there, and what a killed process wrote
#: is kept all the same: only a power cut would tell the two apart.
MEMORY = Path("/dev/shm")
ROOM_BYTES = 2_000_000_000
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

#: Set by `.ci/run`, where everything is installed: a test that finds a part missing then fails.
REQUIRE_ALL = os.environ.get("NEWSLETTER_TESTS_REQUIRE_ALL") == "1"
#: Saved pages of a real site, which are not ours to publish.
SEEDS = os.environ.get("NEWSLETTER_SEEDS")
#: What `.ci/run` may do without, by the fixture that asks for it.
LEFT_OUT = {
    fixture
    for fixture, missing in {"seeds": not SEEDS, "node": "NEWSLETTER_WITHOUT_JUDGES" in os.environ}.items()
    if missing
}

# No test asserts on time, so no property does either: two busy cores are slow now and then.
hypothesis.settings.register_profile("newsletter", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("newsletter")


# Started with `&`, we are born deaf to Ctrl-C, and so would be the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: tests wait for processes, relays and disks."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report):
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(NEWSLETTER_TESTS_REQUIRE_ALL=1: nothing may be skipped)"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where nothing may be skipped, leave out what `.ci/run` has said that it does without."""
    if REQUIRE_ALL and LEFT_OUT:
        left_out = [item for item in items if LEFT_OUT & set(getattr(item, "fixturenames", ()))]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout, which is itself a project folder."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of saved news pages that NEWSLETTER_SEEDS names."""
    if not SEEDS:
        pytest.skip("NEWSLETTER_SEEDS names no folder of saved pages")
    return Path(SEEDS)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, new for each test; every test that takes it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'newsletter.db'}"
    return request.getfixturevalue("postgres_url")
