"""Projects in folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fixtures.senders import approved, approved_editions, sending  # noqa: F401 - they are fixtures
from fixtures.site import site  # noqa: F401 - it is a fixture
from fixtures.statements import compiled_once  # noqa: F401 - it is a fixture
from projects import load, small_settings, write_plain_templates

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
