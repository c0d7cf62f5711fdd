"""Projects in folders of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fixtures.postgres import PostgresServer
from fixtures.senders import approved, approved_editions, sending  # noqa: F401 - they are fixtures
from fixtures.site import site  # noqa: F401 - it is a fixture
from projects import load, small_settings, write_plain_templates

from newsletter.store.database import Database
from newsletter.workflows.project import Project


@pytest.fixture(scope="session")
def tables_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied: that is quicker than making them."""
    path = tmp_path_factory.mktemp("tables") / "newsletter.db"
    Database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def tables_database(postgres_server: PostgresServer) -> str:
    """The name of a PostgreSQL database with all tables, to be copied."""
    name = postgres_server.create_database()
    Database(postgres_server.url(name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def tables_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database whose tables are made and empty; every test that takes it runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('tables_file'), tmp_path / 'newsletter.db')}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database(request.getfixturevalue("tables_database"))
    yield server.url(name)
    server.drop_database(name)


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
