"""Item to audiences: what each audience finds in it, how much that weighs, and the reasons of each yes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from newsletter.audiences.passages import Passage, Passages, Sortable, read_passages
from newsletter.audiences.phrases import Lexicon, Match, keys
from newsletter.audiences.relevance import Point, compile_lead_ins, read_points
from newsletter.audiences.types import AudienceRules, Place, Reason, RuleName, Score, Sorting

#: Reasons that an audience shows for one rule; more would not say more.
MAX_REASONS = 3

_Role = Literal["relevance", "words", "avoid"]
_Found = Match[tuple[str, _Role]]
#: Matches by each word that they cover.
_ByWord = dict[int, list[_Found]]


@dataclass(frozen=True, slots=True)
class Avoided:
    """Words that look like an audience and were passed over. text: as they stand in the item."""

    where: Place
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one item holds for one audience, enough or not."""

    audience: str
    mapped: tuple[Reason, ...]
    stated: tuple[Reason, ...]
    score: Score
    avoided: tuple[Avoided, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the item is for this audience, strongest first; empty when it is not."""
        enough = self.score.weight >= self.score.threshold and self.score.weight > 0
        return self.mapped + self.stated + (self.score.reasons if enough else ())


class Sorter:
    """The rules of all audiences, compiled; one serves any number of items and keeps nothing of them."""

    def __init__(self, audiences: Sequence[AudienceRules], sorting: Sorting) -> None:
        self.audiences = tuple(audiences)
        self.sorting = sorting
        self._lead_ins = compile_lead_ins(sorting.statements)
        self._lexicon = Lexicon(list(_labelled(audiences)))
        self._categories = {
            rules.slug: {words for name in rules.categories if (words := keys(name))} for rules in audiences
        }

    def assign(self, item: Sortable, feed: str) -> tuple[Reason, ...]:
        """Return why an item is for each audience that it is for, in the audiences' order.

        feed: name of the feed it came from. No reasons means that it waits for the editor.
        """
        found = tuple(reason for evidence in self.examine(item, feed) for reason in evidence.reasons)
        return found or tuple(Reason(slug, "default", "default", "") for slug in self.sorting.default)

    def examine(self, item: Sortable, feed: str) -> tuple[Evidence, ...]:
        """Return all that the rules see in an item, for every audience; the default is not among it."""
        passages = read_passages(item)
        seen = _Seen(passages, self._lexicon)
        points = read_points((passages.title, *passages.body), self._lead_ins)
        return tuple(
            Evidence(
                rules.slug,
                self._mapped(rules, item, feed),
                _stated(rules.slug, points, seen),
                *_weigh(rules.slug, seen, self.sorting),
            )
            for rules in self.audiences
        )

    def _mapped(self, rules: AudienceRules, item: Sortable, feed: str) -> tuple[Reason, ...]:
        wanted = self._categories[rules.slug]
        reasons = [Reason(rules.slug, "feed", "feed", feed)] if feed in rules.feeds else []
        if item.section and keys(item.section) in wanted:
            reasons.append(Reason(rules.slug, "category", "section", item.section))
        filed = [name for name in item.categories if keys(name) in wanted]
        reasons += [Reason(rules.slug, "category", "category", name) for name in filed]
        return _distinct(reasons)


def _labelled(audiences: Iterable[AudienceRules]) -> Iterator[tuple[str, tuple[str, _Role]]]:
    for rules in audiences:
        lists: Mapping[_Role, tuple[str, ...]] = {
            "relevance": rules.relevance,
            "words": rules.words,
            "avoid": rules.avoid,
        }
        yield from ((phrase, (rules.slug, role)) for role, phrases in lists.items() for phrase in phrases)


class _Seen:
    """The phrases of all audiences in the passages of one item, looked up once.

    passages: those of title, opening and body that hold any; without a body the opening stands for it, twice.
    """

    def __init__(self, passages: Passages, lexicon: Lexicon[tuple[str, _Role]]) -> None:
        self._found: dict[int, dict[tuple[str, _Role], list[_Found]]] = {}
        in_order = (passages.title, passages.opening, *passages.body)
        for passage in {id(passage): passage for passage in in_order}.values():
            for match in lexicon.find(passage.words):
                found = self._found.setdefault(id(passage), {})
                found.setdefault(match.label, []).append(match)
        self.passages = tuple(passage for passage in in_order if id(passage) in self._found)
        self._names: dict[tuple[int, str, _Role], list[_Found]] = {}

    def _matches(self, passage: Passage, slug: str, role: _Role) -> Sequence[_Found]:
        return self._found.get(id(passage), {}).get((slug, role), ())

    def names(self, passage: Passage, slug: str, role: _Role) -> list[_Found]:
        """Return the matches of `role` that no avoided phrase disarms, the longest where several begin."""
        place = (id(passage), slug, role)
        if place not in self._names:
            self._names[place] = self._armed(passage, slug, role)
        return self._names[place]

    def _armed(self, passage: Passage, slug: str, role: _Role) -> list[_Found]:
        found = self._matches(passage, slug, role)
        avoided = _by_word(self._matches(passage, slug, "avoid")) if found else {}
        kept: list[_Found] = []
        for match in sorted(found, key=lambda m: (m.first, -m.last)):
            overlaps_kept = kept and match.first < kept[-1].last
            if not overlaps_kept and not _is_disarmed(match, avoided):
                kept.append(match)
        return kept

    def avoided(self, passage: Passage, slug: str) -> list[_Found]:
        """Return the avoided phrases that stand for themselves, not inside a longer name."""
        found = self._matches(passage, slug, "avoid")
        if not found:
            return []
        names = _by_word(self.names(passage, slug, "words"))
        return [match for match in found if not _is_held(match, names)]


def _by_word(matches: Iterable[_Found]) -> _ByWord:
    covering: _ByWord = {}
    for match in matches:
        for word in range(match.first, match.last):
            covering.setdefault(word, []).append(match)
    return covering


def _holds(outer: _Found, inner: _Found) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last


def _is_held(match: _Found, others: _ByWord) -> bool:
    return any(_holds(other, match) for other in others.get(match.first, ()))


def _is_disarmed(match: _Found, avoided: _ByWord) -> bool:
    """Whether an avoided phrase shares a word with a match that does not hold it and more."""
    if not avoided:
        return False
    overlapping = (other for word in range(match.first, match.last) for other in avoided.get(word, ()))
    return any(_holds(other, match) or not _holds(match, other) for other in overlapping)


def _stated(slug: str, points: Iterable[Point], seen: _Seen) -> tuple[Reason, ...]:
    return _distinct(
        Reason(slug, "relevance", point.where, point.text)
        for point in points
        if _begins_in(point, seen.names(point.passage, slug, "relevance"))
    )


def _begins_in(point: Point, names: Sequence[_Found]) -> bool:
    place = bisect_left(names, point.first, key=lambda name: name.first)
    return place < len(names) and names[place].first < point.reach


@dataclass(slots=True)
class _Tally:
    """Occurrences of one audience's words in one item, counted in reading order."""

    slug: str
    weight: int = 0
    reasons: list[Reason] = field(default_factory=list)
    #: By their words in lower case: each is shown once, where it came first.
    avoided: dict[str, Avoided] = field(default_factory=dict)
    #: Whether the first mention of a word was meant (see the room's docstring, "What is avoided").
    meant: dict[str, bool] = field(default_factory=dict)

    def take(self, passage: Passage, match: _Found, weight: int) -> None:
        """Count one match with its weight, or pass it over."""
        text = passage.words.quote(match.first, match.last)
        stems = [key.removesuffix("s") for key in passage.words.keys[match.first : match.last]]
        wanted = match.label[1] != "avoid" and any(self.meant.get(stem, True) for stem in stems)
        for stem in stems:
            self.meant.setdefault(stem, wanted)
        if wanted:
            self.weight += weight
            self.reasons.append(Reason(self.slug, "words", passage.where, text))
        else:
            self.avoided.setdefault(text.casefold(), Avoided(passage.where, text))


def _weigh(slug: str, seen: _Seen, sorting: Sorting) -> tuple[Score, tuple[Avoided, ...]]:
    tally = _Tally(slug)
    for passage in seen.passages:
        matches = seen.names(passage, slug, "words") + seen.avoided(passage, slug)
        if not matches:
            continue
        names = _by_word(seen.names(passage, slug, "relevance"))
        weight = sorting.title_weight if passage.where == "title" else sorting.body_weight
        for match in sorted(matches, key=lambda m: (m.first, m.last)):
            tally.take(passage, match, weight * (1 + _is_held(match, names)))
    score = Score(slug, tally.weight, sorting.threshold, _distinct(tally.reasons))
    return score, tuple(tally.avoided.values())


def _distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the first few that quote different words; reading order is order of strength."""
    first: dict[tuple[RuleName, str], Reason] = {}
    for reason in reasons:
        first.setdefault((reason.rule, reason.text.casefold()), reason)
    return tuple(first.values())[:MAX_REASONS]
