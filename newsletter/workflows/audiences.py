"""Review the audiences: how many members and items each has, and which of its rules match nothing.

Rules that say the same in another spelling count as one: if one of them has matched, none is unused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from newsletter.audiences.phrases import keys
from newsletter.audiences.rules import listed_rules
from newsletter.audiences.types import AudienceRules
from newsletter.audiences.weighing import Rule
from newsletter.config import CONFIG_NAME, shipped_folder
from newsletter.feeds.types import Item
from newsletter.workflows.project import Project

RECENT = timedelta(days=30)
#: Items that rules are tried on, newest first: a thousand take about a second.
MOST_EXAMINED = 2_000
#: So many items must have been seen before a rule that matched none is worth a word.
ENOUGH_EXAMINED = 200
#: The lists that speak for an audience; the others guard against what may never come.
_SPEAKING = ("feeds", "categories", "relevance", "words")


@dataclass(frozen=True, slots=True)
class UnusedRule:
    """A rule that matches nothing. kind: the list that it stands in; text: as it stands there."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class AudienceReview:
    """One audience at a glance.

    items: for it now; recent: those of the last 30 days. rules: how many it has. unused: those that match
    none of the items examined; own: those of them that speak for it and did not come with the program;
    faults: rules that can never match, in words.
    """

    audience: str
    title: str
    members: int
    items: int
    recent: int
    rules: int
    unused: tuple[UnusedRule, ...]
    own: tuple[UnusedRule, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """All audiences, in the order of the file, and how many items their rules were tried on."""

    audiences: tuple[AudienceReview, ...]
    examined: int

    @property
    def is_telling(self) -> bool:
        """Whether so many items were examined that a rule without a match is worth a word."""
        return self.examined >= ENOUGH_EXAMINED


def review_audiences(project: Project, now: datetime) -> Review:
    """Count what each audience has, and try its rules on the newest items."""
    items = [item for item, _ in project.items.all()]
    tried = list(islice(items, MOST_EXAMINED))
    spoke = {rule for item in tried for rule in project.sorter.spoke(item)}
    evidence = _Evidence(items, tried, spoke, set(_shipped()))
    members = project.members.count_by_audience()
    return Review(
        tuple(
            _review(project, rules, evidence, members[rules.slug], now) for rules in project.config.audiences
        ),
        len(tried),
    )


def _shipped() -> Iterator[UnusedRule]:
    """Yield the rules that come with the program: they are many, for all kinds of schools, and no slips."""
    settings = tomllib.loads((shipped_folder() / CONFIG_NAME).read_text("utf-8"))
    for rules in settings["audiences"].values():
        for kind in _SPEAKING:
            yield from (UnusedRule(kind, text) for text in rules.get(kind, ()))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """All items, those on which rules were tried, the rules that spoke there, and those that ship."""

    items: list[Item]
    tried: list[Item]
    spoke: set[Rule]
    shipped: set[UnusedRule]


def _review(
    project: Project, rules: AudienceRules, evidence: _Evidence, members: int, now: datetime
) -> AudienceReview:
    theirs = [item for item in evidence.items if rules.slug in item.audiences]
    phrases = list(listed_rules([rules]))
    unused = [*_unused_phrases(project, rules, evidence), *_unused_mappings(project, rules, evidence.tried)]
    return AudienceReview(
        rules.slug,
        rules.title,
        members,
        len(theirs),
        sum(item.date >= now - RECENT for item in theirs),
        len(phrases) + len(rules.categories) + len(rules.feeds),
        tuple(unused),
        tuple(rule for rule in unused if rule.kind in _SPEAKING and rule not in evidence.shipped),
        tuple(_faults(rules)),
    )


def _unused_phrases(project: Project, rules: AudienceRules, evidence: _Evidence) -> Iterator[UnusedRule]:
    def said(rule: Rule) -> set[tuple[str, str]]:
        return {(rule.role, "".join(words)) for words in project.sorter.spellings_of(rule.phrase)}

    spoken = {each for rule in evidence.spoke if rule.audience == rules.slug for each in said(rule)}
    for rule in listed_rules([rules]):
        if not spoken & said(rule):
            yield UnusedRule(rule.role, rule.phrase)


def _unused_mappings(project: Project, rules: AudienceRules, tried: list[Item]) -> Iterator[UnusedRule]:
    given = {keys(name) for item in tried for name in (item.section or "", *item.categories)}
    for name in rules.categories:
        if not any(spelled in given for spelled in project.sorter.spellings_of(name)):
            yield UnusedRule("categories", name)
    feeds = {item.feed for item in tried}
    yield from (UnusedRule("feeds", name) for name in rules.feeds if name not in feeds)


def _faults(rules: AudienceRules) -> Iterator[str]:
    for rule in listed_rules([rules]):
        if not keys(rule.phrase):
            yield f"{rule.role} holds {rule.phrase!r}, which has no letter or digit and never matches"
    avoided = {keys(phrase) for phrase in rules.avoid}
    for phrase in rules.words:
        if keys(phrase) and keys(phrase) in avoided:
            yield f"words holds {phrase!r}, and avoid holds it too: it never counts"
