"""Items, and digests of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from newsletter.feeds.types import Item, ItemStatus
from newsletter.render.content import view_edition
from newsletter.render.html import Templates, render_variant
from newsletter.render.types import Masthead, Organisation

SHIPPED = Path(__file__).parents[1] / "templates"
TITLES = {"governors": "Governors", "leaders": "School leaders", "career-leads": "Career leads"}
NONCE = "0123456789abcdef"
VALUES = {
    "member.first_name": "Siân",
    "unsubscribe_url": "https://news.example.org/u/a1?x=1&y=2",
    "preferences_url": "https://news.example.org/p/a1",
    "web_url": "https://news.example.org/v/a1",
}


def make_item(title="A new roof for every school", **changed):
    values = {
        "id": 1,
        "feed": "policy",
        "title": title,
        "link": "https://news.example.org/roof",
        "html": "",
        "summary": "Work on the first hundred roofs begins at Easter.",
        "published": datetime(2021, 7, 19, 12, tzinfo=UTC),
        "updated": None,
        "first_seen": datetime(2021, 7, 20, 8, tzinfo=UTC),
        "section": None,
        "categories": (),
        "author": None,
        "language": "en",
        "status": ItemStatus.NEW,
        "revision": 1,
        "audiences": frozenset({"governors"}),
    }
    return Item(**{**values, **changed})


def make_masthead(audiences=("Governors", "Career leads"), language="en"):
    organisation = Organisation(
        "School Leaders Union", "1 Heath Square, Haywards Heath RH16 1BL", "https://www.example.org"
    )
    return Masthead(organisation, "The weekly digest", tuple(audiences), language)


def render(
    items, *, folders=(), name="digest", masthead=None, nonce=NONCE, member_fields=(), picture_hosts=()
):
    return render_variant(
        Templates([*folders, SHIPPED], member_fields),
        name,
        masthead or make_masthead(),
        items,
        day=date(2026, 11, 27),
        titles=TITLES,
        nonce=nonce,
        picture_hosts=picture_hosts,
    )


def view_of(items, masthead=None):
    return view_edition(masthead or make_masthead(), items, day=date(2026, 11, 27), titles=TITLES)


#: A saved page without a link: a list, a quotation, headings that skip a level, a link that says "here".
STORY = (
    "<h2>How it began</h2><p>Two boards <strong>asked</strong> the pupils; the answers are "
    '<a href="https://research.example.org/answers">here</a>.</p>'
    "<h5>What they ask for</h5><ul><li>A quiet room<ul><li>with a window</li></ul></li>"
    "<li>Later buses</li></ul>"
    "<blockquote><p>“Nobody had asked us before.”</p><p>“Now they do.”</p></blockquote>"
    "<ol><li>First</li></ol>"
)
HEADLINES = (
    "Schools to receive three-year budgets for the first time since the long review ended",
    "Pupils tell two boards what they need",
    "Canllawiau newydd ar les disgyblion ysgolion bach",
    "Ten employers who welcome Year 10",
)


def digest_items():
    quote = "<blockquote>“Three years’ notice is three years’ peace.”</blockquote>"
    return [
        make_item(
            HEADLINES[0],
            section="Funding",
            categories=("Budgets",),
            html=quote,
            link="https://a.example.org/1",
        ),
        make_item(HEADLINES[1], section="Pupils", html=STORY, link=None),
        make_item(HEADLINES[2], section="Pupils", language="cy", link="https://a.example.org/3"),
        make_item(HEADLINES[3], link="https://a.example.org/4?from=weekly&page=" + "x" * 60, published=None),
    ]
