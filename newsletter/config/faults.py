"""Every fault of a configuration as one line: place, value, what is wrong, the likely slip."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from newsletter.config.settings import Settings, with_preset
from newsletter.editions.days import CalendarName, Days, parse_days

_MISSING = "is missing"
_SHOWN = 60
_SLUG = "use small letters, digits and dashes"
_WEB_ADDRESS = 'write it as "https://www.example.org"'
_WHOLE = "must be a whole number"
#: What pydantic says in Python's terms; in braces the bounds that it names.
_MEANT = {
    "tuple_type": 'must be a list, in brackets: ["…"]',
    "too_short": "must not be empty",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": 'must be text, in quotes: "…"',
    "string_too_short": "must not be empty",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
#: Of an address with a login in it; a database's may have one.
_SECRET = re.compile("pass|pwd|secret|token|key|credential", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s]*(?=@)")


def likely(word: str, known: Collection[str]) -> str:
    """Return `; did you mean …?` where one of the known words is close, else nothing."""
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def settings_faults(error: ValidationError, data: dict[str, Any]) -> list[str]:
    """Tell what pydantic found, in the order of the file."""
    details = error.errors(include_url=False)
    return [_on_one_line(_fault(it, data)) for it in details if not _follows_from_another(it)]


def reference_faults(data: dict[str, Any]) -> list[str]:
    """Tell which names are used and not defined, or defined twice; data may be of any shape."""
    faults = []
    audiences = _keys(data.get("audiences"))
    feeds = _names(data.get("feeds"))
    for newsletter in _tables(data.get("newsletters")):
        place = f"newsletters.{newsletter.get('name', '?')}.audiences"
        faults += _unknown(place, newsletter.get("audiences"), audiences, "audience")
        for key in ("exceptions", "only_in"):
            named = _calendar_names(newsletter.get(key))
            place = f"newsletters.{newsletter.get('name', '?')}.{key}"
            faults += _unknown(place, named, _keys(data.get("calendars")), "calendar")
    for slug in audiences:
        table = data["audiences"][slug]
        if isinstance(table, dict):
            faults += _unknown(f"audiences.{slug}.feeds", table.get("feeds"), feeds, "feed")
    if isinstance(sorting := data.get("sorting"), dict):
        faults += _unknown("sorting.default", sorting.get("default"), audiences, "audience")
    for section in ("feeds", "newsletters"):
        counts = Counter(_names(data.get(section)))
        faults += [f"{section}: the name {name!r} stands {n} times" for name, n in counts.items() if n > 1]
    relays = Counter(str(with_preset(table)["name"]) for table in _tables(data.get("smtp")))
    faults += [
        f"smtp: the name {name!r} stands {n} times; give each relay a name of its own"
        for name, n in relays.items()
        if n > 1
    ]
    return [_on_one_line(fault) for fault in faults]


def _on_one_line(fault: str) -> str:
    """Take the line breaks out that a key in quotes may hold."""
    return " ".join(fault.splitlines())


def _follows_from_another(detail: ErrorDetails) -> bool:
    """Tell whether a list is called too short only because its elements have faults of their own."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _fault(detail: ErrorDetails, data: dict[str, Any]) -> str:
    place = ".".join(_path(detail["loc"], data))
    if detail["type"] == "missing":
        return f"{place} {_MISSING}"
    if detail["type"] == "extra_forbidden":
        name = str(detail["loc"][-1])
        # A table says enough by its name, and a secret in the wrong place shall not reach a log.
        hidden = isinstance(detail["input"], dict | list) or _SECRET.search(name)
        value = "" if hidden else f" = {_shown(detail)}:"
        return f"{place}{value} is not a setting{likely(name, _siblings(detail['loc']))}"
    message = _message(detail)
    if isinstance(detail["input"], dict):  # a rule about the whole table
        return f"{place} {message}"
    return f"{place} = {_shown(detail)}: {message}"


def _message(detail: ErrorDetails) -> str:
    if detail["type"] == "literal_error":
        known = detail.get("ctx", {}).get("expected", "")
        words = [word for word in known.replace(" or ", ", ").replace("'", "").split(", ") if word]
        return f"must be {known}{likely(str(detail['input']), words)}"
    if detail["type"] == "string_pattern_mismatch":
        return _WEB_ADDRESS if detail["loc"][-1] == "url" else _SLUG
    if meant := _MEANT.get(detail["type"]):
        return meant.format(**detail.get("ctx", {}))
    message = detail["msg"].removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]}"


def _shown(detail: ErrorDetails) -> str:
    if detail["loc"][-1] == "webhook":  # whoever knows the address may write there
        return "…"
    text = _PASSWORD.sub(r"\1***", repr(detail["input"]))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _path(location: tuple[int | str, ...], data: Any) -> Iterator[str]:  # noqa: ANN401 - a tree as TOML gives it
    """Name the place as a user would: list elements by their names, a single [smtp] without number."""
    node = data
    for step in location:
        if isinstance(step, int) and isinstance(node, dict):
            continue  # [smtp] as one table
        node = _child(node, step)
        if isinstance(step, int):
            yield str(node.get("name", step)) if isinstance(node, dict) else str(step)
        elif step != "[key]":
            yield step


def _child(node: Any, step: int | str) -> Any:  # noqa: ANN401 - a tree as TOML gives it
    try:
        return node[step]
    except (KeyError, IndexError, TypeError):
        return None


def _siblings(location: tuple[int | str, ...]) -> list[str]:
    """Return the settings that exist where an unknown one stood."""
    model: type[BaseModel] = Settings
    for step in location[:-1]:
        field = model.model_fields.get(str(step)) if isinstance(step, str) else None
        if field is None:
            continue  # the number of a list element, or the slug of an audience
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next(
            (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model
        )
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown(place: str, used: object, known: Collection[str], what: str) -> list[str]:
    names = used if isinstance(used, list) else []
    return [
        f"{place}: {name!r} is no {what} of this file{likely(name, known)}"
        for name in names
        if isinstance(name, str) and name not in known
    ]


def _calendar_names(days: object) -> list[str]:
    """Return what stands for calendars of this file among days; faults of the others are told elsewhere."""
    found: list[Days] = []
    for element in days if isinstance(days, list) else []:
        with suppress(ValueError):
            found.append(parse_days(element))
    return [it.name for it in found if isinstance(it, CalendarName)]


def _keys(value: object) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _tables(value: object) -> list[dict[str, Any]]:
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


def _names(value: object) -> list[str]:
    return [str(table["name"]) for table in _tables(value) if "name" in table]
