"""Member links: where a mail leads the member who has it; to the pages, or to people where there are none."""

from __future__ import annotations

from typing import NamedTuple, Protocol
from urllib.parse import quote

from newsletter.editions.types import Edition, EditionId
from newsletter.members.tokens import Purpose, Tokens
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.project import Project

#: Stands for a member in mail that is none of a member's: previews and tests. Nobody has this number.
NOBODY = 0


class MemberLinks(NamedTuple):
    """The addresses in one member's mail. list_unsubscribe: the value of that header (RFC 2369 §3.2)."""

    unsubscribe_url: str
    preferences_url: str
    web_url: str
    list_unsubscribe: str


class Links(Protocol):
    """Makes the links of one edition's mails."""

    def of(self, member: int, variant: int) -> MemberLinks:
        """Return the links of one member."""
        ...


def edition_links(project: Project, edition: Edition) -> Links:
    """Return what makes the links of an edition's mails; asks the database for the keys once."""
    leave, web = project.config.sender.leave, project.config.settings.web
    if web is None:
        return MailtoLinks(leave, edition.id)
    return WebLinks(web.url, leave, edition, link_tokens(project))


class MailtoLinks:
    """Links to the people at `leave`, for leaving, changing topics and asking for a copy."""

    def __init__(self, leave: str, edition: EditionId) -> None:
        subjects = (
            leave_subject(edition.newsletter),
            f"Change my topics of {edition.newsletter}",
            f"Please send me a link to {edition}",
        )
        unsubscribe, preferences, web = (_mailto(leave, subject) for subject in subjects)
        self._links = MemberLinks(unsubscribe, preferences, web, f"<{unsubscribe}>")

    def of(self, member: int, variant: int) -> MemberLinks:  # noqa: ARG002 - the same for all
        """Return the links of one member."""
        return self._links


class WebLinks:
    """Links to the pages below an address, each with a token; that of `web_url` is the same for a variant."""

    def __init__(self, url: str, leave: str, edition: Edition, tokens: Tokens) -> None:
        self._base = url.rstrip("/")
        self._mailto = _mailto(leave, leave_subject(edition.id.newsletter))
        self._newsletter = edition.id.newsletter
        self._edition = edition.key
        self._tokens = tokens
        self._views: dict[int, str] = {}

    def of(self, member: int, variant: int) -> MemberLinks:
        """Return the links of one member."""
        leave = self._tokens.make(Purpose.LEAVE, f"{member} {self._newsletter}")
        topics = self._tokens.make(Purpose.TOPICS, f"{member} {self._edition}")
        unsubscribe_url = f"{self._base}/u/{leave}"
        return MemberLinks(
            unsubscribe_url,
            f"{self._base}/p/{topics}",
            self._views.get(variant) or self._view(variant),
            f"<{unsubscribe_url}>, <{self._mailto}%20({leave})>",
        )

    def _view(self, variant: int) -> str:
        token = self._tokens.make(Purpose.VIEW, f"{variant} {self._edition}")
        return self._views.setdefault(variant, f"{self._base}/v/{token}")


def leave_subject(newsletter: str) -> str:
    """Return the subject of a mail that asks to leave; a token in brackets may follow."""
    return f"Unsubscribe from {newsletter}"


def _mailto(address: str, subject: str) -> str:
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject)}"
