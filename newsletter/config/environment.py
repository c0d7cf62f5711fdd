"""Settings from the environment: NEWSLETTER_SMTP__HOST, NEWSLETTER_NEWSLETTERS__WEEKLY__MAX_ITEMS.

Two underscores part the steps of the path; a step of a list of tables is the name of the element, or its
number from 0. A value is read as TOML where it is some (8, true, ["a"]), and is text otherwise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

_PREFIX = "NEWSLETTER_"


def override(data: dict[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Put the environment's settings into data; return a fault for each that has no place there."""
    faults = []
    for variable, text in sorted(environ.items()):
        if not variable.startswith(_PREFIX) or "__" not in variable:
            continue
        path = variable.removeprefix(_PREFIX).lower().split("__")
        if not _put(data, path, _value(text)):
            faults.append(f"{variable}: there is no such setting")
    return faults


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(data: dict[str, Any], path: list[str], value: object) -> bool:
    node: Any = data
    for step in path[:-1]:
        node = _step(node, step)
        if node is None:
            return False
    if not isinstance(node, dict):
        return False
    node[_spelling(node, path[-1])] = value
    return True


def _step(node: Any, step: str) -> Any:  # noqa: ANN401 - a tree as TOML gives it
    if isinstance(node, dict):
        return node.setdefault(_spelling(node, step), {})
    if isinstance(node, list):
        for number, element in enumerate(node):
            name = element.get("name") if isinstance(element, dict) else None
            if step in (str(number), str(name).replace("-", "_").lower()):
                return element
    return None


def _spelling(node: dict[str, Any], step: str) -> str:
    """Return the key that the step means: variables cannot hold the dash of `career-leads`."""
    return next((key for key in node if key.replace("-", "_").lower() == step), step)
