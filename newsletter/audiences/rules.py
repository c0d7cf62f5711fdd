"""Item to audiences: what each audience finds in it, how much that weighs, and the reasons of each yes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.audiences.passages import Passages, Sortable, read_passages
from newsletter.audiences.phrases import Lexicon, Spellings, keys
from newsletter.audiences.relevance import Point, read_points
from newsletter.audiences.types import AudienceRules, Avoided, Reason, RuleName, Score, Sorting
from newsletter.audiences.weighing import MAX_REASONS, Found, Role, Rule, Seen, weigh


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
        return self.mapped + self.stated + (self.score.reasons if self.score.enough else ())


class Sorter:
    """The rules of all audiences, compiled; one serves any number of items and keeps nothing of them."""

    def __init__(self, audiences: Sequence[AudienceRules], sorting: Sorting) -> None:
        self.audiences = tuple(audiences)
        self.sorting = sorting
        self._lexicon = Lexicon(
            [(rule.phrase, rule) for rule in listed_rules(audiences)], forms=sorting.forms
        )
        lead_ins = [(statement, Rule("", "statement", statement)) for statement in sorting.statements]
        self._lexicon.add(lead_ins, plurals=False)
        self._spellings = Spellings(sorting.forms)
        self._categories = {
            rules.slug: {words for name in rules.categories for words in self.spellings_of(name)}
            for rules in audiences
        }

    def assign(self, item: Sortable, feed: str) -> tuple[Reason, ...]:
        """Return why an item is for each audience that it is for, in the audiences' order.

        feed: name of the feed it came from. No reasons means that it waits for the editor.
        """
        found = tuple(
            reason for evidence in self._examine(item, feed, full=False) for reason in evidence.reasons
        )
        return found or tuple(Reason(slug, "default", "default", "") for slug in self.sorting.default)

    def examine(self, item: Sortable, feed: str) -> tuple[Evidence, ...]:
        """Return all that the rules see in an item, for every audience; the default is not among it."""
        return tuple(self._examine(item, feed, full=True))

    def stated(self, item: Sortable) -> tuple[str, ...]:
        """Return whom the statements of relevance in an item list, as it stands there, known or not."""
        passages = read_passages(item)
        points = _points(passages, Seen(passages, self._lexicon))
        return tuple(dict.fromkeys(point.text for point in points))

    def spoke(self, item: Sortable) -> set[Rule]:
        """Return every line of the audiences' lists whose words stand in an item, counted or not."""
        passages = read_passages(item)
        read = (passages.title, *passages.labels, passages.opening, *passages.body)
        return {match.label for passage in read for match in self._lexicon.find(passage.words)}

    def spellings_of(self, phrase: str) -> list[tuple[str, ...]]:
        """Return the words of a phrase in all its forms."""
        return self._spellings.of(keys(phrase))

    def files(self, category: str, audience: str) -> bool:
        """Whether a category files an item under an audience."""
        return keys(category) in self._categories[audience]

    def _examine(self, item: Sortable, feed: str, *, full: bool) -> Iterator[Evidence]:
        passages = read_passages(item)
        seen = Seen(passages, self._lexicon)
        points = _points(passages, seen)
        for rules in self.audiences:
            tally = weigh(rules.slug, seen, points, self.sorting, full=full)
            yield Evidence(
                rules.slug,
                self._mapped(rules, item, feed),
                _stated(rules.slug, points, seen),
                tally.score(self.sorting.threshold, full=full),
                tally.avoided() if full else (),
            )

    def _mapped(self, rules: AudienceRules, item: Sortable, feed: str) -> tuple[Reason, ...]:
        reasons = [Reason(rules.slug, "feed", "feed", feed)] if feed in rules.feeds else []
        if item.section and self.files(item.section, rules.slug):
            reasons.append(Reason(rules.slug, "category", "section", item.section))
        filed = [name for name in item.categories if self.files(name, rules.slug)]
        reasons += [Reason(rules.slug, "category", "category", name) for name in filed]
        return _distinct(reasons)


def listed_rules(audiences: Iterable[AudienceRules]) -> Iterator[Rule]:
    """Yield every line of the audiences' lists of phrases."""
    for rules in audiences:
        lists: Mapping[Role, tuple[str, ...]] = {
            "relevance": rules.relevance,
            "words": rules.words,
            "avoid": rules.avoid,
            "unless": rules.unless,
        }
        yield from (Rule(rules.slug, role, phrase) for role, phrases in lists.items() for phrase in phrases)


def _points(passages: Passages, seen: Seen) -> tuple[Point, ...]:
    return read_points((passages.title, *passages.body), seen.lead_ins)


def _stated(slug: str, points: Iterable[Point], seen: Seen) -> tuple[Reason, ...]:
    return _distinct(
        Reason(slug, "relevance", point.where, point.text)
        for point in points
        if _begins_in(point, seen.names(point.passage, slug))
    )


def _begins_in(point: Point, names: Sequence[Found]) -> bool:
    place = bisect_left(names, point.first, key=lambda name: name.first)
    return place < len(names) and names[place].first < point.reach


def _distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the first few that quote different words; reading order is order of strength."""
    first: dict[tuple[RuleName, str], Reason] = {}
    for reason in reasons:
        first.setdefault((reason.rule, reason.text.casefold()), reason)
    return tuple(first.values())[:MAX_REASONS]
