"""What the words of each audience weigh in one item, place by place, and what is passed over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from newsletter.audiences.passages import Passage, Passages
from newsletter.audiences.phrases import Lexicon, Match
from newsletter.audiences.relevance import LeadIn, Point
from newsletter.audiences.types import Avoided, Hit, Place, Reason, Score, Sorting

#: Reasons that an audience shows for one rule; more would not say more.
MAX_REASONS = 3
#: Words that count, among which there will be as many that differ: after these an audience has what it shows.
_ENOUGH = 12

Role = Literal["relevance", "words", "avoid", "unless", "statement"]


class Rule(NamedTuple):
    """One line of an audience's lists; a lead-in of a statement belongs to all of them, and to "" here."""

    audience: str
    role: Role
    phrase: str


Found = Match[Rule]
#: Matches by each word that they cover.
_ByWord = dict[int, list[Found]]


@dataclass(slots=True)
class Field:
    """What one passage holds for one audience.

    words, names: matches of `words` and of `relevance` that no avoided phrase disarms, the longest where
    several begin. avoided: avoided phrases that stand for themselves, not inside a longer word.
    """

    passage: Passage
    found: dict[Role, list[Found]]
    words: Sequence[Found] = ()
    names: Sequence[Found] = ()
    avoided: Sequence[Found] = ()
    _armed: bool = False

    def arm(self) -> None:
        """Sort out which of the matches count."""
        if self._armed:
            return
        self._armed = True
        avoid = self.found.get("avoid")
        covered = _by_word(avoid) if avoid else {}
        if words := self.found.get("words"):
            self.words = _armed(words, covered)
        if names := self.found.get("relevance"):
            self.names = _armed(names, covered)
        if avoid:
            by_word = _by_word(self.words)
            self.avoided = [match for match in avoid if not is_held(match, by_word)]


class Seen:
    """The phrases of all audiences in the passages of one item, looked up once.

    fields: by audience, in reading order, of those passages that hold any.
    """

    def __init__(self, passages: Passages, lexicon: Lexicon[Rule]) -> None:
        self.fields: dict[str, list[Field]] = {}
        #: Lead-ins of statements of relevance, in reading order.
        self.lead_ins: list[LeadIn] = []
        in_order = (passages.title, *passages.labels, passages.opening, *passages.body)
        for passage in {id(passage): passage for passage in in_order}.values():
            if matches := lexicon.find(passage.words):
                self._take(passage, matches)
        if passages.opening in passages.body:  # all the text there is: it stands for both
            for fields in self.fields.values():
                fields += [each for each in fields if each.passage is passages.opening]

    def _take(self, passage: Passage, matches: Iterable[Found]) -> None:
        here: dict[str, Field] = {}
        for match in matches:
            audience, role, _ = match.label
            if role == "statement":
                self.lead_ins.append(LeadIn(passage, match.first, match.last))
                continue
            if audience not in here:
                here[audience] = Field(passage, {})
            here[audience].found.setdefault(role, []).append(match)
        for audience, seen in here.items():
            self.fields.setdefault(audience, []).append(seen)

    def names(self, passage: Passage, audience: str) -> Sequence[Found]:
        """Return where a passage calls an audience by name."""
        for each in self.fields.get(audience, ()):
            if each.passage is passage:
                each.arm()
                return each.names
        return ()


def _by_word(matches: Iterable[Found]) -> _ByWord:
    covering: _ByWord = {}
    for match in matches:
        for word in range(match.first, match.last):
            covering.setdefault(word, []).append(match)
    return covering


def _armed(found: Collection[Found], avoided: _ByWord) -> list[Found]:
    if len(found) == 1 and not avoided:
        return list(found)
    kept: list[Found] = []
    for match in sorted(found, key=_longest_first) if len(found) > 1 else found:
        overlaps_kept = kept and match.first < kept[-1].last
        if not overlaps_kept and not (avoided and _is_disarmed(match, avoided)):
            kept.append(match)
    return kept


def _longest_first(match: Found) -> tuple[int, int]:
    return match.first, -match.last


def _holds(outer: Found, inner: Found) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last


def is_held(match: Found, others: Mapping[int, Sequence[Found]]) -> bool:
    """Whether one of the others, by each word that they cover, holds a match."""
    return any(_holds(other, match) for other in others.get(match.first, ()))


def _is_disarmed(match: Found, avoided: _ByWord) -> bool:
    """Whether an avoided phrase shares a word with a match that does not hold it and more."""
    overlapping = (other for word in range(match.first, match.last) for other in avoided.get(word, ()))
    return any(_holds(other, match) or not _holds(match, other) for other in overlapping)


class _Counted(NamedTuple):
    passage: Passage
    match: Found
    weight: int

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.passage.words.keys[self.match.first : self.match.last])

    @property
    def text(self) -> str:
        return self.passage.words.quote(self.match.first, self.match.last)


