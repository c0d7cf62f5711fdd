"""Imports point to lower tiers only; the docstring of newsletter/__init__.py says which these are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
WORDS, VALUES, DECIDING, EDGE, VERB, SHELL, PROGRAM = range(7)

#: The first name that fits a module, or a package above it, decides. Of a deciding room, the package itself
#: and its `types` are values.
TIERS = {
    "errors": WORDS,
    "address": WORDS,
    "config": EDGE,
    "store": EDGE,
    "feeds.fetch": EDGE,
    "delivery.smtp": EDGE,
    "delivery.outbox": EDGE,
    "delivery.inbox": EDGE,
    "bounces.mailbox": EDGE,
    "feeds": DECIDING,
    "audiences": DECIDING,
    "members": DECIDING,
    "editions": DECIDING,
    "render": DECIDING,
    "delivery": DECIDING,
    "bounces": DECIDING,
    "workflows": VERB,
    "web": SHELL,
    "cli": PROGRAM,
}

#: Values that are too many for `types`.
VALUE_MODULES = {"delivery.content", "render.design"}

#: Clock, dice, disk and network, of which words, values and deciding modules know nothing.
IMPURE = {
    "aiosmtplib", "aiosmtpd", "asyncio", "http", "os", "random", "secrets", "select", "shutil",
    "smtplib", "socket", "sqlalchemy", "sqlite3", "ssl", "subprocess", "tempfile", "threading",
    "time", "urllib3", "uuid",
}  # fmt: skip
HEAVY = {
    "alembic", "babel", "cssutils", "feedparser", "holidays", "icalendar", "jinja2", "lxml", "nh3",
    "premailer", "pydantic", "rich", "sqlalchemy", "starlette", "uvicorn",
}  # fmt: skip


class Place(NamedTuple):
    """Where a module stands.

    room: who may import one another within a tier; each edge is its own room, the words are one.
    """

    tier: int
    room: str


def place_of(module: str) -> Place:
    inside = module.removeprefix("newsletter").removeprefix(".")
    if not inside:
        return Place(WORDS, "")  # the package itself, for its version
    for name, tier in TIERS.items():
        if inside == name or inside.startswith(f"{name}."):
            value = tier == DECIDING and inside in {name, f"{name}.types", *VALUE_MODULES}
            return Place(VALUES if value else tier, "" if tier == WORDS else name)
    pytest.fail(f"{module} has no tier: give it one here and in the docstring of newsletter/__init__.py")


def fault_of(importer: str, imported: str) -> str | None:
    """Say what is wrong with an import; None when it is right."""
    own, other = place_of(importer), place_of(imported)
    if other.tier < own.tier or other == own:
        return None
    return f"{importer} (tier {own.tier}) imports {imported} (tier {other.tier})"


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "newsletter").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(module: str, path: Path) -> Iterator[str]:
    """Yield what a module imports, at its top, in functions and for type checkers alike."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(filter(None, [above, node.module]))
            for alias in node.names:
                named = f"{source}.{alias.name}"
                yield named if named in MODULES else source


def is_ours(name: str) -> bool:
    return name == "newsletter" or name.startswith("newsletter.")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_to_lower_tiers(module):
    ours = filter(is_ours, imports_of(module, MODULES[module]))
    assert [fault for name in ours if (fault := fault_of(module, name))] == []


@pytest.mark.parametrize("module", [name for name in MODULES if place_of(name).tier <= DECIDING])
def test_deciding_modules_know_neither_clock_nor_disk_nor_network(module):
    roots = {name.partition(".")[0] for name in imports_of(module, MODULES[module])}
    assert roots & IMPURE == set()


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("newsletter.feeds.parse", "newsletter.feeds.clean", True),
        ("newsletter.feeds.parse", "newsletter.audiences.types", True),
        ("newsletter.feeds.parse", "newsletter.audiences.rules", False),
        ("newsletter.feeds.parse", "newsletter.feeds.fetch", False),
        ("newsletter.address", "newsletter.errors", True),
        ("newsletter.feeds.types", "newsletter.address", True),
        ("newsletter.feeds.types", "newsletter.members.types", False),
        ("newsletter.feeds.types", "newsletter.feeds.parse", False),
        ("newsletter.feeds.fetch", "newsletter.feeds.parse", True),
        ("newsletter.delivery.inbox", "newsletter.delivery.outbox", False),
        ("newsletter.store.members", "newsletter.store.schema", True),
        ("newsletter.store.members", "newsletter.config", False),
        ("newsletter.store.members", "newsletter.workflows.send", False),
        ("newsletter.workflows.send", "newsletter.store.members", True),
        ("newsletter.workflows.send", "newsletter.cli.main", False),
        ("newsletter.cli.main", "newsletter", True),
    ],
)
def test_tiers_allow_and_forbid(importer, imported, allowed):
    assert (fault_of(importer, imported) is None) is allowed


def test_imports_are_found_wherever_they_stand(tmp_path):
    module = tmp_path / "parse.py"
    module.write_text(
        "import newsletter.address\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from newsletter import errors\n"
        "def f():\n    from . import types\n    from ..audiences.types import Reason\n"
    )
    assert list(filter(is_ours, imports_of("newsletter.feeds.parse", module))) == [
        "newsletter.address",
        "newsletter.errors",
        "newsletter.feeds.types",
        "newsletter.audiences.types",
    ]


def test_command_line_starts_without_heavy_modules():
    program = "import sys, newsletter.cli.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert HEAVY & set(done.stdout.split()) == set()
