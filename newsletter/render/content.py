"""What a template may see of a variant's items: grouped, dated and labelled in the edition's language.

Texts are plain and on one line; whatever they hold is data to the template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Literal

from newsletter.feeds.types import Item, ItemStatus
from newsletter.render.merge import one_line
from newsletter.render.pictures import Picture, first_picture
from newsletter.render.story import Block, Paragraph, plain, quotations, read_story, web_link
from newsletter.render.types import Masthead
from newsletter.render.words import Words, direction_of, has_words, primary_language, words_for

SUBJECT_LENGTH = 60
PREHEADER_LENGTH = range(40, 131)
STANDFIRST_WORDS = 60
QUOTE_WORDS = 35
#: An item may have a quotation when none of the two before it had one.
ITEMS_PER_QUOTE = 3
RELEVANT_TO = 5

#: Not left before an ellipsis.
_TRAILING = " ,;:.·–—-"
_SOFT = "\u00ad\u200b\ufeff"


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language as the attributes of an element say it; "" where that repeats the edition's."""

    lang: str = ""
    dir: Literal["", "ltr", "rtl"] = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item in a digest.

    Either it has a link, and a standfirst, or it has none and story holds it in full. relevant_to: titles of
    audiences in one phrase; date_label: "First published 19 July 2021", or "" where nobody says. picture: its
    first one from a host that is allowed.
    """

    headline: str
    link: str | None
    tongue: Tongue
    category: str
    date_label: str
    date_tongue: Tongue
    standfirst: str
    relevant_to: str
    quote: str
    story: tuple[Block, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading and the items under it."""

    title: str
    tongue: Tongue
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True)
class EditionView:
    """A whole variant, in order of reading. Its fields are the names that templates know."""

    organisation: str
    organisation_url: str | None
    address: str
    title: str
    subject: str
    preheader: str
    date: str
    count: str
    intro: str
    why: str
    words: Words
    lang: str
    dir: Literal["ltr", "rtl"]
    sections: tuple[SectionView, ...]

    @property
    def items(self) -> tuple[ItemView, ...]:
        """All items, in order of reading."""
        return tuple(item for section in self.sections for item in section.items)


def view_edition(
    masthead: Masthead,
    items: Sequence[Item],
    *,
    day: date,
    titles: Mapping[str, str],
    timezone: tzinfo = UTC,
    picture_hosts: Collection[str] = (),
) -> EditionView:
    """Return a variant as templates see it.

    items: in the edition's order. Pinned ones lead it under a heading of their own; then sections stand in
    the order of their first items. titles: of the audiences that the newsletter serves, by slug and in its
    order. timezone: in which an item's date is read. picture_hosts: whose pictures may be shown.
    """
    view = _Viewer(masthead, titles, timezone, picture_hosts)
    sections = tuple(view.sections(items))
    shown = [item for section in sections for item in section.items]
    words, organisation = view.words, one_line(masthead.organisation.name)
    names = {
        "title": one_line(masthead.title),
        "organisation": organisation,
        "audiences": words.list(tuple(map(one_line, masthead.audiences))),
    }
    served = bool(masthead.audiences)
    return EditionView(
        organisation=organisation,
        organisation_url=web_link(masthead.organisation.url),
        address=one_line(masthead.organisation.address),
        title=names["title"],
        subject=cut_words(shown[0].headline, SUBJECT_LENGTH) if shown else names["title"],
        preheader=_preheader(words, shown, day, organisation),
        date=words.weekday(day),
        count=words.count(len(shown)),
        intro=(words.intro if served else words.intro_for_all).format(**names),
        why=(words.why if served else words.why_for_all).format(**names),
        words=words,
        lang=view.lang,
        dir=direction_of(view.lang),
        sections=sections,
    )


