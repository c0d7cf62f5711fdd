"""Renderable: whether the messages of an edition can be made for nearly all who wait for it.

One member whose values do not fit is refused, and the others get theirs. Where it is more than one in a
hundred, the template or the list is at fault, and nobody gets anything before a person has looked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime

from newsletter.delivery.types import Recipient
from newsletter.editions.types import Edition, EditionStatus
from newsletter.errors import RenderError
from newsletter.render.merge import needed_fields
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project

#: Of those who wait; beyond it the run stops before the first envelope is offered.
_MOST_SHARE = 0.01


class Renderable:
    """Says of an edition whose messages cannot be made, and refuses to send it where these are too many."""

    def __init__(self, project: Project, edition: Edition, now: datetime) -> None:
        self._project = project
        self._edition = edition
        self._now = now
        rendered = {it.key: project.editions.rendered(it.key) for it in project.editions.variants(edition)}
        #: By key of the variant the fields for which each member must have a value.
        self.needs = {key: needed_fields(it.html, it.text) for key, it in rendered.items()}

    def check(self, total: int, doubtful: Iterable[tuple[int, Recipient]]) -> None:
        """Raise RenderError where more than one in a hundred of so many recipients cannot be written to."""
        faults: Counter[str] = Counter()
        with closing(MessageMaker(self._project, self._edition, self._project.editions.rendered)) as maker:
            for variant, recipient in doubtful:
                if fault := maker.fault(variant, recipient, self._now):
                    faults[str(fault)] += 1
        if faults.total() > total * _MOST_SHARE:
            raise RenderError(self._told(faults, total), hint=self._cure())

    def _told(self, faults: Counter[str], total: int) -> str:
        reasons = "; ".join(f"for {count:,} {fault}" for fault, count in faults.most_common())
        return (
            f"nothing of {self._edition.id} was sent now: {faults.total():,} of {total:,} recipients "
            f"cannot be written to, which is more than 1 %: {reasons}"
        )

    def _cure(self) -> str:
        mend = "mend it in the member file and: newsletter member import FILE"
        if self._edition.status is not EditionStatus.APPROVED:
            return mend
        again = (
            f"newsletter edition draft {self._edition.id.newsletter} --date {self._edition.id.date} --reopen"
        )
        return f'{mend}, or give the field a fallback ("…") in the template and: {again}'


def refuse_unrenderable(project: Project, edition: Edition, now: datetime) -> None:
    """Raise RenderError where too many who still wait for an edition cannot be written to."""
    renderable = Renderable(project, edition, now)
    waiting = project.editions.counts(edition)
    renderable.check(
        waiting.pending + waiting.deferred, project.recipients.doubtful(edition, renderable.needs)
    )
