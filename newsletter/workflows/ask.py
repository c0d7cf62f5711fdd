"""Ask: editors are asked to approve what waits for them, reminded once, and told of what was held.

Each mail is noted before it leaves, and the note is taken back where it certainly was not taken: a relay that
is down costs nobody a mail, and nobody gets one twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from newsletter.config import NewsletterSettings
from newsletter.config.fields import Mailbox
from newsletter.editions.approval import Approvers, name_key
from newsletter.editions.asking import Request, RequestKind, request_due
from newsletter.editions.types import Approval, Edition, EditionStatus
from newsletter.errors import EmptyEdition, NewsletterError, TransportError
from newsletter.workflows.enough import refuse_empty
from newsletter.workflows.happened import Happened, Kind
from newsletter.workflows.project import Project
from newsletter.workflows.schedules import schedule_of

_WORDS = {
    RequestKind.ASK: "asked to approve it",
    RequestKind.REMIND: "reminded to approve it",
    RequestKind.HELD: "told that it is held",
}


def ask_editors(project: Project, newsletter: NewsletterSettings, now: datetime) -> Iterator[Happened]:
    """Tell the editors of a newsletter what they have to know now.

    Raises the first fault, after all is tried, where some of it did not leave.
    """
    troubles: list[NewsletterError] = []
    for asking in _askings(project, newsletter, now):
        try:
            yield from asking.tell(troubles)
        except NewsletterError as fault:
            troubles.append(fault)
    if troubles:
        raise troubles[0]


def mails_due(
    project: Project, newsletter: NewsletterSettings, now: datetime
) -> Iterator[tuple[Edition, RequestKind, list[str]]]:
    """Yield of which editions editors would get a mail now: what it would be about, and their names."""
    for asking in _askings(project, newsletter, now):
        kind, editors = asking.due()
        if kind and editors:
            yield asking.edition, kind, [_name(it) for it in editors]


def _askings(project: Project, newsletter: NewsletterSettings, now: datetime) -> Iterator[_Asking]:
    if not newsletter.editors:
        return
    schedule = schedule_of(project, newsletter, now)
    for edition in project.editions.standing(newsletter.name, 0):
        occasion = schedule.at(edition.id.date)
        if occasion and _concerns(newsletter, edition, occasion.due, now):
            yield _Asking(project, edition, occasion.due, now)


def _name(editor: Mailbox) -> str:
    return editor.name or editor.address.text


def _concerns(newsletter: NewsletterSettings, edition: Edition, due: datetime, now: datetime) -> bool:
    """Whether an edition is the editors' matter: one that was drafted by hand well ahead is not yet."""
    if edition.status is EditionStatus.HELD:
        return True
    return newsletter.approval == "required" and due - newsletter.lead <= now


class _Asking:
    """What the editors of one edition have to be told at one time."""

    def __init__(self, project: Project, edition: Edition, due: datetime, now: datetime) -> None:
        self._project = project
        self.edition = edition
        self._due = due
        self._now = now
        self._newsletter = project.config.newsletter(edition.id.newsletter)
        self._told = project.requests.of(edition)
        self._standing = project.editions.approvals(edition)

    def due(self) -> tuple[RequestKind | None, list[Mailbox]]:
        """Return what is to be told now, and to whom."""
        remind = self._newsletter.remind
        kind = request_due(self.edition, self._due, remind, self._told, lost=self._lost(), now=self._now)
        return kind, self._left(kind) if kind and self._is_enough() else []

    def tell(self, troubles: list[NewsletterError]) -> Iterator[Happened]:
        """Send what is due to whom it has not gone yet, and tell of it."""
        kind, left = self.due()
        if kind and left and (told := [_name(it) for it in self._mail(kind, left, troubles)]):
            verb = "was" if len(told) == 1 else "were"
            yield Happened(Kind.ASKED, str(self.edition.id), f"{' and '.join(told)} {verb} {_WORDS[kind]}")

    def _lost(self) -> Approval | None:
        found = None if self._standing else self._project.editions.last_approved(self.edition)
        return found[0] if found else None

    def _is_enough(self) -> bool:
        try:
            refuse_empty(self._project, self.edition, self._project.editions.variants(self.edition))
        except EmptyEdition:  # it may still grow; if not, it is skipped
            return False
        return True

    def _request(self, kind: RequestKind) -> Request | None:
        same = (it for it in self._told if it.kind is kind and it.hash == self.edition.hash)
        return next(same, None)

    def _left(self, kind: RequestKind) -> list[Mailbox]:
        """Return the editors to whom it has not gone; who cannot approve, or has, needs no reminder."""
        request = self._request(kind)
        mailed = self._project.requests.mailed(request) if request else frozenset()
        left = [it for it in self._newsletter.editors if it.address.key not in mailed]
        return [it for it in left if self._is_waited_for(it)] if kind is RequestKind.REMIND else left

    def _is_waited_for(self, editor: Mailbox) -> bool:
        approvers = Approvers(self._newsletter.approvers, self._newsletter.approvals)
        name = approvers.spelled(_name(editor))
        return name is not None and name_key(name) not in {name_key(it.name) for it in self._standing}

    def _mail(
        self, kind: RequestKind, editors: Sequence[Mailbox], troubles: list[NewsletterError]
    ) -> Iterator[Mailbox]:
        """Send the mail to these editors, and yield those who have it."""
        from newsletter.workflows.request_mail import RequestMailer  # noqa: PLC0415 - jinja2, premailer
        from newsletter.workflows.staff_mail import compose_mail, send_mail  # noqa: PLC0415 - asyncio
        from newsletter.workflows.ways import make_transport  # noqa: PLC0415 - as above

        config = self._project.config
        transport = make_transport(config, config.relays[0])
        mailer = RequestMailer(self._project, self.edition, self._due, self._told, self._now)
        request = self._request(kind) or mailer.open(kind)
        for editor in editors:
            mail = mailer.mail(request, editor)
            message = compose_mail(config, editor, mail, self._now)
            if not self._project.requests.claim(request, editor.address.key, self._now):
                continue
            try:
                send_mail(transport, message)
            except TransportError as fault:
                self._project.requests.give_back(request, editor.address.key)
                troubles.append(fault)
            except NewsletterError as fault:  # refused for good, or nobody knows: it is not tried again
                troubles.append(fault)
            else:
                yield editor