@dataclass(slots=True)
class Tally:
    """Occurrences of one audience's words in one item, counted in reading order."""

    audience: str
    #: Whether anything in the item is passed over.
    careful: bool
    #: What tells that the item is about another world.
    unless: tuple[Avoided, ...] = ()
    weight: int = 0
    counted: list[_Counted] = field(default_factory=list)
    passed_over: list[_Counted] = field(default_factory=list)
    #: Whether the first mention of a word was meant (see the room's docstring, "What is avoided").
    meant: dict[str, bool] = field(default_factory=dict)

    def take(self, passage: Passage, match: Found, weight: int, *, names_somebody: bool) -> None:
        """Count one match with its weight, or pass it over. names_somebody: "chair of governors Pat Lee"."""
        if names_somebody or self.unless:
            self.passed_over.append(_Counted(passage, match, 0))
            return
        if not self.careful:
            self.weight += weight
            self.counted.append(_Counted(passage, match, weight))
            return
        stems = [key.removesuffix("s") for key in passage.words.keys[match.first : match.last]]
        wanted = match.label.role != "avoid" and any(self.meant.get(stem, True) for stem in stems)
        for stem in stems:
            self.meant.setdefault(stem, wanted)
        if wanted:
            self.weight += weight
        (self.counted if wanted else self.passed_over).append(_Counted(passage, match, weight))

    def score(self, threshold: int, *, full: bool) -> Score:
        """Return the sum with its reasons. full: all that counted, too."""
        return Score(self.audience, self.weight, threshold, self._reasons(), self._hits() if full else ())

    def _reasons(self) -> tuple[Reason, ...]:
        first: dict[tuple[str, ...], _Counted] = {}
        for counted in self.counted:
            first.setdefault(counted.keys, counted)
            if len(first) == MAX_REASONS:
                break
        return tuple(
            Reason(self.audience, "words", counted.passage.where, counted.text) for counted in first.values()
        )

    def _hits(self) -> tuple[Hit, ...]:
        together: dict[tuple[Place, tuple[str, ...]], list[_Counted]] = {}
        for counted in self.counted:
            together.setdefault((counted.passage.where, counted.keys), []).append(counted)
        return tuple(
            Hit(where, group[0].text, sum(counted.weight for counted in group))
            for (where, _), group in together.items()
        )

    def avoided(self) -> tuple[Avoided, ...]:
        """Return what was passed over; each is shown once, where it came first."""
        first = {avoided.text.casefold(): avoided for avoided in self.unless}
        for counted in self.passed_over:
            first.setdefault(counted.text.casefold(), Avoided(counted.passage.where, counted.text))
        return tuple(first.values())


def weigh(audience: str, seen: Seen, points: Sequence[Point], sorting: Sorting, *, full: bool) -> Tally:
    """Count the words of one audience in an item. full: all; else until they decide and have reasons."""
    fields = seen.fields.get(audience, ())
    unless = tuple(_unless(fields))
    tally = Tally(audience, bool(unless) or any("avoid" in each.found for each in fields), unless)
    weights: Mapping[Place, int] = {
        "title": sorting.title_weight,
        "category": sorting.category_weight,
        "section": sorting.category_weight,
        "summary": sorting.summary_weight,
        "body": sorting.body_weight,
    }
    shown: set[int] = set()
    for each in fields:
        if not full and tally.weight >= sorting.threshold and len(tally.counted) >= _ENOUGH:
            break
        each.arm()
        if not (each.words or each.avoided):
            continue
        again = id(each) in shown
        shown.add(id(each))
        passage, names = each.passage, _by_word(each.names) if each.names else {}
        usual = sorting.body_weight if again else weights[passage.where]
        for match in _in_order(each):
            listed = bool(points) and _is_listed(passage, match, points)
            weight = max(sorting.relevance_weight, usual) if listed and not again else usual
            named = bool(names) and match.label.role != "avoid" and is_held(match, names)
            tally.take(
                passage,
                match,
                weight * (1 + named),
                names_somebody=passage.where in ("summary", "body") and _names(passage, match),
            )
    return tally


def _unless(fields: Iterable[Field]) -> Iterator[Avoided]:
    for each in fields:
        if each.passage.where in ("title", "summary"):
            for match in each.found.get("unless", ()):
                yield Avoided(each.passage.where, each.passage.words.quote(match.first, match.last))


def _in_order(each: Field) -> Iterator[Found]:
    if not each.avoided:
        return iter(each.words)
    return iter(sorted([*each.words, *each.avoided], key=lambda match: (match.first, match.last)))


def _is_listed(passage: Passage, match: Found, points: Sequence[Point]) -> bool:
    return any(point.passage is passage and point.first <= match.first < point.reach for point in points)


def _names(passage: Passage, match: Found) -> bool:
    """Whether a first and a last name follow: then it says who speaks, not who is spoken to."""
    words, last = passage.words, match.last
    if last + 2 > len(words.keys) or not words.is_capital(last):  # seldom, and cheap to ask
        return False
    if not (words.joined(last) and words.joined(last + 1)):
        return False
    title, *name = (words.quote(number, number + 1) for number in (last - 1, last, last + 1))
    return title[:1].islower() and all(part[:1].isupper() and not part.isupper() for part in name)
