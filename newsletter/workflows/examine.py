"""Examine: is everything in place? Configuration, database, feeds, relay, templates, people."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from newsletter.address import parse_address
from newsletter.config import Config, SmtpSettings
from newsletter.editions.schedule import weekday_date
from newsletter.errors import CalendarError, NewsletterError, RenderError
from newsletter.feeds.fetch import Fetcher, FetchLimits
from newsletter.feeds.pages import parse_pages
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched
from newsletter.render.types import Finding as PageFinding
from newsletter.workflows.calendars import calendar
from newsletter.workflows.draft import try_template
from newsletter.workflows.feed_login import make_fetcher
from newsletter.workflows.loop import run_in_loop
from newsletter.workflows.project import Project
from newsletter.workflows.schedules import next_due
from newsletter.workflows.signing import dkim_signer
from newsletter.workflows.ways import make_transport

#: A calendar is to reach further than this.
_SOON_OVER = timedelta(days=60)
#: RFC 8301 §3.2.
_GOOD_RSA_BITS = 2048
_WEB_LIMITS = FetchLimits(connect_s=5, read_s=5, total_s=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. cure: what to do about it; empty where it is well."""

    level: Literal["ok", "note", "fault"]
    subject: str
    text: str
    cure: str = ""


def examine(project: Project, now: datetime) -> Iterator[Finding]:
    """Look at every part of a project, one after another; a fault of one does not stop the rest.

    Fetches feeds and logs in to relays; stores nothing but calendars, and sends nothing.
    """
    yield Finding("ok", "configuration", str(project.config.folder))
    yield Finding("ok", "database", project.database.engine.url.render_as_string(hide_password=True))
    yield from _web(project)
    for feed in project.config.feeds:
        yield _feed(project, feed)
    for relay in project.config.relays:
        yield _relay(project, relay)
    yield from _dkim(project)
    yield from _alerts(project)
    yield from _schedules(project, now)
    told: set[tuple[str, int | None]] = set()
    yield from _newsletters(project, now, told)
    yield from _templates(project, told)


def _web(project: Project) -> Iterator[Finding]:
    """Ask for the pages where members would; the address of one click has to answer."""
    web = project.config.settings.web
    if web is None:
        return
    url, host = web.url.rstrip("/"), urlsplit(web.url).hostname or ""
    allowed = [*project.config.settings.fetch.allow, host]
    fetcher = Fetcher(project.config.folder, allowed, project.config.user_agent, limits=_WEB_LIMITS)
    try:
        fetcher.fetch(FeedForUpdate(0, FeedSource("web", f"{url}/healthz")))
    except NewsletterError as fault:
        cure = "newsletter serve, and a proxy before it: docs/pages.md"
        yield Finding("fault", "web", f"nobody can leave by one click: {fault}", cure)
        return
    if not url.startswith("https:"):
        told = f"the pages answer at {url}; without https, mail programs offer nobody one click (RFC 8058)"
        yield Finding("note", "web", told, "a proxy with a certificate before them: docs/pages.md")
        return
    yield Finding("ok", "web", f"the pages answer at {url}")


def _feed(project: Project, source: FeedSource) -> Finding:
    fetcher = make_fetcher(project.config)
    try:
        if source.kind == "pages":
            parsed = parse_pages(fetcher.read_pages(source))
        else:
            fetched = fetcher.fetch(FeedForUpdate(0, source))
            assert isinstance(fetched, Fetched)  # noqa: S101 - nothing to compare with was given
            parsed = parse_feed(fetched)
    except NewsletterError as fault:
        return Finding("fault", f"feed {source.name}", str(fault), fault.hint)
    count = f"{len(parsed.entries)} entries"
    if parsed.warnings:
        return Finding("note", f"feed {source.name}", f"{count}; {' '.join(parsed.warnings)}")
    return Finding("ok", f"feed {source.name}", count)


def _relay(project: Project, relay: SmtpSettings) -> Finding:
    async def try_out() -> None:
        link = await make_transport(project.config, relay).connect()
        await link.close()

    try:
        run_in_loop(try_out())
    except NewsletterError as fault:
        subject = f"relay {relay.name}"
        return Finding("fault", subject, str(fault).removeprefix(f"{subject}: "), fault.hint)
    if relay.outbox:
        return Finding(
            "note",
            "relay",
            f"messages are written into the folder {relay.outbox}, nothing is sent",
            "name your relay under [smtp] when you are ready",
        )
    return Finding("ok", f"relay {relay.name}", "answers" + (", login accepted" if relay.username else ""))


def _dkim(project: Project) -> Iterator[Finding]:
    """Look at the keys; whether the DNS has them is not asked."""
    try:
        signer = dkim_signer(project.config)
    except NewsletterError as fault:
        yield Finding("fault", "dkim", str(fault), fault.hint)
        return
    if signer is None:
        return
    for key in signer.keys:
        subject = f"dkim {key.selector}"
        kind = "Ed25519 key" if key.rsa_bits is None else f"RSA key of {key.rsa_bits} bits"
        record = f"{kind}; TXT record to publish: {key.record_name(signer.domain)} {key.record_value}"
        yield Finding("ok", subject, record)
        if key.rsa_bits and key.rsa_bits < _GOOD_RSA_BITS:
            cure = f"make one of {_GOOD_RSA_BITS} bits, under another selector"
            yield Finding("note", subject, f"{key.rsa_bits} bits are little for an RSA key", cure)
    if all(key.rsa_bits is None for key in signer.keys):
        cure = "an RSA key as key_file, and this one as ed25519_key_file"
        yield Finding("note", "dkim", "few receivers check Ed25519 yet", cure)
    sender = parse_address(project.config.sender.from_address).domain
    if not f".{sender}".endswith(f".{signer.domain}") and not signer.domain.endswith(f".{sender}"):
        text = f"mail from {sender} is signed by {signer.domain}, which DMARC does not count"
        yield Finding("note", "dkim", text, f"a key for {sender}")


