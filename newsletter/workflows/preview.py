"""Preview: each variant as files, as one of its members would get it, and all of them on one page."""

from __future__ import annotations

import html
from datetime import datetime
from pathlib import Path

from newsletter.address import parse_address
from newsletter.delivery.content import plain
from newsletter.delivery.types import Recipient
from newsletter.editions.names import variant_name
from newsletter.editions.types import Edition, Variant
from newsletter.errors import NewsletterError
from newsletter.render.merge import fill
from newsletter.render.overview import render_overview
from newsletter.render.types import MergeValues, OverviewPage, RenderedVariant
from newsletter.workflows.draft import audience_titles
from newsletter.workflows.find import find_edition
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project

_ENDINGS = (".html", ".txt", ".eml")
#: Names the files of a preview, for the next one to replace.
_WRITTEN = "written.txt"
#: Who gets a preview where the variant has no member yet.
_NOBODY = Recipient(parse_address("member@example.org"))


def write_preview(project: Project, text: str, folder: Path, now: datetime) -> Path:
    """Write NAME.html, NAME.txt and NAME.eml for each variant, and overview/index.html, which is returned.

    Files of an earlier preview in the folder are replaced, and those of variants that are gone removed.
    """
    edition = find_edition(project, text)
    messages = MessageMaker(project.config, edition, project.editions.rendered)
    newsletter = project.config.newsletter(edition.id.newsletter)
    domain = parse_address(project.config.sender.from_address).domain
    variants = {
        variant_name(variant.audiences, variant.number, newsletter.audiences): variant
        for variant in project.editions.variants(edition)
    }
    try:
        _clear(folder)
        (folder / "overview").mkdir(parents=True, exist_ok=True)
        written = [f"{name}{ending}" for name in variants for ending in _ENDINGS]
        (folder / "overview" / _WRITTEN).write_text("\n".join(written), "utf-8")
        for name, variant in variants.items():
            recipient = project.recipients.sample(edition.id.newsletter, variant.audiences) or _NOBODY
            message = messages.message(variant.key, recipient, f"<preview.{variant.key}@{domain}>", now)
            rendered = project.editions.rendered(variant.key)
            values = messages.shown_values(variant.key, recipient)
            _write_variant(folder / name, rendered, values, plain(message.content))
        index = folder / "overview" / "index.html"
        pages = [_page(project, edition, name, variant) for name, variant in variants.items()]
        index.write_text(render_overview(str(edition.id), pages), "utf-8")
    except OSError as fault:
        raise NewsletterError(f"the preview cannot be written to {folder}: {fault.strerror}") from None
    return index


def _clear(folder: Path) -> None:
    """Take away what an earlier preview wrote, and nothing else."""
    written = folder / "overview" / _WRITTEN
    names = written.read_text("utf-8").splitlines() if written.is_file() else []
    for name in names:
        (folder / Path(name).name).unlink(missing_ok=True)


def _write_variant(base: Path, rendered: RenderedVariant, values: MergeValues, message: bytes) -> None:
    # Path.with_suffix would take the part of a name after a dot away.
    Path(f"{base}.html").write_text(fill(rendered.html, values, html.escape), "utf-8", newline="\n")
    Path(f"{base}.txt").write_text(fill(rendered.text, values, str), "utf-8", newline="\n")
    Path(f"{base}.eml").write_bytes(message)


def _page(project: Project, edition: Edition, name: str, variant: Variant) -> OverviewPage:
    titles = audience_titles(project.config, project.config.newsletter(edition.id.newsletter))
    return OverviewPage(
        name=name,
        audiences=tuple(title for slug, title in titles.items() if slug in variant.audiences),
        subject=variant.subject,
        preheader=project.editions.rendered(variant.key).preheader,
        recipients=variant.recipients,
        items=len(variant.items),
        html_bytes=variant.html_bytes,
    )
