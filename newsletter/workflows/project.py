"""An organisation's project folder, open for work."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from newsletter.config import Config
from newsletter.feeds.filing import Filing
from newsletter.store.database import Database
from newsletter.store.edition_words import EditionWordStore
from newsletter.store.editions import EditionStore
from newsletter.store.feeds import FeedStore
from newsletter.store.items import ItemStore
from newsletter.store.links import LinkStore
from newsletter.store.members import MemberStore
from newsletter.store.pulls import PullStore
from newsletter.store.recipients import RecipientStore
from newsletter.store.relays import RelayStore
from newsletter.store.reports import ReportStore
from newsletter.store.requests import RequestStore
from newsletter.store.subscriptions import SubscriptionStore
from newsletter.store.told import ToldStore
from newsletter.store.workers import WorkerStore

if TYPE_CHECKING:
    from newsletter.audiences.rules import Sorter
    from newsletter.store.bounces import BounceStore
    from newsletter.store.issues import IssueStore
    from newsletter.store.suppressions import SuppressionStore
    from newsletter.store.tombstones import TombstoneStore
    from newsletter.store.traces import TraceStore


class Project:
    """The configuration together with the stores. Opening it makes the database, or brings it up to date."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.database = Database(config.database_url)
        self.feeds = FeedStore(self.database)
        self.pulls = PullStore(self.database)
        self.filing = Filing(config.feeds)
        self.items = ItemStore(self.database, self.filing)
        self.links = LinkStore(self.database)
        self.members = MemberStore(self.database)
        self.subscriptions = SubscriptionStore(self.database)
        self.recipients = RecipientStore(self.database)
        self.editions = EditionStore(self.database)
        self.edition_words = EditionWordStore(self.database)
        self.relays = RelayStore(self.database)
        self.reports = ReportStore(self.database)
        self.requests = RequestStore(self.database)
        self.workers = WorkerStore(self.database)
        self.told = ToldStore(self.database)

    @cached_property
    def sorter(self) -> Sorter:
        """The audiences' rules, compiled."""
        from newsletter.audiences.rules import Sorter  # noqa: PLC0415 - few commands sort, and cron is in haste

        return Sorter(self.config.audiences, self.config.sorting)

    @cached_property
    def traces(self) -> TraceStore:
        """What is known of one member's deliveries."""
        from newsletter.store.traces import TraceStore  # noqa: PLC0415 - for one command only

        return TraceStore(self.database)

    @cached_property
    def suppressions(self) -> SuppressionStore:
        """Addresses that are never mailed, and why."""
        from newsletter.store.suppressions import SuppressionStore  # noqa: PLC0415 - for few commands only

        return SuppressionStore(self.database)

    @cached_property
    def tombstones(self) -> TombstoneStore:
        """What is left of members who were forgotten."""
        from newsletter.store.tombstones import TombstoneStore  # noqa: PLC0415 - for few commands only

        return TombstoneStore(self.database)

    @cached_property
    def issues(self) -> IssueStore:
        """What members have of the editions."""
        from newsletter.store.issues import IssueStore  # noqa: PLC0415 - for one command only

        return IssueStore(self.database)

    @cached_property
    def bounces(self) -> BounceStore:
        """Mail that came back."""
        from newsletter.store.bounces import BounceStore  # noqa: PLC0415 - for few commands only

        return BounceStore(self.database)

    def __enter__(self) -> Self:
        """Return the project itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.database.close()