class _Viewer:
    """Turns items into views; remembers how long ago the last quotation was."""

    def __init__(
        self, masthead: Masthead, titles: Mapping[str, str], timezone: tzinfo, picture_hosts: Collection[str]
    ) -> None:
        self.lang = masthead.language if primary_language(masthead.language) else "en"
        self.words = words_for(self.lang)
        self._titles = titles
        self._timezone = timezone
        self._picture_hosts = frozenset(picture_hosts)
        self._since_quote = ITEMS_PER_QUOTE

    def sections(self, items: Sequence[Item]) -> Iterator[SectionView]:
        leads = [item for item in items if item.status is ItemStatus.PINNED]
        if leads:
            views = tuple(self._item(item, "") for item in leads)
            yield SectionView(self.words.lead_section, Tongue(), views)
        grouped: dict[str, list[Item]] = {}
        for item in items:
            if item not in leads:
                grouped.setdefault(_section(item).casefold(), []).append(item)
        for members in grouped.values():
            title = _section(members[0])
            tongues = {self._tongue(item.language) for item in members}
            tongue = tongues.pop() if title and len(tongues) == 1 else Tongue()
            views = tuple(self._item(item, title) for item in members)
            yield SectionView(title or self.words.general_section, tongue, views)

    def _item(self, item: Item, section: str) -> ItemView:
        link, story = web_link(item.link), read_story(item.html)
        standfirst = _tidy(item.summary) or " ".join(_paragraphs(story))
        in_full = link is None and bool(story)
        spoken = item.language if has_words(item.language) else None
        tongue = self._tongue(item.language)
        headline = _tidy(item.title) or cut_words(standfirst, SUBJECT_LENGTH) or self.words.general_section
        words = words_for(spoken) if spoken else self.words
        return ItemView(
            headline=headline if item.corrects is None else words.correction.format(headline=headline),
            link=link,
            tongue=tongue,
            category=next((c for c in _filed_under(item) if c.casefold() != section.casefold()), ""),
            date_label=self._date_label(item, words),
            date_tongue=tongue if spoken else Tongue(),
            standfirst="" if in_full else first_words(standfirst, STANDFIRST_WORDS),
            relevant_to=self._relevant_to(item),
            quote="" if in_full else self._quote(story),
            story=story if in_full else (),
            picture=first_picture(item.html, self._picture_hosts),
        )

    def _tongue(self, language: str | None) -> Tongue:
        primary = primary_language(language)
        if language is None or primary is None or primary == primary_language(self.lang):
            return Tongue()
        direction = direction_of(language)
        return Tongue(language, direction if direction != direction_of(self.lang) else "")

    def _date_label(self, item: Item, words: Words) -> str:
        if item.published is None:
            return ""
        return words.first_published.format(date=words.day(item.published.astimezone(self._timezone).date()))

    def _relevant_to(self, item: Item) -> str:
        titles = [one_line(title) for slug, title in self._titles.items() if slug in item.audiences]
        return self.words.list(titles[:RELEVANT_TO]) if titles else ""

    def _quote(self, story: Sequence[Block]) -> str:
        self._since_quote += 1
        if self._since_quote < ITEMS_PER_QUOTE:
            return ""
        quote = next((text for text in quotations(story) if 0 < len(text.split()) <= QUOTE_WORDS), "")
        if quote:
            self._since_quote = 0
        return quote


def cut_words(text: str, length: int) -> str:
    """Return text of at most length characters, cut after a word, where that is needed, with an ellipsis."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    words = head if text[length - 1] == " " else head.rpartition(" ")[0]
    return (words or head).rstrip(_TRAILING) + "…"


def first_words(text: str, count: int) -> str:
    """Return at most count words, with an ellipsis where some are left out."""
    words = text.split()
    return " ".join(words) if len(words) <= count else " ".join(words[:count]).rstrip(_TRAILING) + "…"


def _preheader(words: Words, shown: Sequence[ItemView], day: date, organisation: str) -> str:
    """Return the line that an inbox shows after the subject: what else there is."""
    alone = words.alone.format(count=words.count(len(shown)), date=words.day(day), organisation=organisation)
    if len(shown) < 2:  # noqa: PLR2004 - the first headline is the subject
        return cut_words(alone, PREHEADER_LENGTH[-1])
    also = words.also.format(headlines=" · ".join(item.headline for item in shown[1:]))
    line = also if len(also) in PREHEADER_LENGTH or len(also) > PREHEADER_LENGTH[-1] else f"{also} · {alone}"
    return cut_words(line, PREHEADER_LENGTH[-1])


def _section(item: Item) -> str:
    """Return the heading that an item is filed under; "" is the general one."""
    return next(_filed_under(item), "")


def _filed_under(item: Item) -> Iterator[str]:
    """Yield an item's section and categories."""
    return (text for text in map(_tidy, (item.section or "", *item.categories)) if text)


def _paragraphs(story: Sequence[Block]) -> Iterator[str]:
    return (plain(block.runs) for block in story if isinstance(block, Paragraph) and not block.heading)


def _tidy(text: str) -> str:
    """Return text on one line, with single spaces and without invisible characters that only break words."""
    return " ".join(one_line(text).translate(dict.fromkeys(map(ord, _SOFT))).split())
