"""An organisation's project folder, open for work."""

from __future__ import annotations

from functools import cached_property
from typing import Self

from newsletter.audiences.rules import Sorter
from newsletter.config import Config
from newsletter.store.database import Database
from newsletter.store.editions import EditionStore
from newsletter.store.feeds import FeedStore
from newsletter.store.items import ItemStore
from newsletter.store.members import MemberStore
from newsletter.store.pulls import PullStore
from newsletter.store.recipients import RecipientStore
from newsletter.store.reports import ReportStore
from newsletter.store.workers import WorkerStore


class Project:
    """The configuration together with the stores. Opening it makes the database, or brings it up to date."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.database = Database(config.database_url)
        self.feeds = FeedStore(self.database)
        self.pulls = PullStore(self.database)
        self.items = ItemStore(self.database)
        self.members = MemberStore(self.database)
        self.recipients = RecipientStore(self.database)
        self.editions = EditionStore(self.database)
        self.reports = ReportStore(self.database)
        self.workers = WorkerStore(self.database)

    @cached_property
    def sorter(self) -> Sorter:
        """The audiences' rules, compiled."""
        return Sorter(self.config.audiences, self.config.sorting)

    def __enter__(self) -> Self:
        """Return the project itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.database.close()
