"""Projects in folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from builders import add_items, add_members, plan
from fixtures.memory import read_once  # noqa: F401 - it is a fixture
from fixtures.patience import patient  # noqa: F401 - it is a fixture
from fixtures.rows import PutBack, keep_rows
from fixtures.senders import approved, approved_editions, sending  # noqa: F401 - they are fixtures
from fixtures.site import site  # noqa: F401 - it is a fixture
from fixtures.statements import compiled_once  # noqa: F401 - it is a fixture
from projects import load, small_settings, write_plain_templates

from newsletter.editions.types import Edition
from newsletter.workflows.project import Project


@pytest.fixture
def open_project(tmp_path: Path, tables_url: str) -> Iterator[Callable[..., Project]]:
    """Open this test's project with tables of settings replaced: the same folder and database every time."""
    folder = tmp_path / "project"
    write_plain_templates(folder)
    with ExitStack() as opened:

        def open_project(**tables) -> Project:
            settings = small_settings(database={"url": tables_url}, **tables)
            return opened.enter_context(Project(load(folder, settings)))

        yield open_project


@pytest.fixture
def project(open_project) -> Project:
    """A project with the small settings."""
    return open_project()


@pytest.fixture(scope="session")
def kept_rows(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Make rows in a database, or put back those that were made once for the same words."""
    folder, numbers = tmp_path_factory.mktemp("rows"), count()
    kept: dict[tuple[str, ...], PutBack] = {}

    def make(url: str, words: tuple[str, ...], tell: Callable[[], object]) -> None:
        key = (url.partition(":")[0], *words)
        if key in kept:
            kept[key](url)
            return
        tell()
        kept[key] = keep_rows(url, folder / f"{next(numbers)}.db")

    return make


@pytest.fixture
def plan_for(project: Project, tables_url: str, kept_rows: Callable[..., None]) -> Callable[..., Edition]:
    """Plan the project's first edition, of one item called roof, for governors of these names."""

    def plan_for(*names: str) -> Edition:
        def tell() -> None:
            add_items(project, {"roof": "governors"})
            add_members(project, names)
            plan(project)

        kept_rows(tables_url, names, tell)
        return project.editions.newest("weekly")

    return plan_for
