"""Values of the audiences room: the rules, and the reasons they give."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Sorting:
    """What all audiences share."""

    #: Lead-ins of a statement of relevance: "of relevance to", "for the attention of".
    statements: tuple[str, ...]
    title_weight: int
    body_weight: int
    #: Sum of weights from which words decide.
    threshold: int
    #: Audiences of an item that no rule claims; none means that it waits for the editor.
    default: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """What the words of one audience weighed in one item, whether or not they were enough."""

    audience: str
    weight: int
    threshold: int
    reasons: tuple[Reason, ...]


AUDIENCE_SEPARATOR = "+"


def audience_key(audiences: Collection[str]) -> str:
    """Return the canonical name of a set of audiences: slugs in alphabetical order, joined by `+`."""
    return AUDIENCE_SEPARATOR.join(sorted(audiences))


def audience_set(key: str) -> frozenset[str]:
    """Return the set that `audience_key` named; "" is the empty set."""
    return frozenset(key.split(AUDIENCE_SEPARATOR)) if key else frozenset()
