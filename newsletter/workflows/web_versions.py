"""Web versions: what was frozen of a variant, as a page in its surroundings."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from newsletter.config import Config
from newsletter.editions.types import EditionId, EditionStatus
from newsletter.render.types import RenderedVariant
from newsletter.render.web import Surroundings, web_version
from newsletter.render.words import words_for
from newsletter.workflows.project import Project

#: What nobody gets any more is not shown either.
_GONE = (EditionStatus.CANCELLED, EditionStatus.SKIPPED)


def surroundings(config: Config, edition: EditionId, subject: str, home: str = "") -> Surroundings:
    """Return where the web version of an edition stands.

    home: address of the list of all issues, "" for none. Of a newsletter that is no more, the name stands for
    its title.
    """
    found = next((it for it in config.settings.newsletters if it.name == edition.newsletter), None)
    words = words_for(found.language if found else None)
    title = found.display_title if found else edition.newsletter
    return Surroundings(
        title=f"{subject} · {title}, {words.day(edition.date)}",
        home=home,
        home_words=words.all_issues,
        own_hosts=tuple(own_hosts(config)),
    )


def own_hosts(config: Config) -> Iterator[str]:
    """Yield the organisation's hosts, from which its pages may show pictures."""
    logo, web = config.design.logo, config.settings.web
    for url in (config.settings.organisation.url, web and web.url, logo and logo.url):
        if url and (host := urlsplit(url).hostname):
            yield host.removeprefix("www.")


def read_in_browser(project: Project, variant: int, edition: int) -> str | None:
    """Return the page of a variant, by the keys that a link names; None where its edition is gone.

    A draft is shown as it is now: whoever has a link to one got it in a test.
    """
    found = project.editions.by_key(edition)
    if found is None or found.status in _GONE:
        return None
    kept: RenderedVariant | None = next(
        (it for known, it in project.editions.frozen(found) if known.key == variant), None
    )
    return web_version(kept, surroundings(project.config, found.id, kept.subject)) if kept else None
