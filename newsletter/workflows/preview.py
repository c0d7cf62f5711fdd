"""Preview: each variant as files, as one of its members would get it, and all of them on one page."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from newsletter.address import parse_address
from newsletter.delivery.content import plain
from newsletter.delivery.types import Recipient
from newsletter.editions.names import variant_name
from newsletter.editions.types import Edition, Variant
from newsletter.errors import NewsletterError
from newsletter.render.merge import fill
from newsletter.render.overview import render_overview
from newsletter.render.types import Overview, OverviewPage
from newsletter.workflows.draft import audience_titles
from newsletter.workflows.find import find_edition
from newsletter.workflows.inspect import inspect_edition
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project
from newsletter.workflows.readers import Reader, find_reader, sample_readers

_ENDINGS = (".html", ".txt", ".eml")
#: Names the files of a preview, for the next one to replace.
_WRITTEN = "written.txt"
#: Who gets a preview where the variant has no member yet.
_NOBODY = Recipient(parse_address("member@example.org"))


@dataclass(frozen=True, slots=True)
class Preview:
    """What was written. overview: the page that shows all; shown: whose very mail that is, if asked for."""

    overview: Path
    shown: str | None


def write_preview(
    project: Project, text: str, folder: Path, now: datetime, *, email: str | None = None
) -> Preview:
    """Write NAME.html, NAME.txt and NAME.eml for each variant, and overview/index.html.

    Files of an earlier preview in the folder are replaced, and those of variants that are gone removed.
    email: a member whose very mail is shown. Raises MemberError or EditionError, and nothing is written, for
    one who is unknown or gets nothing.
    """
    edition = find_edition(project, text)
    reader = find_reader(project, edition, email, now) if email else None
    look = _Look(project, edition, reader, now)
    pages, messages = look.pages()
    overview = Overview(
        edition=str(edition.id),
        title=project.config.newsletter(edition.id.newsletter).display_title,
        status=_status(project, edition),
        pages=tuple(pages),
        accepted=project.editions.accepted(edition),
        chosen=look.chosen,
        asked_for=_asked_for(edition, reader) if reader else "",
    )
    try:
        _write(folder, overview, messages)
    except OSError as fault:
        raise NewsletterError(f"the preview cannot be written to {folder}: {fault.strerror}") from None
    return Preview(folder / "overview" / "index.html", shown_as(reader.recipient) if reader else None)


class _Look:
    """The variants of an edition, each as one reader gets it."""

    def __init__(self, project: Project, edition: Edition, reader: Reader | None, now: datetime) -> None:
        self._project = project
        self._edition = edition
        self._now = now
        self._newsletter = project.config.newsletter(edition.id.newsletter)
        self._titles = audience_titles(project.config, self._newsletter)
        self._messages = MessageMaker(project, edition, project.editions.rendered)
        self._readers = sample_readers(project, edition, now)
        self._findings = inspect_edition(project, edition, now)
        self.chosen = ""
        if reader:
            self._readers[reader.variant] = reader.recipient
            [asked] = [it for it in project.editions.variants(edition) if it.key == reader.variant]
            self.chosen = self._name(asked)

    def pages(self) -> tuple[list[OverviewPage], list[bytes]]:
        """Return the variants, and the message that is shown of each."""
        made = [self._page(variant) for variant in self._project.editions.variants(self._edition)]
        return [page for page, _ in made], [message for _, message in made]

    def _name(self, variant: Variant) -> str:
        return variant_name(variant.audiences, variant.number, self._newsletter.audiences)

    def _page(self, variant: Variant) -> tuple[OverviewPage, bytes]:
        recipient = self._readers.get(variant.key, _NOBODY)
        domain = parse_address(self._project.config.sender.from_address).domain
        message_id = f"<preview.{variant.key}@{domain}>"
        message = plain(self._messages.message(variant.key, recipient, message_id, self._now).content)
        rendered = self._project.editions.rendered(variant.key)
        values = self._messages.shown_values(variant.key, recipient)
        name = self._name(variant)
        page = OverviewPage(
            name=name,
            audiences=tuple(title for slug, title in self._titles.items() if slug in variant.audiences),
            reader=shown_as(recipient) if recipient is not _NOBODY else "",
            recipients=variant.recipients,
            items=len(variant.items),
            preheader=rendered.preheader,
            html=fill(rendered.html, values, html.escape),
            text=fill(rendered.text, values, str),
            headers=tuple(_headers(message)),
            message_bytes=len(message),
            findings=tuple(it for it in self._findings if name in it.variants or not it.variants),
        )
        return page, message


def shown_as(recipient: Recipient) -> str:
    """Return "Anna Evans <anna@example.org>"."""
    return (
        f"{recipient.name} <{recipient.address.text}>".strip() if recipient.name else recipient.address.text
    )


def _asked_for(edition: Edition, reader: Reader) -> str:
    who = shown_as(reader.recipient)
    if reader.planned:
        return f"This is the mail of {edition.id} that was planned for {who}."
    return f"This is the mail that {who} would get, if {edition.id} went out now."


def _status(project: Project, edition: Edition) -> str:
    if edition.status != "approved":
        return str(edition.status)
    return f"approved by {' and '.join(it.name for it in project.editions.approvals(edition))}"


def _headers(message: bytes) -> Iterator[tuple[str, str]]:
    parsed = BytesHeaderParser(policy=policy.default).parsebytes(message)
    return ((name, str(value)) for name, value in parsed.items())


def _write(folder: Path, overview: Overview, messages: list[bytes]) -> None:
    _clear(folder)
    (folder / "overview").mkdir(parents=True, exist_ok=True)
    written = [f"{page.name}{ending}" for page in overview.pages for ending in _ENDINGS]
    (folder / "overview" / _WRITTEN).write_text("\n".join(written), "utf-8")
    for page, message in zip(overview.pages, messages, strict=True):
        # Path.with_suffix would take the part of a name after a dot away.
        (folder / f"{page.name}.html").write_text(page.html, "utf-8", newline="\n")
        (folder / f"{page.name}.txt").write_text(page.text, "utf-8", newline="\n")
        (folder / f"{page.name}.eml").write_bytes(message)
    (folder / "overview" / "index.html").write_text(render_overview(overview), "utf-8")


def _clear(folder: Path) -> None:
    """Take away what an earlier preview wrote, and nothing else."""
    written = folder / "overview" / _WRITTEN
    names = written.read_text("utf-8").splitlines() if written.is_file() else []
    for name in names:
        (folder / Path(name).name).unlink(missing_ok=True)
