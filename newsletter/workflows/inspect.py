"""Inspect: all checks of an edition before it goes out, on what is stored of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from email.parser import BytesHeaderParser

from newsletter.address import parse_address
from newsletter.delivery.content import plain
from newsletter.delivery.types import Recipient
from newsletter.editions.names import variant_name
from newsletter.editions.review import missing_values, repeated_subject, unusual_size
from newsletter.editions.types import Edition, Variant
from newsletter.editions.usual import LOOK_BACK
from newsletter.errors import NewsletterError
from newsletter.feeds.types import LinkAnswer
from newsletter.render.check import check_page, merged
from newsletter.render.checks.answers import check_answers
from newsletter.render.checks.footer import check_headers
from newsletter.render.checks.links import web_addresses
from newsletter.render.checks.page import Page
from newsletter.render.merge import needed_fields
from newsletter.render.types import Finding, RenderedVariant
from newsletter.workflows.choice import Choice, consent_only, regular_members
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project

#: Who gets the message whose headers are looked at: no member's slip is a fault of the edition.
_NOBODY = Recipient(parse_address("member@example.org"))
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def inspect_edition(
    project: Project, edition: Edition, now: datetime, *, ask: bool = False
) -> tuple[Finding, ...]:
    """Return all that is found in an edition, errors first.

    ask: for links whose answers are not known, where the newsletter wants them checked; else what is known of
    them counts.
    """
    inspection = _Inspection(project, edition)
    found = [*inspection.of_variants(), *inspection.of_links(now, ask=ask), *inspection.of_whole(now)]
    return merged(found)


class _Inspection:
    """The checks of one edition, each finding with the name of its variant, "" for none."""

    def __init__(self, project: Project, edition: Edition) -> None:
        self._project = project
        self._edition = edition
        self._newsletter = project.config.newsletter(edition.id.newsletter)
        self._variants = project.editions.frozen(edition)
        items = project.items.by_ids({key for variant, _ in self._variants for key in variant.items})
        order = self._newsletter.audiences
        self._pages = {
            variant_name(variant.audiences, variant.number, order): Page(
                rendered, [items[key] for key in variant.items]
            )
            for variant, rendered in self._variants
        }

    def of_variants(self) -> Iterator[tuple[str, Finding]]:
        """Yield what is found in each variant."""
        before = next(iter(self._project.editions.sent_before(self._edition, 1)), None)
        subjects = {it.subject for it in self._project.editions.variants(before)} if before else set()
        address = self._project.config.organisation.address
        for (name, page), (variant, rendered) in zip(self._pages.items(), self._variants, strict=True):
            found = [*check_page(page, address), *self._without_values(variant, rendered)]
            if before:
                found += repeated_subject(variant.subject, before.id, subjects)
            yield from ((name, finding) for finding in found)

    def of_links(self, now: datetime, *, ask: bool) -> Iterator[tuple[str, Finding]]:
        """Yield what links and pictures answer, where the newsletter wants to know."""
        if not self._newsletter.check_links:
            return
        addresses = {name: web_addresses(page) for name, page in self._pages.items()}
        urls = {url for found in addresses.values() for url in found}
        answers = self._answers(urls, now) if ask else self._project.links.answers(urls, _EVER)
        for name, page in self._pages.items():
            yield from ((name, finding) for finding in check_answers(page, addresses[name], answers))

    def _answers(self, urls: Collection[str], now: datetime) -> Mapping[str, LinkAnswer]:
        from newsletter.workflows.links import ask_links  # noqa: PLC0415 - few newsletters ask for it

        return ask_links(self._project, urls, now)

    def of_whole(self, now: datetime) -> Iterator[tuple[str, Finding]]:
        """Yield what is about all of it."""
        earlier = self._project.editions.planned(self._project.editions.sent_before(self._edition, LOOK_BACK))
        total = sum(variant.recipients for variant, _ in self._variants)
        size = unusual_size(self._edition.id, self._regular(total, now), total, earlier)
        found = [*size, *self._headers(now)] if self._variants else []
        yield from (("", finding) for finding in found)

    def _regular(self, total: int, now: datetime) -> int:
        """Return how many of the members who get it do not get one a month."""
        if self._edition.started_at:
            return self._project.editions.planned([self._edition])[0]
        if not self._project.recipients.has_monthly(self._newsletter.name, now):
            return total
        choice = Choice(self._project, self._edition)
        groups = self._project.recipients.groups(
            self._newsletter.name,
            choice.items,
            now,
            edition=self._edition,
            day=self._edition.id.date,
            consent_only=consent_only(self._project, self._edition),
        )
        return regular_members(choice.assign(groups))

    def _without_values(self, variant: Variant, rendered: RenderedVariant) -> Iterator[Finding]:
        names = needed_fields(rendered.html, rendered.text)
        lacking = self._project.recipients.lacking(self._newsletter.name, variant.audiences, names)
        return missing_values(lacking, variant.recipients)

    def _headers(self, now: datetime) -> Iterator[Finding]:
        """Look at the headers of a message as it would leave; all variants have the same."""
        variant, rendered = self._variants[0]
        try:
            with closing(MessageMaker(self._project, self._edition, lambda _: rendered)) as maker:
                content = maker.message(variant.key, _NOBODY, "<check@example.org>", now).content
        except NewsletterError as fault:
            yield Finding("headers", "error", f"no message can be made of it: {fault}", fault.hint)
            return
        yield from check_headers(BytesHeaderParser().parsebytes(plain(content)))
