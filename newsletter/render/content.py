"""A variant's items as templates see them: grouped, dated and labelled in the edition's language.

Texts are plain and on one line; whatever they hold is data to the template.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, tzinfo
from urllib.parse import urlsplit

from newsletter.feeds.types import Item, ItemStatus
from newsletter.render.further import further_links
from newsletter.render.markdown import read_markdown
from newsletter.render.merge import one_line
from newsletter.render.pictures import Picture, first_picture
from newsletter.render.story import Block, Paragraph, plain, quotations, read_story, web_link
from newsletter.render.subject import SUBJECT_LENGTH, cut_words, first_words, make_preheader, make_subject
from newsletter.render.types import Masthead
from newsletter.render.views import EditionView, ItemView, SectionView, Tongue
from newsletter.render.words import Words, direction_of, has_words, primary_language, words_for

STANDFIRST_WORDS = 60
QUOTE_WORDS = 35
#: An item may have a quotation when none of the two before it had one.
ITEMS_PER_QUOTE = 3
RELEVANT_TO = 5
#: Pictures cost a reader on the move, and each is one more that may be blocked.
MOST_PICTURES = 2
#: Characters of what a brief says of a story.
LINE_LENGTH = 110
#: What a site files its news under that has no other place.
_NO_CATEGORY = ("uncategorized", "uncategorised")

_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)")
#: Of these the dot ends no sentence.
_ABBREVIATED = re.compile(r"(?:\b(?:[A-Z]|Dr|Mr|Mrs|Ms|St|No|Prof|Rev|vs|e\.g|i\.e|etc|approx)|\b\d{1,2})\.$")
_SOFT = "\u00ad\u200b\ufeff"


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
    words, organisation, written = view.words, one_line(masthead.organisation.name), masthead.editorial
    names = {
        "title": one_line(masthead.title),
        "organisation": organisation,
        "audiences": words.list(tuple(map(one_line, masthead.audiences))),
    }
    served = bool(masthead.audiences)
    in_subject = {**names, "date": words.day(day), "count": words.count(len(shown))}
    return EditionView(
        organisation=organisation,
        organisation_url=web_link(masthead.organisation.url),
        address=one_line(masthead.organisation.address),
        title=names["title"],
        subject=one_line(written.subject) or _subject(masthead.subject, shown, in_subject),
        preheader=_preheader(words, shown, in_subject),
        date=words.weekday(day),
        count=in_subject["count"],
        intro=(words.intro if served else words.intro_for_all).format(**names),
        introduction=_read(written.introduction),
        closing=_read(written.closing),
        why=(words.why if served else words.why_for_all).format(**names),
        footer=read_markdown(masthead.organisation.footer),
        design=masthead.design,
        words=words,
        words_tongue=view.words_tongue,
        lang=view.lang,
        dir=direction_of(view.lang),
        sections=sections,
    )


def _read(texts: Sequence[str]) -> tuple[Block, ...]:
    return tuple(block for text in texts for block in read_markdown(text))


class _Viewer:
    """Turns items into views; remembers how long ago the last quotation was, and counts pictures."""

    def __init__(
        self, masthead: Masthead, titles: Mapping[str, str], timezone: tzinfo, picture_hosts: Collection[str]
    ) -> None:
        self.lang = masthead.language if primary_language(masthead.language) else "en"
        self.words = words_for(self.lang)
        self.words_tongue = self._tongue(self.words.language)
        self._titles = titles
        self._timezone = timezone
        self._picture_hosts = frozenset(picture_hosts)
        self._since_quote = ITEMS_PER_QUOTE
        self._pictures = 0

    def sections(self, items: Sequence[Item]) -> Iterator[SectionView]:
        """Yield the leading stories, where some are pinned, and the others under their sections' names."""
        leads = [item for item in items if item.status is ItemStatus.PINNED] if len(items) > 1 else []
        if leads:
            views = tuple(self._item(item, "") for item in leads)
            title = self.words.top_story if len(leads) == 1 else self.words.top_stories
            yield SectionView(title, Tongue(), views, leads=True)
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
            date_tongue=tongue if spoken else self.words_tongue,
            standfirst="" if in_full else first_words(standfirst, STANDFIRST_WORDS),
            line=_line(standfirst),
            relevant_to=self._relevant_to(item),
            quote="" if in_full else self._quote(story),
            body=story,
            links=() if in_full else further_links(story, link),
            read_at=self.words.read_at.format(host=_host(link)) if link else "",
            picture=self._picture(item.html),
        )

    def _picture(self, html: str) -> Picture | None:
        found = first_picture(html, self._picture_hosts) if self._pictures < MOST_PICTURES else None
        self._pictures += found is not None
        return found

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


def _subject(template: str, shown: Sequence[ItemView], names: Mapping[str, str]) -> str:
    return make_subject(template, shown[0].headline, names) if shown else names["title"]


def _preheader(words: Words, shown: Sequence[ItemView], names: Mapping[str, str]) -> str:
    others = words.also.format(headlines=" · ".join(item.headline for item in shown[1:]))
    standfirst = " ".join(shown[0].standfirst.split()) if shown else ""
    return make_preheader(others, words.alone.format(**names), standfirst, len(shown))


def _line(text: str) -> str:
    """Return the first sentences of a text that have room, or as much of the first as has."""
    ends = [found.end() for found in _SENTENCE.finditer(text) if not _ABBREVIATED.search(text[: found.end()])]
    fitting = [end for end in ends if end <= LINE_LENGTH]
    return text[: fitting[-1]] if fitting else cut_words(text, LINE_LENGTH)


def _host(link: str) -> str:
    try:
        return (urlsplit(link).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _section(item: Item) -> str:
    """Return the heading that an item is filed under; "" is the general one."""
    return next(_filed_under(item), "")


def _filed_under(item: Item) -> Iterator[str]:
    """Yield an item's section and categories, but for those that say nothing."""
    said = (it for it in item.categories if it.strip().lower() not in _NO_CATEGORY)
    return (text for text in map(_tidy, (item.section or "", *said)) if text)


def _paragraphs(story: Sequence[Block]) -> Iterator[str]:
    return (plain(block.runs) for block in story if isinstance(block, Paragraph) and not block.heading)


def _tidy(text: str) -> str:
    """Return text on one line, with single spaces and without invisible characters that only break words."""
    return " ".join(one_line(text).translate(dict.fromkeys(map(ord, _SOFT))).split())
