"""Archive: what went out as a folder of pages with a front page and feeds, for any file server.

An edition belongs in it once a member has it, and so does each of its variants; a draft never does, nor what
was called off before anything left. Pages come from the frozen content, and are made once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from newsletter import __version__
from newsletter.address import parse_address
from newsletter.config import Config
from newsletter.editions.names import web_path
from newsletter.editions.types import EditionId, SentVariant
from newsletter.errors import NewsletterError
from newsletter.render.archive import (
    ATOM,
    FRONT_PAGE,
    JSON_FEED,
    Archive,
    Issue,
    IssuePage,
    render_front_page,
)
from newsletter.render.archive_feeds import atom_feed, json_feed
from newsletter.render.web import headlines, web_version
from newsletter.workflows.draft import audience_titles
from newsletter.workflows.folder import WrittenFolder
from newsletter.workflows.project import Project
from newsletter.workflows.web_versions import surroundings

#: From a page of the archive to its front page.
_UP = "../../"
#: Web versions stand there below [web] url.
_BELOW_WEB_URL = "v/"


@dataclass(frozen=True, slots=True)
class Archived:
    """What an archive holds. written: paths of files that are new or differ; address: where links lead."""

    front_page: Path
    issues: int
    pages: int
    written: tuple[str, ...]
    address: str


def write_archive(
    project: Project,
    folder: Path,
    names: Collection[str] = (),
    address: str = "",
    tell: Callable[[int, int], None] = lambda *_: None,
) -> Archived:
    """Write the archive of some newsletters, by default of all, and leave what has not changed as it is.

    address: where the folder will be reached; by default below [web] url. tell: is told how many of how many
    pages are done. Where nothing was sent yet nothing is written. Raises NewsletterError, before anything is
    written, for a file in the way that is not ours.
    """
    known = [newsletter.name for newsletter in project.config.settings.newsletters]
    chosen = {project.config.newsletter(name).name for name in names or known}
    sent = [variant for variant in project.issues.all() if variant.edition.newsletter in chosen]
    archive = Archive(
        organisation=project.config.organisation.name,
        organisation_url=project.config.organisation.url,
        domain=parse_address(project.config.sender.from_address).domain,
        address=_address(project.config, address),
        issues=tuple(_issues(project, sent)),
    )
    written: tuple[str, ...] = ()
    if sent:
        try:
            written = _write(project, archive, sent, folder, tell)
        except OSError as fault:
            raise NewsletterError(f"the archive cannot be written to {folder}") from fault
    return Archived(folder / FRONT_PAGE, len(archive.issues), len(sent), written, archive.address)


def _write(
    project: Project,
    archive: Archive,
    sent: Sequence[SentVariant],
    folder: Path,
    tell: Callable[[int, int], None],
) -> tuple[str, ...]:
    pages = [_Page(project, variant) for variant in sent]
    target = WrittenFolder(folder, [*(page.path for page in pages), ATOM, JSON_FEED, FRONT_PAGE])
    for done, page in enumerate(pages):
        tell(done, len(pages))
        target.write(page.path, page.mark, page.content)
    made = {
        ATOM: atom_feed(archive),
        JSON_FEED: json_feed(archive),
        FRONT_PAGE: render_front_page(archive, project.config.design).encode(),
    }
    for path, content in made.items():
        target.write(path, hashlib.sha256(content).hexdigest(), lambda: content)  # noqa: B023 - at once
    target.close()
    return tuple(target.written)


class _Page:
    """The web version of one variant as a file. mark: of all that it is made from."""

    def __init__(self, project: Project, variant: SentVariant) -> None:
        self._project = project
        self._variant = variant
        self._around = surroundings(project.config, variant.edition, variant.subject, _UP + FRONT_PAGE)
        self.path = web_path(variant.edition, variant.audiences, variant.number)
        made_from = repr((variant.hash, self._around, __version__))
        self.mark = hashlib.sha256(made_from.encode()).hexdigest()

    def content(self) -> bytes:
        """Return the page."""
        return web_version(self._project.editions.rendered(self._variant.key), self._around).encode()


def _issues(project: Project, sent: Sequence[SentVariant]) -> Iterator[Issue]:
    """Yield the issues, newest first."""
    for edition, variants in groupby(sent, key=lambda variant: variant.edition):
        yield _issue(project, edition, list(variants))


def _issue(project: Project, edition: EditionId, variants: Sequence[SentVariant]) -> Issue:
    newsletter = project.config.newsletter(edition.newsletter)
    titles = audience_titles(project.config, newsletter)
    main = max(variants, key=lambda it: (len(it.audiences), -it.number, it.recipients))
    return Issue(
        id=str(edition),
        newsletter=newsletter.display_title,
        language=newsletter.language,
        day=edition.date,
        sent=main.sent,
        subject=main.subject,
        preheader=main.preheader,
        page=_listed(main, titles),
        pages=tuple(_listed(variant, titles) for variant in _apart(variants, titles)),
        headlines=tuple(headlines(project.editions.rendered(main.key))),
    )


def _listed(variant: SentVariant, titles: Mapping[str, str]) -> IssuePage:
    path = web_path(variant.edition, variant.audiences, variant.number)
    return IssuePage(path, tuple(titles.get(slug, slug) for slug in _in_order(variant.audiences, titles)))


def _apart(variants: Sequence[SentVariant], order: Collection[str]) -> list[SentVariant]:
    """Return what a reader may choose from: the sets of audiences of which none is made up of others.

    Of variants that differ in their members' histories only, the one of most members stands for all.
    """
    apart: list[SentVariant] = []
    for variant in sorted(
        variants, key=lambda it: (len(it.audiences), _places(it.audiences, order), it.number)
    ):
        parts = (it.audiences for it in apart if it.audiences <= variant.audiences)
        if frozenset().union(*parts) != variant.audiences:
            apart.append(variant)
    return apart


def _places(audiences: Collection[str], order: Collection[str]) -> list[int]:
    return [place for place, slug in enumerate(order) if slug in audiences]


def _in_order(audiences: Collection[str], order: Collection[str]) -> list[str]:
    """Return audiences in the newsletter's order; those that it had once come last."""
    return [*(slug for slug in order if slug in audiences), *sorted(set(audiences) - set(order))]


def _address(config: Config, given: str) -> str:
    """Return where the folder is reached, with a slash at the end; "" where nobody says."""
    if given:
        return given.rstrip("/") + "/"
    return f"{config.settings.web.url.rstrip('/')}/{_BELOW_WEB_URL}" if config.settings.web else ""
