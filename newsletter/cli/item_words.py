"""How items are told: as JSON, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.audiences.types import Reason
    from newsletter.feeds.types import Item


def item_json(item: Item, reasons: Sequence[Reason], order: Sequence[str]) -> dict[str, object]:
    """Return an item as `item list --json` gives it."""
    return {
        "id": item.id,
        "feed": item.feed,
        "title": item.title,
        "link": item.link,
        "published": item.published,
        "updated": item.updated,
        "section": item.section,
        "summary": item.summary,
        "audiences": _ordered(item, order),
        "reasons": [
            {"audience": r.audience, "rule": r.rule, "where": r.where, "text": r.text} for r in reasons
        ],
        "status": item.status,
        "status_reason": item.status_reason,
        "sources": item.sources,
        "changed_since": item.changed_since,
        "corrects": item.corrects,
        "categories": item.categories,
        "language": item.language,
        "order": item.position,
        "note": item.note,
    }


def _ordered(item: Item, order: Sequence[str]) -> list[str]:
    known = [slug for slug in order if slug in item.audiences]
    return known + sorted(item.audiences - set(known))


def for_whom(item: Item, order: Sequence[str]) -> str:
    """Return whom an item is for, in words."""
    return ", ".join(_ordered(item, order)) or "nobody yet"


def state_word(item: Item) -> str:
    """Return the status of an item, and that it reads differently since it was sent."""
    return f"{item.status}, updated" if item.changed_since else str(item.status)


def picture_line(item: Item, hosts: Sequence[str]) -> str | None:
    """Return what becomes of an item's pictures in a digest; None where it has none."""
    from newsletter.render.pictures import first_picture, picture_host

    if shown := first_picture(item.html, hosts):
        return f"picture: {shown.url} ({shown.alt})"
    host = picture_host(item.html)
    if host in hosts:
        return "picture not shown: it takes https, a PNG, JPEG or GIF, and an alt that says what it shows"
    return (
        host
        and f'picture not shown: newsletter.toml allows none of {host}; [pictures] hosts = ["{host}"] would'
    )


def why_line(reason: Reason) -> str:
    """Return a reason in words."""
    from newsletter.audiences.explain import reason_line

    return reason_line(reason)


def refuse_unknown(slug: str | None, known: Sequence[str]) -> None:
    """Raise AudienceError for an audience that is not in the configuration."""
    refuse_unknown_name(slug, known, "audience")


def refuse_unknown_name(name: str | None, known: Sequence[str], what: str) -> None:
    """Raise an error for something that is not there, with what may be meant."""
    from newsletter.config.faults import likely
    from newsletter.errors import AudienceError, NewsletterError

    if name is not None and name not in known:
        fault = AudienceError if what == "audience" else NewsletterError
        names = ", ".join(dict.fromkeys(known))
        raise fault(f"there is no {what} {name!r}{likely(name, known)}", hint=f"known: {names}")
