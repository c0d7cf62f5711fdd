"""The link in the mail to an editor: signed for one edition, one content and one address, and of use once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from newsletter.config.fields import Mailbox
from newsletter.editions.asking import Request
from newsletter.editions.types import Edition
from newsletter.members.tokens import Purpose, Tokens
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.project import Project

_MARK_BYTES = 12


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a link stands for: an edition as it is now, what an editor was asked about it, and who that is."""

    edition: Edition
    request: Request
    editor: Mailbox
    used_at: datetime | None

    @property
    def name(self) -> str:
        """The editor as people know them."""
        return self.editor.name or self.editor.address.text


def approval_link(project: Project, request: Request, editor: Mailbox) -> str | None:
    """Return the address of the page on which an editor approves; None where there are no pages."""
    web = project.config.settings.web
    if web is None:
        return None
    token = link_tokens(project).make(Purpose.APPROVE, f"{request.key} {_mark(request, editor)}")
    return f"{web.url.rstrip('/')}/a/{token}"


def open_link(project: Project, tokens: Tokens, token: str) -> OpenedLink | None:
    """Return what a token stands for; None for any that is none, or whose reader is no editor any more."""
    read = tokens.read(Purpose.APPROVE, token)
    key, _, mark = (read or "").partition(" ")
    request = project.requests.get(int(key)) if read else None
    edition = project.editions.by_key(request.edition) if request else None
    if request is None or edition is None:
        return None
    known = (it for it in project.config.settings.newsletters if it.name == edition.id.newsletter)
    for editor in (editor for newsletter in known for editor in newsletter.editors):
        if _mark(request, editor) == mark:
            return OpenedLink(edition, request, editor, project.requests.used_at(request, editor.address.key))
    return None


def _mark(request: Request, editor: Mailbox) -> str:
    bound = f"{request.edition} {request.hash} {editor.address.key}"
    return blake2b(bound.encode(), digest_size=_MARK_BYTES).hexdigest()
