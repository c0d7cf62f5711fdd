"""Why an item is, or is not, for each audience, in a form that people can read and programs can dump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from newsletter.audiences.passages import Sortable
from newsletter.audiences.rules import Sorter
from newsletter.audiences.types import Avoided, Place, Reason, RuleName, Score

_MAX_HITS = 8
_NO_EDITOR: Mapping[str, bool] = MappingProxyType({})
_RULES: Mapping[RuleName, str] = {
    "editor": "the editor's word",
    "feed": "all items of this feed",
    "category": "category",
    "relevance": "statement of relevance",
    "words": "words",
    "default": "no rule claims the item; this is the default",
}
_PLACES: Mapping[Place, str] = {
    "section": "in the section heading",
    "title": "in the title",
    "category": "in a category",
    "summary": "in the opening",
    "body": "in the text",
}


@dataclass(frozen=True, slots=True)
class AudienceExplanation:
    """One audience's yes or no.

    reasons: why the rules say yes, the default included; empty when they say no.
    score: what its words weighed, enough or not. avoided: what was passed over.
    editor: what the editor decided against or with the rules; None where the rules alone decided.
    """

    audience: str
    title: str
    reasons: tuple[Reason, ...]
    score: Score
    avoided: tuple[Avoided, ...]
    editor: bool | None = None

    @property
    def included(self) -> bool:
        """Whether the item is for this audience."""
        return bool(self.reasons) if self.editor is None else self.editor

    @property
    def is_near(self) -> bool:
        """Whether it is a no for which the words found come to half of what is enough, or more."""
        return not self.included and 0 < self.score.threshold <= 2 * self.score.weight

    @property
    def missing(self) -> int:
        """How much more the words would have to weigh to be enough."""
        return max(0, self.score.threshold - self.score.weight)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All audiences of the configuration, in its order, and what they make of one item."""

    headline: str
    audiences: tuple[AudienceExplanation, ...]
    #: Whom its statements of relevance list, whether or not a rule knows them.
    stated: tuple[str, ...] = ()


def explain(
    item: Sortable, feed: str, sorter: Sorter, *, editor: Mapping[str, bool] = _NO_EDITOR
) -> Explanation:
    """Say for every audience whether an item is for it, and on what grounds.

    editor: slug -> True where the editor added the audience, False where the editor took it away.
    """
    reasons = sorter.assign(item, feed)
    return Explanation(
        item.title,
        tuple(
            AudienceExplanation(
                rules.slug,
                rules.title,
                tuple(reason for reason in reasons if reason.audience == rules.slug),
                evidence.score,
                evidence.avoided,
                editor.get(rules.slug),
            )
            for rules, evidence in zip(sorter.audiences, sorter.examine(item, feed), strict=True)
        ),
        sorter.stated(item),
    )


def explanation_lines(explanation: Explanation) -> tuple[str, ...]:
    """Return an explanation as plain lines: the headline, then each audience and its grounds, indented."""
    lines = [explanation.headline]
    if explanation.stated:
        named = "; ".join(f"“{text}”" for text in explanation.stated)
        lines.append(f"It says whom it is for: {named}")
    for audience in explanation.audiences:
        lines.append(f"{audience.title}: {'yes' if audience.included else 'no'}")
        lines.extend(f"  {ground}" for ground in _grounds(audience))
    return tuple(lines)


def _grounds(audience: AudienceExplanation) -> Iterator[str]:
    if audience.editor is not None:
        yield "the editor added it" if audience.editor else "the editor took it away"
    if audience.editor is False and audience.reasons:
        yield "the rules would say yes:"
    yield from (reason_line(reason) for reason in audience.reasons)
    yield _scored(audience)
    yield from (f"passed over: “{avoided.text}” {_PLACES[avoided.where]}" for avoided in audience.avoided)


def _scored(audience: AudienceExplanation) -> str:
    score = audience.score
    hits = [f"{hit.weight} for “{hit.text}” {_PLACES[hit.where]}" for hit in score.hits]
    more = f"; and {len(hits) - _MAX_HITS} more" if len(hits) > _MAX_HITS else ""
    seen = "; ".join(hits[:_MAX_HITS]) + more
    found = f"words weigh {score.weight}, {score.threshold} are enough"
    if score.enough:
        return f"{found}: {seen}"
    if not hits:
        return f"{found}; none found"
    return f"{'near miss: ' if audience.is_near else ''}{found}, {audience.missing} missing: {seen}"


def reason_line(reason: Reason) -> str:
    """Return one ground in words: which rule, where, and what it saw."""
    quoted = f": “{reason.text}”" if reason.text else ""
    said = reason.where in _PLACES and not (reason.rule == reason.where == "category")
    place = f" {_PLACES[reason.where]}" if said else ""
    return f"{_RULES[reason.rule]}{place}{quoted}"
