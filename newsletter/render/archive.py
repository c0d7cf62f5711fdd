"""An archive's front page: every issue that went out, by newsletter and year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from newsletter.render.design import Design
from newsletter.render.web import Headline, page_policy
from newsletter.render.words import direction_of, words_for

FRONT_PAGE = "index.html"
#: Where the feeds stand beside it.
ATOM, JSON_FEED = "feed.xml", "feed.json"
#: How many other headlines the front page tells of an issue.
_ALSO = 3


@dataclass(frozen=True, slots=True)
class IssuePage:
    """The web version for one set of audiences. path: below the archive's folder; audiences: their titles."""

    path: str
    audiences: tuple[str, ...]

    @property
    def href(self) -> str:
        """The path as a link has it: a plus sign is no space."""
        return quote(self.path)


@dataclass(frozen=True, slots=True)
class Issue:
    """An edition that members have, as the archive shows it.

    id: "weekly/2026-11-27". newsletter: its title. page: for most audiences; its subject, preheader and
    headlines stand here. pages: for one audience alone, or for several that have none alone.
    """

    id: str
    newsletter: str
    language: str
    day: date
    sent: datetime
    subject: str
    preheader: str
    page: IssuePage
    pages: tuple[IssuePage, ...]
    headlines: tuple[Headline, ...]

    @property
    def title(self) -> Headline:
        """The subject; in full, where it is the first headline cut to the length of an inbox's line."""
        cut = self.subject.removesuffix("…")
        first = self.headlines[0] if self.headlines else Headline("")
        return first if first.text.startswith(cut) else Headline(self.subject)

    @property
    def also(self) -> tuple[Headline, ...]:
        """What else there is: the next headlines, or the preheader."""
        others = [headline for headline in self.headlines if headline != self.title]
        return tuple(others[:_ALSO]) or (Headline(self.preheader),)


@dataclass(frozen=True, slots=True)
class Archive:
    """All that was sent. issues: newest first. domain: of the sender, for names that last.

    address: where its folder is reached, with a slash at the end; "" where nobody said, and then links in its
    feeds are relative.
    """

    organisation: str
    organisation_url: str
    domain: str
    address: str
    issues: tuple[Issue, ...]

    @property
    def language(self) -> str:
        """The language of all newsletters, or English where they have several."""
        languages = {issue.language for issue in self.issues}
        return languages.pop() if len(languages) == 1 else "en"


@dataclass(frozen=True, slots=True)
class _Shelf:
    """One newsletter on the front page; years: newest first."""

    title: str
    anchor: str
    language: str
    years: tuple[tuple[int, tuple[Issue, ...]], ...]


def render_front_page(archive: Archive, design: Design) -> str:
    """Return the page for `index.html`; it needs no script, and its links work below any path and on disk.

    design: as the mails look.
    """
    environment = Environment(
        loader=PackageLoader("newsletter.render", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("archive.html").render(
        archive=archive,
        shelves=tuple(_shelves(archive.issues)),
        words=words_for(archive.language),
        words_for=words_for,
        dir=direction_of(archive.language),
        policy=page_policy(()),
        design=design,
        feeds={"application/atom+xml": ("Atom", ATOM), "application/feed+json": ("JSON Feed", JSON_FEED)},
    )


def _shelves(issues: Sequence[Issue]) -> Iterator[_Shelf]:
    """Yield newsletters in the order of their newest issues."""
    for anchor in dict.fromkeys(_newsletter(issue) for issue in issues):
        own = [issue for issue in issues if _newsletter(issue) == anchor]
        yield _Shelf(own[0].newsletter, anchor, own[0].language, tuple(_years(own)))


def _years(issues: Iterable[Issue]) -> Iterator[tuple[int, tuple[Issue, ...]]]:
    return ((year, tuple(own)) for year, own in groupby(issues, key=lambda issue: issue.day.year))


def _newsletter(issue: Issue) -> str:
    return issue.id.partition("/")[0]
