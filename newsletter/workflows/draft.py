"""Draft: choose the items of an edition, make its variants and render each once."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from newsletter.config import Config, NewsletterSettings
from newsletter.editions.approval import edition_hash
from newsletter.editions.compose import by_section, compose, in_order
from newsletter.editions.editorial import editorial_for
from newsletter.editions.names import variant_name
from newsletter.editions.room import Room
from newsletter.editions.types import (
    UNDECIDED,
    Composition,
    Edition,
    EditionId,
    EditionStatus,
    EditionWord,
    HistoryGroup,
    VariantPlan,
)
from newsletter.editions.window import newest_time, oldest_time, without_aged
from newsletter.errors import AlreadySent, EditionChanged, EditionError
from newsletter.feeds.types import Item
from newsletter.render.check import check_page, merged
from newsletter.render.checks.page import Page
from newsletter.render.html import Templates, render_variant
from newsletter.render.types import Finding, Masthead
from newsletter.store.editions import DraftedVariant
from newsletter.workflows.heads import message_headers
from newsletter.workflows.inspect import inspect_edition
from newsletter.workflows.project import Project
from newsletter.workflows.schedules import schedule_of

#: How often a draft gives way to others that are made at the same moment.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """What drafting made.

    nothing_new: members for whom there is nothing, by set of audiences; findings: of the checks.
    """

    edition: Edition
    nothing_new: tuple[HistoryGroup, ...]
    findings: tuple[Finding, ...]
    #: Items that were withdrawn, as their pages are gone.
    withdrawn: tuple[Item, ...] = ()
    #: How many items of each feed are in no variant, as there was no room, and wait for the next edition.
    waiting: Mapping[str, int] = field(default_factory=dict)


def draft_edition(
    project: Project,
    name: str,
    now: datetime,
    *,
    day: date | None = None,
    reopen: bool = False,
    late: bool = True,
) -> Draft:
    """Make the edition of a newsletter, or bring its draft up to date.

    day: by default the next scheduled date whose edition has not gone out. reopen: draft an approved edition
    again, which asks for approval again. late: what came in after it was first drafted may join it. Raises
    EditionError when the edition is past drafting, RenderError when a template cannot be rendered; nothing is
    stored then.
    """
    for _ in range(_TRIES):
        with suppress(EditionChanged):  # somebody else drafts it at this moment; the later one sees it
            return _draft_once(project, name, now, day=day, reopen=reopen, late=late)
    return _draft_once(project, name, now, day=day, reopen=reopen, late=late)


def _draft_once(
    project: Project, name: str, now: datetime, *, day: date | None, reopen: bool, late: bool
) -> Draft:
    newsletter = project.config.newsletter(name)
    edition_id = EditionId(name, day or _next_date(project, newsletter, now))
    existing = project.editions.find(edition_id)
    if existing:
        refuse_late_draft(existing, reopen=reopen)
    oldest = oldest_time(edition_id.date, newsletter.timezone, newsletter.max_age)
    newest = newest_time(edition_id.date, newsletter.timezone, now)
    candidates = project.items.candidates(newsletter.audiences, _reach(project, newsletter, edition_id, now))
    if not late and existing and (first := existing.first_drafted_at):
        candidates = [item for item in candidates if item.first_seen <= first]
    aged = {item.id for item in candidates if item.date < oldest}
    items = {item.id: item for item in in_order(candidates) if item.date < newest}
    composition = _compose(project, edition_id, items, aged, now, existing=existing)
    withdrawn: list[Item] = []
    asked: set[int] = set()
    while newsletter.check_links and (gone := _withdraw_gone(project, composition, items, asked, now)):
        withdrawn += gone
        items = {key: item for key, item in items.items() if item not in gone}
        composition = _compose(project, edition_id, items, aged, now, existing=existing)
    words = project.edition_words.standing(existing) if existing else []
    drafted = _render(project, newsletter, edition_id, composition, items, words=words)
    content_hash = edition_hash(
        {_name(newsletter, variant): variant.rendered.hash for variant in drafted},
        message_headers(project.config, edition_id),
    )
    edition = project.editions.save_draft(edition_id, drafted, content_hash, now, replacing=existing)
    findings = inspect_edition(project, edition, now, ask=True)
    waiting = Counter(items[key].feed for key in composition.waiting)
    return Draft(edition, composition.nothing_new, findings, tuple(withdrawn), waiting)


def _withdraw_gone(
    project: Project, composition: Composition, items: Mapping[int, Item], asked: set[int], now: datetime
) -> list[Item]:
    """Withdraw the chosen items whose pages are gone. asked: those whose pages were asked for already."""
    from newsletter.workflows.links import withdraw_gone  # noqa: PLC0415 - few newsletters ask for it

    chosen = {key for plan in composition.variants for key in plan.items} - asked
    asked |= chosen
    return withdraw_gone(project, [items[key] for key in sorted(chosen)], now)


def try_template(project: Project, newsletter: NewsletterSettings, now: datetime) -> tuple[Finding, ...]:
    """Render a newsletter's template with the newest items, and return what the checks find in the page.

    Raises RenderError where it does not work.
    """
    items = project.items.candidates(newsletter.audiences, datetime.min.replace(tzinfo=UTC))[:3]
    plan = VariantPlan(frozenset(newsletter.audiences), 1, tuple(item.id for item in items), 0)
    edition_id = EditionId(newsletter.name, now.date())
    by_id = {item.id: item for item in items}
    [variant] = _render(project, newsletter, edition_id, Composition((plan,)), by_id)
    found = check_page(Page(variant.rendered, items), project.config.organisation.address)
    return merged([("", finding) for finding in found])


def _masthead(
    config: Config,
    newsletter: NewsletterSettings,
    audiences: frozenset[str],
    words: Sequence[EditionWord],
) -> Masthead:
    """Return what a template knows about an edition for these audiences."""
    titles = audience_titles(config, newsletter)
    return Masthead(
        config.organisation,
        newsletter.display_title,
        tuple(title for slug, title in titles.items() if slug in audiences),
        newsletter.language,
        config.design,
        newsletter.subject,
        editorial_for(words, audiences, newsletter.audiences),
    )


def audience_titles(config: Config, newsletter: NewsletterSettings) -> dict[str, str]:
    """Return the titles of a newsletter's audiences by slug, in its order."""
    return {slug: config.settings.audiences[slug].title for slug in newsletter.audiences}


