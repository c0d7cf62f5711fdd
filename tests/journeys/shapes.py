"""What programs rely on: names and types of the fields of --json."""

from __future__ import annotations

from datetime import datetime


class Time:
    """ISO 8601 with offset."""


class Date:
    """YYYY-MM-DD."""


COUNTS = dict.fromkeys(
    ["planned", "pending", "sending", "deferred", "sent", "refused", "suppressed", "unknown", "cancelled"],
    int,
)
REASON = {"audience": str, "rule": str, "where": str, "text": str}
ITEM = {
    "id": int,
    "feed": str,
    "title": str,
    "link": (str, None),
    "published": (Time, None),
    "updated": (Time, None),
    "section": (str, None),
    "summary": str,
    "audiences": [str],
    "reasons": [REASON],
    "status": str,
}
MEMBER = {"email": str, "first_name": str, "last_name": str, "audiences": [str], "status": str}
VARIANT = {"audiences": [str], "subject": str, "items": [int], "recipients": int, "html_bytes": int}
EDITION = {
    "id": str,
    "newsletter": str,
    "date": Date,
    "status": str,
    "hash": str,
    "variants": [VARIANT],
    "counts": COUNTS,
}
DELIVERY = {
    "email": str,
    "status": str,
    "at": (Time, None),
    "relay": (str, None),
    "reply": (str, None),
    "retry_at": (Time, None),
}
REPORT = {"id": str, "status": str, "counts": COUNTS, "deliveries": [DELIVERY]}
BECAUSE = {"code": str, "text": str, "when": (Time, None)}
TRACE = {
    "status": str,
    "variant": str,
    "items": [int],
    "attempts": [{"at": Time, "status": str, "relay": (str, None), "reply": (str, None)}],
}
WHY = {
    "email": str,
    "status": str,
    "audiences": [str],
    "editions": [{"id": str, "status": str, "delivery": (TRACE, None), "why": (BECAUSE, None)}],
}
WHY_ITEM = WHY | {
    "item": {
        "id": int,
        "title": str,
        "audiences": [str],
        "reasons": [REASON],
        "carried": [{"edition": str, "status": str, "at": (Time, None)}],
        "why": [BECAUSE | {"newsletter": str, "edition": (str, None)}],
    }
}


def faults(value, shape, place="document"):
    """Return where a value differs from a shape; more fields than the shape names are welcome."""
    if isinstance(shape, tuple):
        found = [faults(value, option, place) for option in shape]
        return [] if [] in found else found[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [fault for at, one in enumerate(value) for fault in faults(one, shape[0], f"{place}[{at}]")]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{place} is no object"]
        missing = [f"{place} has no {name}" for name in shape if name not in value]
        kept = [name for name in shape if name in value]
        return missing + [f for name in kept for f in faults(value[name], shape[name], f"{place}.{name}")]
    return [] if _fits(value, shape) else [f"{place} = {value!r} is no {getattr(shape, '__name__', shape)}"]


def _fits(value, shape):
    if shape is Time:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    if shape is Date:
        return isinstance(value, str) and datetime.strptime(value, "%Y-%m-%d") is not None  # noqa: DTZ007
    if shape is None:
        return value is None
    return type(value) is shape
