"""Values of the audiences room: the rules, and the reasons they give."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

#: What decided, strongest first: the editor, a mapping of feed or category, a statement of relevance,
#: words and phrases, the default.
RuleName = Literal["editor", "feed", "category", "relevance", "words", "default"]

#: Where in the item it was seen.
Place = Literal["editor", "feed", "category", "section", "title", "summary", "body", "default"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is for an audience. text: the words seen, as they stand in the item."""

    audience: str
    rule: RuleName
    where: Place
    text: str


def merged(*said: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons for a story that several feeds have, each once; a default only stands by itself."""
    every = tuple(dict.fromkeys(reason for reasons in said for reason in reasons))
    return tuple(reason for reason in every if reason.rule != "default") or every


@dataclass(frozen=True, slots=True)
class AudienceRules:
    """One audience and what speaks for it. Letter case never matters; phrases match whole words."""

    slug: str
    title: str
    #: Names of feeds whose items are all for this audience.
    feeds: tuple[str, ...] = ()
    #: Categories or sections of an item that file it here.
    categories: tuple[str, ...] = ()
    #: How this audience is called in a statement of relevance ("governing bodies"); of the words, those that
    #: stand here too weigh double.
    relevance: tuple[str, ...] = ()
    #: Words and phrases that speak for it in running text.
    words: tuple[str, ...] = ()
    #: Phrases that hold such a word and mean something else ("Bank of England governor").
    avoid: tuple[str, ...] = ()
    #: Words that, in the title or the opening, tell that the item is about another world ("central bank"):
    #: then none of `words` counts.
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sorting:
    """What all audiences share."""

    #: Lead-ins of a statement of relevance: "of relevance to", "for the attention of".
    statements: tuple[str, ...]
    #: What an occurrence of a word weighs, by the place that it stands in.
    title_weight: int
    body_weight: int
    #: Sum of weights from which words decide.
    threshold: int
    #: In what a statement of relevance lists.
    relevance_weight: int = 3
    #: In a category or section that maps to nobody.
    category_weight: int = 0
    #: In the opening, which is read as a part of the text as well.
    summary_weight: int = 1
    #: Groups of words of which each also stands for the others, in every list: leader, leaders, leadership.
    forms: tuple[tuple[str, ...], ...] = ()
    #: Audiences of an item that no rule claims; none means that it waits for the editor.
    default: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """Words that counted, as they stand where they came first in that place, and what all of them weighed."""

    where: Place
    text: str
    weight: int


@dataclass(frozen=True, slots=True)
class Score:
    """What the words of one audience weighed in one item, whether or not they were enough."""

    audience: str
    weight: int
    threshold: int
    reasons: tuple[Reason, ...]
    hits: tuple[Hit, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether words alone make the item one for this audience."""
        return self.weight >= self.threshold and self.weight > 0


@dataclass(frozen=True, slots=True)
class Avoided:
    """Words that look like an audience and were passed over. text: as they stand in the item."""

    where: Place
    text: str


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand an editor's word comes from, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EditorWord:
    """One word of an editor about an item, as it was given.

    what: "audience", "status", "order" or "note". audience: which one, of the first kind only. value: "+",
    "-" or "" (left to the rules again); the status; the place or ""; the note.
    """

    hand: Hand
    what: str
    audience: str
    value: str

    @property
    def told(self) -> str:
        """What was said, in words."""
        if self.what == "audience":
            verdicts = {"+": "for", "-": "not for", "": "leaves it to the rules whether it is for"}
            return f"{verdicts[self.value]} {self.audience}"
        if self.what == "status":
            return "as any other again" if self.value == "new" else self.value
        return f"{self.what} {self.value}" if self.value else f"no {self.what} any more"


AUDIENCE_SEPARATOR = "+"


def audience_key(audiences: Collection[str]) -> str:
    """Return the canonical name of a set of audiences: slugs in alphabetical order, joined by `+`."""
    return AUDIENCE_SEPARATOR.join(sorted(audiences))


def audience_set(key: str) -> frozenset[str]:
    """Return the set that `audience_key` named; "" is the empty set."""
    return frozenset(key.split(AUDIENCE_SEPARATOR)) if key else frozenset()
