"""Projects at the stages where journeys begin, and where they end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from fixtures.memory import read_once  # noqa: F401 - it is a fixture
from fixtures.patience import patient  # noqa: F401 - it is a fixture
from fixtures.statements import compiled_once  # noqa: F401 - it is a fixture
from journeys.program import Mailbox, Project, Terminal


@pytest.fixture(scope="session")
def _scaffold(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scaffold") / "project"
    Project(folder)("init", folder)
    return folder


@pytest.fixture(scope="session")
def _filled(_scaffold, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "project"
    shutil.copytree(_scaffold, folder)
    project = Project(folder)
    project("feed", "pull")
    project.import_members()
    return folder


@pytest.fixture
def fresh(_scaffold, tmp_path) -> Project:
    """A project as `init` makes it."""
    shutil.copytree(_scaffold, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture
def project(_filled, tmp_path) -> Project:
    """A project whose sample feeds are pulled, with three members."""
    shutil.copytree(_filled, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    server = Controller(box, box.host, box.port)
    server.start()
    yield box
    server.stop()


@pytest.fixture
def terminal(project) -> Terminal:
    """A terminal in the filled project."""
    return Terminal(project)