def _alerts(project: Project) -> Iterator[Finding]:
    """Look whether anybody would be told of trouble; nobody is."""
    given = project.config.settings.alerts
    if not given.channels:
        cure = '[alerts] to = ["you@example.org"], or a webhook, in newsletter.toml'
        text = "nobody is told when something needs a person, but for whoever reads what cron mails"
        yield Finding("note", "alerts", text, cure)
    if given.to:
        yield Finding("ok", "alerts", f"mailed to {', '.join(address.text for address in given.to)}")
    if given.has_webhook:
        yield _web_hook(project.config)


def _web_hook(config: Config) -> Finding:
    from newsletter.workflows.alert_channels import web_hook  # noqa: PLC0415 - few have a webhook

    try:
        hook = web_hook(config)
        hook.try_out()
    except NewsletterError as fault:
        return Finding("fault", "alerts", str(fault), fault.hint)
    return Finding("ok", "alerts", f"{hook.host} answers; nothing was posted to its webhook")


def _schedules(project: Project, now: datetime) -> Iterator[Finding]:
    for name in project.config.settings.calendars:
        yield _calendar(project, name, now)
    for newsletter in project.config.settings.newsletters:
        subject = f"schedule {newsletter.name}"
        try:
            coming = next_due(project, newsletter, now)
        except CalendarError:
            continue  # told above
        if coming:
            when = f"{weekday_date(coming.date())} at {coming:%H:%M %Z}"
            yield Finding("ok", subject, f"{newsletter.schedule.text}; the next edition is due on {when}")
        else:
            cure = f"newsletter schedule list {newsletter.name}"
            yield Finding("fault", subject, "names no date to come", cure)


def _calendar(project: Project, name: str, now: datetime) -> Finding:
    subject = f"calendar {name}"
    try:
        found = calendar(project, name, now)
    except CalendarError as fault:
        return Finding("fault", subject, str(fault).removeprefix(f"{subject}: "), fault.hint)
    last = max(span.last for span in found.days)
    if found.problem:
        cure = "until it can be read, its days are those of before"
        return Finding("note", subject, found.problem, cure)
    if last < now.date() + _SOON_OVER:
        return Finding("note", subject, f"ends on {weekday_date(last)}", "add what comes after")
    return Finding("ok", subject, f"{len(found.days)} events until {weekday_date(last)}")


def _templates(project: Project, told: Collection[tuple[str, int | None]]) -> Iterator[Finding]:
    """Look at the organisation's own template files, line by line. told: faults that rendering met."""
    found = [*_unsupported(project.config.template_folders[0]), *_unknown_names(project, told)]
    yield from found or [Finding("ok", "templates", "nothing in them that large mail programs do not know")]


def _unsupported(folder: Path) -> Iterator[Finding]:
    from newsletter.render.support import facts_date, unsupported  # noqa: PLC0415 - heavy

    for path in sorted(it for it in folder.rglob("*") if it.suffix in (".html", ".css")):
        for found in unsupported(path.name, path.read_text("utf-8", errors="replace")):
            programs = ", ".join(found.programs)
            text = f"{found.feature} is not known to {programs} (caniemail.com, {facts_date()})"
            place = f"{folder.name}/{path.relative_to(folder)}:{found.line}"
            yield Finding("note", place, text, "make sure that the mail reads well without it, or do without")


def _unknown_names(project: Project, told: Collection[tuple[str, int | None]]) -> Iterator[Finding]:
    from newsletter.render.html import Templates  # noqa: PLC0415 - heavy

    templates = Templates(project.config.template_folders, project.members.field_names())
    for fault in templates.unknown_names():
        if (fault.template, fault.line) not in told:
            place = f"{fault.template}:{fault.line}"
            yield Finding("fault", place, fault.message.removeprefix(f"{place}: "), fault.hint)


def _newsletters(project: Project, now: datetime, told: set[tuple[str, int | None]]) -> Iterator[Finding]:
    """Render each newsletter's template. told: takes the places of faults in templates."""
    for newsletter in project.config.settings.newsletters:
        subject = f"newsletter {newsletter.name}"
        try:
            found = try_template(project, newsletter, now)
        except NewsletterError as fault:
            if isinstance(fault, RenderError):
                told.add((fault.template, fault.line))
            yield Finding("fault", subject, str(fault), fault.hint)
            continue
        yield from (_of_page(subject, it) for it in found if it.item is None)
        members = sum(group.members for group in project.recipients.groups(newsletter.name, (), now))
        if members:
            yield Finding("ok", subject, f"{members:,} recipient{'s' * (members != 1)}")
        else:
            yield Finding("note", subject, "no recipients yet", "newsletter member import FILE")


def _of_page(subject: str, found: PageFinding) -> Finding:
    level: Literal["note", "fault"] = "fault" if found.level == "error" else "note"
    return Finding(level, subject, f"{found.rule}: {found.message}", found.cure)
