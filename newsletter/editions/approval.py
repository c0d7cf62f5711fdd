"""What an approval stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from newsletter.editions.types import Approval
from newsletter.render.types import MessageHeaders


def edition_hash(variants: Mapping[str, str], headers: MessageHeaders) -> str:
    """Return SHA-256 in hex over everything that members will see.

    variants: name of the variant -> hash of its rendered content. Merge values are no part of it.
    """
    told = [it for it in astuple(headers) if it is not False]  # so that older approvals stay good
    content = json.dumps([sorted(variants.items()), told], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def name_key(name: str) -> str:
    """Return what is equal for two spellings of one person's name: letter case and white space aside."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve the editions of a newsletter, and how many of them have to. names: none for anybody."""

    names: tuple[str, ...] = ()
    needed: int = 1

    def spelled(self, name: str) -> str | None:
        """Return a name as it is written here; None for somebody who may not approve."""
        if not self.names:
            return " ".join(name.split())
        return next((known for known in self.names if name_key(known) == name_key(name)), None)

    def missing(self, approvals: Iterable[Approval]) -> int:
        """Return how many more have to approve; each person counts once, and only who may."""
        counted = {name_key(it.name) for it in approvals if self.spelled(it.name)}
        return max(self.needed - len(counted), 0)

    def told(self, approvals: Sequence[Approval]) -> str:
        """Return "1 of 2 approvals, by Anna; 1 more is needed, from Ben or Carla"."""
        counted = [it.name for it in approvals if self.spelled(it.name)]
        by = f", by {' and '.join(counted)}" if counted else ""
        have = f"{len(counted)} of {self.needed} approval{'s' * (self.needed != 1)}{by}"
        if not (missing := self.missing(approvals)):
            return have
        needed = f"{missing} more {'is' if missing == 1 else 'are'} needed"
        return f"{have}; {needed}, from {self._others(counted)}"

    def _others(self, counted: Sequence[str]) -> str:
        done = {name_key(name) for name in counted}
        return " or ".join(name for name in self.names if name_key(name) not in done) or (
            "somebody else" if done else "anybody"
        )
