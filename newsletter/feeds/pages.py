"""Saved news pages of one site as a `ParsedFeed`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from newsletter.errors import FeedParseError
from newsletter.feeds.blocks import Block
from newsletter.feeds.boilerplate import Story, cut_stories
from newsletter.feeds.clean import read_fragment
from newsletter.feeds.entries import EntryList, entry_key
from newsletter.feeds.headline import find_headline, find_section
from newsletter.feeds.page_facts import same_picture
from newsletter.feeds.page_lines import Line, Page, read_page
from newsletter.feeds.types import ParsedEntry, ParsedFeed, SavedPage

_MAX_SUBHEADING_WORDS = 12
#: So many pages without a story are named.
_NAMED = 3
_WRAPPERS = {"bullet": "ul", "number": "ol", "quote": "blockquote"}


def parse_pages(pages: Sequence[SavedPage]) -> ParsedFeed:
    """Read a folder of saved pages, in the order given; a page with no title or no text is left out.

    Identity is the page's canonical address where it names one, else title and date together: the name of
    a file changes with each saving, and the text with each correction, but neither makes it other news.
    Raises FeedParseError when there are no pages.
    """
    if not pages:
        raise FeedParseError(
            "there is no saved page",
            feed_url="",
            hint="save news pages into the folder as .txt or .html files",
        )
    found, unread = EntryList(limit=len(pages)), []
    for story in cut_stories([read_page(page) for page in pages]):
        entry = _entry(story)
        if entry is None:
            unread.append(story.page.name)
        else:
            found.add(entry)
    entries = found.finish()
    warnings = [_told(unread)] if unread else []
    return ParsedFeed(None, entries, warnings=(*warnings, *found.warnings()))


def _told(unread: Sequence[str]) -> str:
    more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
    return f"{', '.join(unread[:_NAMED])}{more}: no headline with a text under it was found."


def _entry(story: Story) -> ParsedEntry | None:
    page = story.page
    place = find_headline(story)
    if page.headline and (place is None or story.lines[place].text.casefold() != page.headline.casefold()):
        place = None  # it stands above the element that holds the story
    title = story.lines[place].text if place is not None else next(iter(page.titles), "")
    body = [line for line in story.lines[0 if place is None else place + 1 :] if line.text != title]
    text = read_fragment(_with_picture(page, [line for line in body if line.date is None]), page.link)
    if not title or not any(block.tag != "img" for block in text.blocks):
        return None
    dates = {line.date.kind: line.date.when for line in reversed(story.lines) if line.date}
    own = page.published if page.is_article else None
    published = own or dates.get("published") or page.published or dates.get("bare")
    section = find_section([*story.above, *story.lines[: place or 0]])
    return ParsedEntry(
        key=entry_key("", page.link, title, published),
        title=title,
        link=page.link,
        html=text.html,
        summary=text.summary,
        published=published,
        updated=dates.get("updated") or page.updated,
        section=(page.section or section) if page.is_article else (section or page.section),
        author=page.author,
        language=page.language,
    )


def _with_picture(page: Page, body: Sequence[Line]) -> str:
    """Return lines as HTML, the page's lead picture first unless it is among them."""
    lead = page.picture
    pictures = (Block("img", line.html) for line in body if line.kind == "picture")
    if lead is None or any(same_picture(lead, picture) for picture in pictures):
        return _html(body)
    return lead.html + _html(body)


def _html(lines: Sequence[Line]) -> str:
    """Return lines as HTML: items that follow one another are one list, quoted paragraphs one quotation."""
    tags = [_tag(line, lines[place + 1 : place + 2]) for place, line in enumerate(lines)]
    return "".join(_wrapped(zip(tags, lines, strict=True)))


def _wrapped(tagged: Iterable[tuple[str, Line]]) -> Iterator[str]:
    for wrapper, group in groupby(tagged, key=lambda pair: _WRAPPERS.get(pair[1].kind)):
        inner = "".join(line.html if tag == "img" else f"<{tag}>{line.html}</{tag}>" for tag, line in group)
        yield f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner


def _tag(line: Line, following: Sequence[Line]) -> str:
    if line.kind == "picture":
        return "img"
    if line.kind in {"bullet", "number"}:
        return "li"
    stands_over = bool(following) and not following[0].can_be_heading
    is_subheading = line.can_be_heading and line.words <= _MAX_SUBHEADING_WORDS and stands_over
    return "h3" if line.kind == "heading" or is_subheading else "p"
