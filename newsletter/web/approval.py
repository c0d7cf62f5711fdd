"""Approval: `/a/…`, the page to which the mail to an editor leads, with the edition and one button.

The link is for one person and one content. After a change it shows what changed; a new mail brings a new one.
"""

from __future__ import annotations

import html
from contextlib import closing, suppress

from newsletter.delivery.types import Recipient
from newsletter.editions.types import UNDECIDED, EditionStatus
from newsletter.errors import CalendarError, EditionChanged, NewsletterError
from newsletter.render.merge import fill
from newsletter.render.states import framed
from newsletter.web.site import Answer, Asked, Site
from newsletter.web.words import page_words
from newsletter.workflows.approval_link import OpenedLink, open_link
from newsletter.workflows.approve import approve_edition, approvers_of
from newsletter.workflows.inspect import inspect_edition
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.request_view import Baseline, RequestView
from newsletter.workflows.schedules import schedule_of
from newsletter.workflows.unchanged import change_since_draft

_CONFLICT = 409
#: Mails are shown in frames of ours, in which nothing runs and nothing can be sent.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'; form-action 'none'"
)


def show(site: Site, asked: Asked) -> Answer:
    """Show the edition and the button; nothing changes."""
    opened = open_link(site.project, site.tokens, asked.token)
    return _page(site, asked, opened) if opened else site.stranger(asked)


def approve(site: Site, asked: Asked) -> Answer:
    """Approve an edition as its editor saw it; the link is used up then."""
    opened = open_link(site.project, site.tokens, asked.token)
    if opened is None:
        return site.stranger(asked)
    if opened.used_at or _is_changed(site, opened):
        return _page(site, asked, opened, status=_CONFLICT)
    accept = [str(it) for it in asked.form.getlist("accept")]
    edition, request = opened.edition, opened.request
    try:
        approve_edition(
            site.project, str(edition.id), opened.name, asked.now, accept=accept, seen=request.hash
        )
    except EditionChanged:
        return show(site, asked)
    except NewsletterError as fault:
        return _page(site, asked, opened, status=_CONFLICT, fault=f"{fault}. {fault.hint}".removesuffix(". "))
    site.project.requests.use(request, opened.editor.address.key, asked.now)
    return show(site, asked)


def show_variant(site: Site, asked: Asked) -> Answer:
    """Show a variant as its readers get it, for a frame of the page."""
    opened = open_link(site.project, site.tokens, asked.token)
    variants = site.project.editions.variants(opened.edition) if opened else []
    found = next((it for it in variants if str(it.key) == asked.path.get("variant")), None)
    if opened is None or found is None:
        return site.stranger(asked)
    rendered = site.project.editions.rendered(found.key)
    with closing(MessageMaker(site.project, opened.edition, site.project.editions.rendered)) as maker:
        values = maker.shown_values(
            found.key, Recipient(opened.editor.address, opened.editor.name.partition(" ")[0])
        )
    page = fill(rendered.html, values, html.escape)
    return Answer(
        framed(page), headers={"Content-Security-Policy": _MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    )


def _is_changed(site: Site, opened: OpenedLink) -> bool:
    edition = opened.edition
    if edition.hash != opened.request.hash:
        return True
    if edition.status not in UNDECIDED:
        return False
    return bool(change_since_draft(site.project, edition, site.project.editions.variants(edition)))


def _page(site: Site, asked: Asked, opened: OpenedLink, *, status: int = 200, fault: str = "") -> Answer:
    edition, view = opened.edition, RequestView(site.project, opened.edition)
    approvers, standing = approvers_of(site.project, edition), site.project.editions.approvals(edition)
    is_open = edition.status in (EditionStatus.DRAFT, EditionStatus.HELD)
    changed = is_open and _is_changed(site, opened)
    findings = inspect_edition(site.project, edition, asked.now) if is_open and not changed else ()
    has_errors = any(it.level == "error" for it in findings)
    may = is_open and not (changed or opened.used_at or has_errors) and approvers.spelled(opened.name)
    baseline = (
        Baseline(f"the mail of {view.moment(opened.request.at)}", opened.request.content)
        if changed
        else view.baseline([])
    )
    occasion = None
    with suppress(CalendarError):  # it is read to say when it is due, and can be approved without
        occasion = schedule_of(site.project, view.newsletter, asked.now).at(edition.id.date)
    answer = site.page(
        "approval.html",
        page_words("en"),
        f"{view.newsletter.display_title}, {view.day}",
        status=status,
        languages=(),
        above="For the editors",
        token=asked.token,
        view=view,
        edition=edition,
        name=opened.name,
        used=view.moment(opened.used_at) if opened.used_at else "",
        due=view.whole_moment(occasion.due) if occasion else "",
        is_late=bool(occasion and occasion.due <= asked.now),
        told=approvers.told(standing) if standing or approvers.needed > 1 else "",
        standing=" and ".join(it.name for it in standing),
        may=bool(may),
        others=" or ".join(approvers.names),
        changed=changed,
        changes=view.changes(baseline) if baseline else None,
        findings=findings,
        has_errors=has_errors,
        accepts=list(dict.fromkeys(it.rule for it in findings))
        if view.newsletter.on_warning == "hold"
        else [],
        fault=fault,
    )
    policy = f"{site.shell.policy}; frame-src 'self'"
    return Answer(answer.html, answer.status, {"Content-Security-Policy": policy})
