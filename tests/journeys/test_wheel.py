"""The wheel carries what `init` and `demo` need."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PARTS = ("newsletter", "templates", "feeds", "newsletter.toml", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(project_root, tmp_path_factory) -> zipfile.Path:
    """The wheel of this checkout, built from a copy so that nothing is left behind in it."""
    copy = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = project_root / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy / part)
    program = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", program, copy / "dist"], cwd=copy, capture_output=True, text=True, check=True
    )
    return zipfile.Path(copy / "dist" / done.stdout.split()[-1])


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_wheel_carries_configuration_templates_and_sample_news(wheel, project_root):
    packed = set(zipfile.ZipFile(wheel.root.filename).namelist())
    wanted = {"newsletter/data/newsletter.toml", "newsletter/py.typed"}
    wanted |= {f"newsletter/data/templates/{name}" for name in names(project_root / "templates")}
    wanted |= {f"newsletter/data/feeds/{name}" for name in names(project_root / "feeds")}
    assert wanted - packed == set()


def test_wheel_carries_every_module_migration_and_page(wheel, project_root):
    packed = set(zipfile.ZipFile(wheel.root.filename).namelist())
    wanted = {
        f"newsletter/{name}" for name in names(project_root / "newsletter") if "__pycache__" not in name
    }
    assert {"newsletter/render/received.html", "newsletter/render/overview.html"} <= wanted
    assert any(name.startswith("newsletter/store/migrations/versions/0001") for name in wanted)
    assert wanted - packed == set()


def test_wheel_installs_the_command(wheel):
    [entry] = [path for path in wheel.iterdir() if path.name.endswith(".dist-info")]
    assert "newsletter = newsletter.cli.main:main" in (entry / "entry_points.txt").read_text()
