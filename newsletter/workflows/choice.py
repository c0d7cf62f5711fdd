"""Choice: which of its frozen variants each member gets of an edition, as things stand."""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.editions.compose import Assignment, FrozenVariant, assign, in_order
from newsletter.editions.room import Room
from newsletter.editions.types import Edition, HistoryGroup
from newsletter.editions.window import oldest_time, without_aged
from newsletter.members.types import Frequency
from newsletter.workflows.project import Project


class Choice:
    """The frozen variants of an edition and who each item is for now: all that decides who gets which."""

    def __init__(self, project: Project, edition: Edition) -> None:
        variants = project.editions.variants(edition)
        self._variants = [FrozenVariant(v.key, v.audiences, v.items) for v in variants]
        found = project.items.by_ids({item for variant in variants for item in variant.items})
        #: Audiences by item, of all items in the edition.
        self.items = {item.id: item.audiences for item in in_order(found.values())}
        newsletter = project.config.newsletter(edition.id.newsletter)
        oldest = oldest_time(edition.id.date, newsletter.timezone, newsletter.max_age)
        self._aged = {item.id for item in found.values() if item.date < oldest}
        self._room = Room.among(found.values(), newsletter.max_items, newsletter.max_per_feed)

    def assign(self, groups: Iterable[HistoryGroup]) -> Assignment:
        """Give each group its variant."""
        return assign(self._variants, without_aged(groups, self._aged), self.items, self._room)


def consent_only(project: Project, edition: Edition) -> bool:
    """Whether only members who gave consent get it."""
    return project.config.newsletter(edition.id.newsletter).purpose == "marketing"


def regular_members(assignment: Assignment) -> int:
    """Count who is served, without those who get one a month: how many they are says little of the next."""
    return sum(group.members for group, _ in assignment.served if group.frequency != Frequency.MONTHLY)
