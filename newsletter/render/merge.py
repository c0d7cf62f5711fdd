"""Merge fields: the only thing that differs between two members of a variant.

A rendered text is cut at them; for each member the pieces are joined again with that member's values. How
they come through a template is told in `tokens`. Nothing here needs Jinja: sending does without templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from newsletter.render.types import MergeField, MergeValues, Segments

#: The fields that every member has.
MEMBER_FIELDS = ("email", "first_name", "last_name")
#: The fields that are addresses made for one member.
URL_FIELDS = ("unsubscribe_url", "preferences_url", "web_url")
_ALWAYS_THERE = frozenset({"member.email", *URL_FIELDS})

#: C0 and C1 controls, line and paragraph separators, and halves of surrogate pairs.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def one_line(text: str) -> str:
    """Return text with each run of control characters replaced by a space."""
    return _CONTROLS.sub(" ", text)


def merge_values(
    email: str,
    first_name: str,
    last_name: str,
    attributes: Mapping[str, str],
    *,
    unsubscribe_url: str,
    preferences_url: str,
    web_url: str,
) -> MergeValues:
    """Return one member's values by the names of the fields; attributes never hide the known ones."""
    return {
        **({f"member.{name}": value for name, value in attributes.items()} if attributes else {}),
        "member.email": email,
        "member.first_name": first_name,
        "member.last_name": last_name,
        "unsubscribe_url": unsubscribe_url,
        "preferences_url": preferences_url,
        "web_url": web_url,
    }


def field_value(field: MergeField, values: MergeValues) -> str:
    """Return what one member reads in this place, on one line and not yet escaped."""
    return one_line(values.get(field.name, "")).strip() or field.fallback or ""


def needed_fields(*parts: Segments) -> frozenset[str]:
    """Return the names of the fields for which a member must have a value, and may have none."""
    fields = (it for part in parts for it in part if isinstance(it, MergeField))
    return frozenset(it.name for it in fields if it.fallback is None) - _ALWAYS_THERE


def with_gaps_shown(values: MergeValues, needed: Iterable[str]) -> MergeValues:
    """Return values for a preview, in which "[last_name]" stands for one that is needed and not there."""
    gaps = {name: f"[{name.removeprefix('member.')}]" for name in needed if not values.get(name, "").strip()}
    return {**values, **gaps}


def fill(segments: Segments, values: MergeValues, escape: Callable[[str], str]) -> str:
    """Return the text as one member gets it. escape: `html.escape` for HTML, `str` for text."""
    return "".join(part if isinstance(part, str) else escape(field_value(part, values)) for part in segments)
