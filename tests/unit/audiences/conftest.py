"""Items built in a line, and the rules that ship."""

from __future__ import annotations

import html
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.audiences.rules import Sorter
from newsletter.audiences.types import AudienceRules, Sorting
from newsletter.feeds.types import ParsedEntry

Build = Callable[..., ParsedEntry]


@pytest.fixture(scope="session")
def shipped(project_root: Path) -> Sorter:
    """The rules of newsletter.toml, lifted out by their two keys."""
    settings = tomllib.loads((project_root / "newsletter.toml").read_text(encoding="utf-8"))
    audiences = [AudienceRules(slug=slug, **_tuples(rules)) for slug, rules in settings["audiences"].items()]
    return Sorter(audiences, Sorting(**_tuples(settings["sorting"])))


def _tuples(table):
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


@pytest.fixture(scope="session")
def news() -> Build:
    """Build an entry from its headline and paragraphs; fragment is HTML that follows them."""

    def build(title: str = "News", *paragraphs: str, fragment: str = "", **fields) -> ParsedEntry:
        body = "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs) + fragment
        summary = " ".join(" ".join(paragraphs).split()[:60])
        return ParsedEntry(
            **{"key": "k", "title": title, "link": None, "html": body, "summary": summary} | fields
        )

    return build
