"""The error tree: every class can be made, reads as one line, and stands in the module's docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from newsletter import errors
from newsletter.errors import ConfigError, MemberRowsError, NewsletterError, RenderError, TransportError

#: A value for each parameter that some class insists on.
VALUES = {
    "message": "feeds/policy.rss is empty",
    "feed_url": "https://www.example.org/feed",
    "path": "members.csv",
    "problems": [(17, "no @ in 'anna.example.org'")],
    "size_bytes": 120_000,
    "limit_bytes": 90_000,
}


def family(cls: type[NewsletterError] = NewsletterError) -> Iterator[type[NewsletterError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from family(child)


FAMILY = sorted({cls for cls in family() if cls.__module__ == errors.__name__}, key=lambda cls: cls.__name__)


def make(cls: type[NewsletterError], **changes) -> NewsletterError:
    parameters = inspect.signature(cls).parameters.values()
    required = {it.name: VALUES[it.name] for it in parameters if it.default is it.empty}
    return cls(**required, **changes)


def documented_tree() -> dict[str, str | None]:
    """Read the tree in the module's docstring: the parent of each class."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for branch, name in re.findall(r"^([│├└─ ]*)(\w+)(?:  |$)", errors.__doc__, flags=re.MULTILINE):
        depth = len(branch) // 3
        parents[name] = above[depth - 1] if depth else None
        above[depth:] = [name]
    return parents


def test_tree_in_the_docstring_is_the_tree_of_the_classes():
    parents = {cls.__name__: cls.__bases__[0].__name__ for cls in FAMILY}
    assert documented_tree() == parents | {"NewsletterError": None}


@pytest.mark.parametrize("cls", FAMILY)
def test_error_reads_as_one_line(cls):
    text = str(make(cls))
    assert text
    assert "\n" not in text


@pytest.mark.parametrize("cls", FAMILY)
def test_error_keeps_its_hint_out_of_its_line(cls):
    error = make(cls, hint="newsletter check")
    assert error.hint == "newsletter check"
    assert "newsletter check" not in str(error)


@pytest.mark.parametrize("cls", FAMILY)
def test_error_names_its_cause(cls):
    error = make(cls)
    error.__cause__ = OSError("the disk is on fire")
    assert "the disk is on fire" in str(error)


@pytest.mark.parametrize("cls", FAMILY)
def test_exit_code_is_two_for_configuration_only(cls):
    assert make(cls).exit_code == (2 if issubclass(cls, ConfigError) else 1)


def test_config_error_lists_every_fault():
    error = ConfigError(
        "newsletter.toml has 2 faults", ["smtp.port: 0 is not a port", "sender.from is missing"]
    )
    assert str(error).splitlines() == [
        "newsletter.toml has 2 faults",
        "  smtp.port: 0 is not a port",
        "  sender.from is missing",
    ]


def test_member_rows_error_names_file_and_line_of_every_row():
    error = MemberRowsError("members.csv", [(17, "no @ in 'anna'"), (20, "the address is empty")])
    assert str(error).splitlines() == [
        "members.csv:17: no @ in 'anna'",
        "members.csv:20: the address is empty",
    ]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"template": "digest.html", "line": 12}, "digest.html:12: no field 'nmae'"),
        ({"template": "digest.html"}, "digest.html: no field 'nmae'"),
        ({}, "no field 'nmae'"),
    ],
)
def test_render_error_says_where(place, expected):
    assert str(RenderError("no field 'nmae'", **place)) == expected


def test_error_is_also_the_builtin_that_a_stranger_would_catch():
    with pytest.raises(OSError, match="refused"):
        raise TransportError("smtp.example.org:587 refused the connection")
