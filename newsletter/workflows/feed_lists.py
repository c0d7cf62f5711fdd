"""Lists of feeds, taken over from another feed reader and given to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.config import load_config
from newsletter.errors import NewsletterError
from newsletter.feeds.opml import is_listed, parse_opml, write_opml
from newsletter.feeds.types import FeedSource
from newsletter.workflows.add_feed import NewFeed, add_feeds
from newsletter.workflows.project import Project

_MAX_BYTES = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportedFeeds:
    """What an import did. problems: (line, what was left out and why)."""

    added: tuple[FeedSource, ...]
    known: int
    problems: tuple[tuple[int, str], ...]


def import_feeds(folder: Path, file: Path) -> ImportedFeeds:
    """Add the feeds of an OPML file to newsletter.toml, folders as categories; those there already stay.

    Raises FeedParseError for a file that is no such list, and then nothing is changed.
    """
    load_config(folder)  # its faults first
    listed = parse_opml(read_bounded(file), file.name)
    wanted = [NewFeed(feed.url, title=feed.title, categories=feed.categories) for feed in listed.feeds]
    added = add_feeds(folder, wanted)
    return ImportedFeeds(tuple(added), len(wanted) - len(added), listed.problems)


def export_feeds(project: Project, now: datetime) -> tuple[str, list[FeedSource]]:
    """Return the feeds as OPML, and those that nobody else could read: files and folders of the project."""
    statuses = project.feeds.statuses(project.config.feeds)
    titles = {status.source.name: status.title for status in statuses if status.title}
    feeds = project.config.feeds
    text = write_opml(project.config.organisation.name, feeds, titles, now)
    return text, [feed for feed in feeds if not is_listed(feed)]


def read_bounded(file: Path) -> bytes:
    """Return the content of a file that the user named; raises NewsletterError where it cannot be had."""
    try:
        with file.open("rb") as source:
            body = source.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise NewsletterError(f"there is no file {file}", hint="check its name and where you are") from None
    except OSError as fault:
        raise NewsletterError(f"{file} cannot be read: {fault.strerror}", hint="name a file") from None
    if len(body) > _MAX_BYTES:
        raise NewsletterError(f"{file} is larger than {_MAX_BYTES:,} bytes", hint="is it the right file?")
    return body
