"""Editions for the judges of HTML: every template, with few and many stories, from tidy and untidy feeds."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from pathlib import Path

from newsletter.feeds.pages import parse_pages
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import Fetched, Item, ItemStatus, ParsedEntry, SavedPage
from newsletter.render.html import Templates, render_variant
from newsletter.render.merge import fill
from newsletter.render.types import Editorial, Masthead, Organisation

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
TITLES = {"governors": "Governors", "leaders": "School leaders", "career-leads": "Career leads"}
VALUES = {
    "member.first_name": "Siân",
    "unsubscribe_url": "https://news.example.org/u/a1?x=1&y=2",
    "preferences_url": "https://news.example.org/p/a1",
    "web_url": "https://news.example.org/v/a1",
}
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
#: Of each template, how many stories it is judged with.
SIZES = {"digest": (1, 8, 12), "brief": (1, 8, 12), "bulletin": (1,)}
INTRODUCTION = (
    "Parliament rises on Thursday, so this week was a full one. **Two dates** to put into the diary: the pay "
    "timetable closes on 15 January, and the appeals consultation on the 29th."
)
CLOSING = (
    "That is all for this week. Answers to this mail reach us, and we read them.\n\n*Ceri Hughes*, editor"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """An edition as one member gets it. name: "digest-12-site"."""

    name: str
    items: int
    html: str
    text: str


#: Every template in every size, from the sample feeds and from an untidy site's.
NAMES = (
    *(f"{name}-{size}-{feed}" for feed in ("sample", "site") for name in SIZES for size in SIZES[name]),
    "digest-12-cy",
    "bulletin-1-cy",
)


@cache
def judged(name: str) -> Judged:
    """Render one of NAMES."""
    template, size, feed = name.split("-")
    items = sample_items() if feed == "sample" else site_items()
    if feed == "cy":
        return edition(name, template, items[2:3] if size == "1" else items, masthead("cy"))
    return edition(name, template, items[: int(size)])


def edition(
    name: str, template: str, items: list[Item], head: Masthead | None = None, folders: tuple[Path, ...] = ()
) -> Judged:
    """Render one edition. folders: of an organisation's own templates."""
    rendered = render_variant(
        Templates([*folders, ROOT / "templates"]),
        template,
        head or masthead(),
        items,
        day=date(2026, 11, 27),
        titles=TITLES,
        nonce="0123456789abcdef",
        picture_hosts=("www.example.org",),
    )
    return Judged(
        name, len(items), fill(rendered.html, VALUES, html.escape), fill(rendered.text, VALUES, str)
    )


def masthead(language: str = "en", **changed) -> Masthead:
    """A masthead with an introduction, closing words and a footer."""
    organisation = Organisation(
        "School Leaders Union",
        "1 Heath Square, Haywards Heath RH16 1BL",
        "https://www.example.org",
        "Registered trade union 1234 · [How we use your data](https://www.example.org/privacy)",
    )
    values = {"editorial": Editorial((INTRODUCTION,), (CLOSING,)), **changed}
    return Masthead(organisation, "The weekly digest", tuple(TITLES.values())[:2], language, **values)


def sample_items() -> list[Item]:
    """The sample feeds and saved pages, the first story pinned as the leading one."""
    entries = [
        entry
        for name in ("policy.rss", "practice.atom", "careers.json")
        for entry in parse_feed(
            Fetched((ROOT / "feeds" / name).read_bytes(), f"https://www.example.org/{name}")
        ).entries
    ]
    pages = [SavedPage(it.name, it.read_bytes()) for it in sorted((ROOT / "feeds" / "pages").iterdir())]
    found = _items([*parse_pages(pages).entries[:2], *entries])
    found.sort(key=lambda item: item.published or NOW, reverse=True)
    return [_pinned(found[0]), *found[1:]]


def site_items() -> list[Item]:
    """Long titles, no dates, odd characters, Welsh, no pictures and many."""
    fetched = Fetched((HERE / "site.rss").read_bytes(), "https://www.example.org/feed/")
    found = _items(parse_feed(fetched).entries)
    return [_pinned(found[0]), *found[1:]]


def _pinned(item: Item) -> Item:
    return replace(item, status=ItemStatus.PINNED)


def _items(entries) -> list[Item]:
    number = count(1)
    return [_item(entry, next(number)) for entry in entries]


def _item(entry: ParsedEntry, number: int) -> Item:
    audiences = list(TITLES)[: 1 + number % 3]
    return Item(
        id=number,
        feed="news",
        title=entry.title,
        link=entry.link,
        html=entry.html,
        summary=entry.summary,
        published=entry.published,
        updated=entry.updated,
        first_seen=NOW,
        section=entry.section,
        categories=entry.categories,
        author=entry.author,
        language=entry.language,
        status=ItemStatus.NEW,
        revision=1,
        audiences=frozenset(audiences),
    )
