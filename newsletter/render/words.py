"""The words that an edition says by itself, by language, and dates and lists written the same way.

A language without a table gets the English one, dates included, so that one line never mixes two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
#: CLDR leaves the choice open; "ac" stands before a vowel.
_WELSH_AND = re.compile(r",? a\(c\) (?=([aeiouwyâêîôûŵŷ])?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """The table of one language. Names in braces are filled by whoever uses the sentence."""

    language: str
    first_published: str
    general_section: str
    top_story: str
    top_stories: str
    contents: str
    relevant_to: str
    full_story: str
    read_at: str
    one_story: str
    many_stories: str
    dear: str
    colleague: str
    intro: str
    intro_for_all: str
    why: str
    why_for_all: str
    view_in_browser: str
    unsubscribe: str
    change_topics: str
    also: str
    alone: str
    correction: str
    all_issues: str
    archive: str
    issue_for: str
    follow: str

    def count(self, stories: int) -> str:
        """Return how many stories there are, in words of this language."""
        return self.one_story if stories == 1 else self.many_stories.format(n=stories)

    def day(self, day: date) -> str:
        """Return "19 July 2021"."""
        return format_date(day, "d MMMM y", locale=self.language)

    def weekday(self, day: date) -> str:
        """Return "Monday 19 July 2021"."""
        return format_date(day, "EEEE d MMMM y", locale=self.language)

    def list(self, words: Sequence[str]) -> str:
        """Return "Governors, Leaders and Career leads"."""
        # CLDR's British list has no comma before "and"; its plain English one does.
        written = format_list(list(words), locale="en_GB" if self.language == "en" else self.language)
        return _WELSH_AND.sub(lambda found: " ac " if found[1] else " a ", written)


_ENGLISH = Words(
    language="en",
    first_published="First published {date}",
    general_section="News",
    top_story="Top story",
    top_stories="Top stories",
    contents="In this issue",
    relevant_to="Relevant to",
    full_story="The full story",
    read_at="Read it at {host}",
    one_story="1 story",
    many_stories="{n} stories",
    dear="Dear",
    colleague="colleague",
    intro="Here is the news we chose for {audiences}.",
    intro_for_all="Here is the news we chose for you.",
    why="We send you {title} because you are a member of {organisation}, listed under {audiences}.",
    why_for_all="We send you {title} because you are a member of {organisation}.",
    view_in_browser="View in browser",
    unsubscribe="Unsubscribe",
    change_topics="Change your topics",
    also="Also in this issue: {headlines}",
    alone="{count} in the issue of {date} from {organisation}",
    correction="Correction: {headline}",
    all_issues="All issues",
    archive="Newsletter archive",
    issue_for="The issue for",
    follow="Follow with a feed reader",
)

_WELSH = Words(
    language="cy",
    first_published="Cyhoeddwyd gyntaf {date}",
    general_section="Newyddion",
    top_story="Y brif stori",
    top_stories="Y prif straeon",
    contents="Yn y rhifyn hwn",
    relevant_to="Perthnasol i",
    full_story="Y stori lawn",
    read_at="Darllenwch y stori ar {host}",
    one_story="1 stori",
    many_stories="{n} stori",
    dear="Annwyl",
    colleague="gydweithiwr",
    intro="Dyma’r newyddion a ddewiswyd ar gyfer {audiences}.",
    intro_for_all="Dyma’r newyddion a ddewiswyd i chi.",
    why="Rydym yn anfon {title} atoch am eich bod yn aelod o {organisation}, dan {audiences}.",
    why_for_all="Rydym yn anfon {title} atoch am eich bod yn aelod o {organisation}.",
    view_in_browser="Gweld yn y porwr",
    unsubscribe="Dad-danysgrifio",
    change_topics="Newid eich pynciau",
    also="Hefyd yn y rhifyn hwn: {headlines}",
    alone="{count} yn rhifyn {date} gan {organisation}",
    correction="Cywiriad: {headline}",
    all_issues="Pob rhifyn",
    archive="Archif cylchlythyrau",
    issue_for="Y rhifyn ar gyfer",
    follow="Dilyn â darllenydd ffrydiau",
)

_TABLES = {table.language: table for table in (_ENGLISH, _WELSH)}


def primary_language(tag: str | None) -> str | None:
    """Return the primary subtag of a BCP 47 tag in lower case ("en-GB" -> "en"); None if it is no tag."""
    return tag.partition("-")[0].lower() if tag and _TAG.fullmatch(tag) else None


def has_words(tag: str | None) -> bool:
    """Whether this language has a table of its own."""
    return primary_language(tag) in _TABLES


def words_for(tag: str | None) -> Words:
    """Return the table of a language, or the English one."""
    return _TABLES.get(primary_language(tag) or "", _ENGLISH)


@lru_cache(maxsize=256)
def direction_of(tag: str | None) -> Literal["ltr", "rtl"]:
    """Return how this language is written; what is not known runs from left to right."""
    try:
        return "rtl" if Locale.parse(primary_language(tag) or "en").text_direction == "rtl" else "ltr"
    except (UnknownLocaleError, ValueError):
        return "ltr"
