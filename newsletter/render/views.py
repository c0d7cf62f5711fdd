"""What a template may see of a variant. Names of fields are those that templates know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from newsletter.render.design import Design
from newsletter.render.further import FurtherLink
from newsletter.render.pictures import Picture
from newsletter.render.story import Block
from newsletter.render.words import Words


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language as the attributes of an element say it; "" where that repeats the edition's."""

    lang: str = ""
    dir: Literal["", "ltr", "rtl"] = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item in a digest.

    Either it has a link, and a standfirst, or it has none and story holds it in full; body holds that always.
    line: its first sentences; relevant_to: titles of audiences in one phrase; date_label: "First published 19
    July 2021", or "" where nobody says; links: what it names beside itself; read_at: "Read it at
    www.example.org". picture: its first one from a host that is allowed.
    """

    headline: str
    link: str | None
    tongue: Tongue
    category: str
    date_label: str
    date_tongue: Tongue
    standfirst: str
    line: str
    relevant_to: str
    quote: str
    body: tuple[Block, ...]
    links: tuple[FurtherLink, ...]
    read_at: str
    picture: Picture | None

    @property
    def story(self) -> tuple[Block, ...]:
        """All of it, where there is no link to go on reading; else nothing."""
        return () if self.link else self.body


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading and the items under it. leads: it is that of the leading story."""

    title: str
    tongue: Tongue
    items: tuple[ItemView, ...]
    leads: bool = False


@dataclass(frozen=True, slots=True)
class EditionView:
    """A whole variant, in order of reading. Its fields are the names that templates know.

    words_tongue: language of the words, empty where they are in the edition's.
    """

    organisation: str
    organisation_url: str | None
    address: str
    title: str
    subject: str
    preheader: str
    date: str
    count: str
    intro: str
    introduction: tuple[Block, ...]
    closing: tuple[Block, ...]
    why: str
    footer: tuple[Block, ...]
    design: Design
    words: Words
    words_tongue: Tongue
    lang: str
    dir: Literal["ltr", "rtl"]
    sections: tuple[SectionView, ...]

    @property
    def items(self) -> tuple[ItemView, ...]:
        """All items, in order of reading."""
        return tuple(item for section in self.sections for item in section.items)
