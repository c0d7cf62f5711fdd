"""Projects in folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from projects import load, small_settings

from newsletter.workflows.project import Project


@pytest.fixture
def open_project(tmp_path: Path, database_url: str) -> Iterator[Callable[..., Project]]:
    """Open the project of this test with tables of settings replaced; every one sees the same database."""
    with ExitStack() as opened:

        def open_project(**tables) -> Project:
            settings = small_settings(database={"url": database_url}, **tables)
            return opened.enter_context(Project(load(tmp_path / "project", settings)))

        yield open_project


@pytest.fixture
def project(open_project) -> Project:
    """A project with the small settings."""
    return open_project()