def _next_date(project: Project, newsletter: NewsletterSettings, now: datetime) -> date:
    for day in schedule_of(project, newsletter, now).upcoming_dates(now):
        edition = project.editions.find(EditionId(newsletter.name, day))
        if edition is None or edition.status in UNDECIDED:
            return day
    raise EditionError(
        f"{newsletter.name}: the schedule {newsletter.schedule.text!r} names no date to come",
        hint=f"newsletter schedule list {newsletter.name} says why; or give one with --date",
    )


def refuse_late_draft(edition: Edition, *, reopen: bool = False) -> None:
    """Raise EditionError for an edition past drafting, and for an approved one unless it is reopened."""
    if edition.status in (EditionStatus.DRAFT, EditionStatus.HELD):
        return
    if edition.status not in UNDECIDED:
        raise AlreadySent(f"{edition.id} is {edition.status}, it cannot be drafted again")
    if not reopen:
        raise EditionError(
            f"{edition.id} is {edition.status} and stays as it is",
            hint=f"to drop the approval: newsletter edition draft {edition.id.newsletter} "
            f"--date {edition.id.date} --reopen",
        )


def _reach(
    project: Project, newsletter: NewsletterSettings, edition_id: EditionId, now: datetime
) -> datetime:
    """Return how old items may be for anybody: monthly members have had none since the last month's first."""
    day = edition_id.date
    if project.recipients.has_monthly(newsletter.name, now):
        before = project.editions.last_begun(newsletter.name, before=day.replace(day=1))
        day = before.replace(day=1) if before else day
    return oldest_time(day, newsletter.timezone, newsletter.max_age)


def _compose(
    project: Project,
    edition_id: EditionId,
    items: dict[int, Item],
    aged: Collection[int],
    now: datetime,
    *,
    existing: Edition | None,
) -> Composition:
    newsletter = project.config.newsletter(edition_id.newsletter)
    groups = project.recipients.groups(
        newsletter.name,
        items,
        now,
        edition=existing,
        day=edition_id.date,
        consent_only=newsletter.purpose == "marketing",
    )
    # Before the first members come there still is something to look at.
    everybody = HistoryGroup(frozenset(newsletter.audiences), frozenset(), 0)
    audiences = {key: item.audiences for key, item in items.items()}
    return compose(
        audiences,
        without_aged(groups or [everybody], aged),
        Room.among(items.values(), newsletter.max_items, newsletter.max_per_feed),
        standing=by_section(list(items.values()), newsletter.sections),
    )


def _render(
    project: Project,
    newsletter: NewsletterSettings,
    edition_id: EditionId,
    composition: Composition,
    items: dict[int, Item],
    *,
    words: Sequence[EditionWord] = (),
) -> list[DraftedVariant]:
    templates = Templates(project.config.template_folders, project.members.field_names())
    drafted = []
    for plan in composition.variants:
        rendered = render_variant(
            templates,
            newsletter.template,
            _masthead(project.config, newsletter, plan.audiences, words),
            [items[key] for key in plan.items],
            day=edition_id.date,
            titles=audience_titles(project.config, newsletter),
            nonce=secrets.token_hex(8),
            timezone=ZoneInfo(newsletter.timezone),
            picture_hosts=project.config.settings.pictures.hosts,
        )
        drafted.append(DraftedVariant(plan, rendered, {key: items[key].revision for key in plan.items}))
    return drafted


def _name(newsletter: NewsletterSettings, variant: DraftedVariant) -> str:
    return variant_name(variant.plan.audiences, variant.plan.number, newsletter.audiences)
