"""The mail that asks an editor for approval, reminds them, or says that an edition was held."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

from newsletter.config.fields import Mailbox
from newsletter.delivery.types import Recipient
from newsletter.editions.agenda import duration
from newsletter.editions.asking import Request, RequestKind
from newsletter.editions.types import Edition, Variant
from newsletter.render.merge import fill
from newsletter.render.request import RequestMail, ShownVariant, render_request, with_edition
from newsletter.workflows.approval_link import approval_link
from newsletter.workflows.approve import approvers_of
from newsletter.workflows.changes import rendering_of
from newsletter.workflows.inspect import inspect_edition
from newsletter.workflows.messages import MessageMaker
from newsletter.workflows.project import Project
from newsletter.workflows.request_view import RequestView
from newsletter.workflows.staff_mail import StaffMail

#: Variants that are attached; a preview has them all.
_MOST_ATTACHED = 20


class RequestMailer:
    """Makes the mails about one edition. due: when it goes out; told: what editors were told of it before."""

    def __init__(
        self, project: Project, edition: Edition, due: datetime, told: Sequence[Request], now: datetime
    ) -> None:
        self._project = project
        self._edition = edition
        self._due = due
        self._now = now
        self._view = RequestView(project, edition)
        self._findings = inspect_edition(project, edition, now)
        self._approvers = approvers_of(project, edition)
        baseline = self._view.baseline(told)
        self._changes = self._view.changes(baseline) if baseline else None
        self._has_errors = any(it.level == "error" for it in self._findings)

    def open(self, kind: RequestKind) -> Request:
        """Note what is asked about what the edition holds now."""
        content = rendering_of(self._project, self._edition, self._view.variants).dump()
        return self._project.requests.open(self._edition, kind, content, self._now)

    def mail(self, request: Request, editor: Mailbox) -> StaffMail:
        """Return the mail for one editor."""
        kind, link = request.kind, approval_link(self._project, request, editor)
        pages = self._pages(editor)
        shown = max(self._view.variants, key=lambda it: (len(it.items), it.recipients))
        attached = self._attached(shown)
        view = self._mail(kind, editor, link, shown, attached)
        page, text = self._rendered(view)
        whole = with_edition(page, pages[shown.key][0])
        if whole is None:  # together they are too long
            attached = {shown.key: f"{self._view.name_of(shown)}.html", **attached}
            page, text = self._rendered(self._mail(kind, editor, link, None, attached))
        files = {name: pages[key][0] for key, name in attached.items()}
        return StaffMail(view.subject, f"{text}\n{'=' * 72}\n\n{pages[shown.key][1]}", whole or page, files)

    def _rendered(self, mail: RequestMail) -> tuple[str, str]:
        config = self._project.config
        return render_request(mail, config.organisation, config.design, config.template_folders[-1])

    def _attached(self, shown: Variant) -> dict[int, str]:
        """Return the names of files by the keys of variants: those that most members get."""
        others = [it for it in self._view.variants if it is not shown]
        most = sorted(others, key=lambda it: it.recipients, reverse=True)[:_MOST_ATTACHED]
        return {it.key: f"{self._view.name_of(it)}.html" for it in others if it in most}

    def _pages(self, editor: Mailbox) -> dict[int, tuple[str, str]]:
        """Return the HTML and the text of each variant as the editor would get it, by its key."""
        first, _, last = editor.name.partition(" ")
        reader = Recipient(editor.address, first, last)
        pages = {}
        with closing(MessageMaker(self._project, self._edition, self._project.editions.rendered)) as maker:
            for variant in self._view.variants:
                rendered = self._project.editions.rendered(variant.key)
                values = maker.shown_values(variant.key, reader)
                pages[variant.key] = (
                    fill(rendered.html, values, html.escape),
                    fill(rendered.text, values, str),
                )
        return pages

    def _mail(
        self,
        kind: RequestKind,
        editor: Mailbox,
        link: str | None,
        shown: Variant | None,
        attached: dict[int, str],
    ) -> RequestMail:
        view, name = self._view, self._name(editor)
        may = name is not None and not self._has_errors
        opening = tuple(self._opening(kind, name))
        below = f"Below is the edition as {view.titles_of(shown)} get it." if shown else ""
        title = view.newsletter.display_title
        return RequestMail(
            subject=self._subject(kind),
            preheader=f"{view.dateline}. {' '.join(opening)}",
            heading=f"{title}: {self._heading(kind)}",
            dateline=view.dateline,
            moment=None if kind is RequestKind.HELD else self._moment(),
            opening=opening,
            button=("Look at it and approve it", link) if may and link else None,
            aside=f"For {name} alone. It works once, and only while the edition stays as it is.",
            command=self._command(name) if may else "",
            diff=self._call("edition", "diff", str(self._edition.id)),
            changes=self._changes,
            findings=self._findings,
            news=tuple(view.news()),
            variants=tuple(self._lines(attached)),
            items=tuple(view.shown_items()),
            why=f"You get this as one of the editors of {title} that newsletter.toml names.",
            shown=f"{below} The other variants are attached." if below and attached else below,
        )

    def _lines(self, attached: dict[int, str]) -> Iterator[ShownVariant]:
        for variant in self._view.variants:
            yield self._view.shown_variant(variant, attached.get(variant.key, ""))

    def _name(self, editor: Mailbox) -> str | None:
        """Return under which name an editor approves; None for one who may not."""
        return self._approvers.spelled(editor.name or editor.address.text)

    def _subject(self, kind: RequestKind) -> str:
        name, due = str(self._edition.id), self._view.local(self._due)
        if kind is RequestKind.HELD:
            return f"Held: {name}, it waits for you"
        if kind is RequestKind.REMIND:
            return f"To approve: {name}, due in {self._left()}"
        if self._changes:
            return f"To approve: {name}, it has changed"
        return f"To approve: {name}, due {due:%a} {due.day} {due:%b} {due:%H:%M}"

    def _heading(self, kind: RequestKind) -> str:
        if kind is RequestKind.HELD:
            return "held until somebody approves it"
        if kind is RequestKind.REMIND:
            return f"{self._left()} left to approve it"
        return "please approve it again" if self._view.lost_approval() else "please approve it"

    def _opening(self, kind: RequestKind, name: str | None) -> Iterator[str]:
        """Yield what has to be known at once, a sentence or two each."""
        if kind is RequestKind.HELD:
            yield f"It was held: {self._edition.pause_reason}. It goes out as soon as it is approved."
        lost = self._view.lost_approval()
        if lost:
            yield f"{lost[0].name} approved it on {self._view.moment(lost[0].at)}, and it has changed since."
        standing = self._project.editions.approvals(self._edition)
        if standing or self._approvers.needed > 1:
            yield f"It has {self._approvers.told(standing)}."
        if self._has_errors:
            again = self._call(
                "edition", "draft", self._edition.id.newsletter, "--date", str(self._edition.id.date)
            )
            yield f"It cannot be approved before what is marked “to mend” below is mended, and then: {again}"
        elif name is None:
            yield f"Who can approve it: {' or '.join(self._approvers.names)}."

    def _moment(self) -> tuple[str, str, str]:
        rest = f"In {self._left()}. It goes out then, if it is approved; if not, it is held until it is."
        return "Approve it by", self._view.whole_moment(self._due), rest

    def _left(self) -> str:
        """Return "3 h 20 min": rounded to five minutes, as nobody reads a mail the moment it comes."""
        minutes = max(round((self._due - self._now) / timedelta(minutes=5)) * 5, 5)
        return duration(minutes * 60).removesuffix(" 0 min")

    def _command(self, name: str | None) -> str:
        rules = dict.fromkeys(it.rule for it in self._findings)
        hold = self._view.newsletter.on_warning == "hold"
        accept = [part for rule in rules for part in ("--accept", rule)] if hold else []
        return self._call("edition", "approve", str(self._edition.id), "--by", name or "", *accept)

    def _call(self, *words: str) -> str:
        return shlex.join(["newsletter", "-C", str(self._project.config.folder), *words])
