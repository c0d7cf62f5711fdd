"""What has changed between two renderings of an edition, told for somebody who approved the former.

Only what readers would see is compared: subject, preview line, items, words of the text part, and who it is
from. The HTML part says the same in another form; where only that differs, the look has changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, Self

Kind = Literal["header", "variant", "subject", "preheader", "item", "moved", "text", "look"]


@dataclass(frozen=True, slots=True)
class Face:
    """What the readers of one variant see. hash: of all of it, HTML too."""

    subject: str
    preheader: str
    items: tuple[int, ...]
    text: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """An edition at one moment. headers: by name; variants: by name, in order."""

    headers: Mapping[str, str]
    variants: Mapping[str, Face]

    def dump(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote."""
        read = json.loads(text)
        return cls(read["headers"], {name: _face(face) for name, face in read["variants"].items()})


def _face(read: dict[str, Any]) -> Face:
    return Face(**{**read, "items": tuple(read["items"]), "text": tuple(read["text"])})


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    subject: the header's name, or the item's id. before, after: lines; none before what is new, none after
    what is gone. Those of `moved` and `look` are empty.
    """

    kind: Kind
    subject: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def told(self, titles: Mapping[str, str]) -> str:
        """Return what it is about: "New: item 7, Roof repairs". titles: of items, by id."""
        came_or_went = "New" if self.after else "Gone"
        item = f"item {self.subject}, {titles.get(self.subject, '')}"
        return {
            "header": f"{self.subject} of every message",
            "variant": f"{came_or_went}: a variant",
            "subject": "Subject",
            "preheader": "Preview line",
            "item": f"{came_or_went}: {item}",
            "moved": f"Moved: {item}",
            "text": "Text",
            "look": "The look; every word is the same",
        }[self.kind]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the lines that went, each after "-", and those that came, after "+"."""
        if self.kind != "item":
            yield from (("-", line) for line in self.before)
            yield from (("+", line) for line in self.after)


def changes_between(before: Rendering, after: Rendering) -> dict[Change, list[str]]:
    """Return what has changed, each change once, with the names of the variants that it is in.

    Headers are in none: they are the same for all.
    """
    found: dict[Change, list[str]] = {change: [] for change in header_changes(before, after)}
    for name in [*after.variants, *(name for name in before.variants if name not in after.variants)]:
        for change in _of_variant(before.variants.get(name), after.variants.get(name)):
            found.setdefault(change, []).append(name)
    return dict(sorted(found.items(), key=lambda it: _ORDER.index(it[0].kind)))


_ORDER: Sequence[Kind] = ("header", "variant", "subject", "preheader", "item", "moved", "text", "look")


def header_changes(before: Rendering, after: Rendering) -> list[Change]:
    """Return which header lines differ."""
    names = dict.fromkeys([*before.headers, *after.headers])
    pairs = {name: (before.headers.get(name, ""), after.headers.get(name, "")) for name in names}
    return [Change("header", name, (old,), (new,)) for name, (old, new) in pairs.items() if old != new]


def _of_variant(old: Face | None, new: Face | None) -> Iterator[Change]:
    if old is None or new is None:
        yield Change("variant", before=(old.subject,) if old else (), after=(new.subject,) if new else ())
        return
    if old.hash == new.hash:
        return
    told = [*_of_lines(old, new), *_of_items(old.items, new.items), *_of_text(old.text, new.text)]
    yield from told or [Change("look")]


def _of_lines(old: Face, new: Face) -> Iterator[Change]:
    if old.subject != new.subject:
        yield Change("subject", before=(old.subject,), after=(new.subject,))
    if old.preheader != new.preheader:
        yield Change("preheader", before=(old.preheader,), after=(new.preheader,))


def _of_items(old: Sequence[int], new: Sequence[int]) -> Iterator[Change]:
    yield from (Change("item", str(key), after=(str(key),)) for key in new if key not in old)
    yield from (Change("item", str(key), before=(str(key),)) for key in old if key not in new)
    stayed, stay = [key for key in old if key in new], [key for key in new if key in old]
    blocks = SequenceMatcher(None, stayed, stay, autojunk=False).get_matching_blocks()
    in_place = {key for block in blocks for key in stayed[block.a : block.a + block.size]}
    yield from (Change("moved", str(key)) for key in stay if key not in in_place)


def _of_text(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Yield each place where lines differ; those that only stand elsewhere belong to an item that moved."""
    elsewhere = Counter(old) & Counter(new)
    for tag, a, z, b, y in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone = tuple(line for line in old[a:z] if line not in elsewhere)
            come = tuple(line for line in new[b:y] if line not in elsewhere)
            if gone or come:
                yield Change("text", before=gone, after=come)
