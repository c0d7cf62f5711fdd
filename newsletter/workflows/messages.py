"""Messages: a variant's bytes, compiled once, and one member's copy of them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from newsletter.address import parse_address
from newsletter.config import Config
from newsletter.delivery.types import Claim, Envelope, Recipient
from newsletter.editions.types import Edition, EditionId
from newsletter.render.merge import merge_values
from newsletter.render.mime import CompiledMessage, compile_message
from newsletter.render.types import MergeValues, MessageHeaders, RenderedVariant


class MessageMaker:
    """Makes the messages of one edition. rendered: gives the frozen content of a variant by its key."""

    def __init__(self, config: Config, edition: Edition, rendered: Callable[[int], RenderedVariant]) -> None:
        self._edition = edition
        self._rendered = rendered
        self._headers = message_headers(config, edition.id)
        self._sender = parse_address(config.sender.from_address)
        self._links = leave_links(config.sender.leave, edition.id)
        self._compiled: dict[int, CompiledMessage] = {}

    def delivery(self, claim: Claim, now: datetime) -> tuple[Envelope, bytes]:
        """Return the envelope and content of a delivery, whose Message-ID is the same at every try."""
        return self.message(claim.variant, claim.recipient, self._message_id(claim), now)

    def message(
        self, variant: int, recipient: Recipient, message_id: str, now: datetime
    ) -> tuple[Envelope, bytes]:
        """Return a variant as one recipient gets it."""
        if variant not in self._compiled:
            self._compiled[variant] = compile_message(self._rendered(variant), self._headers)
        content = self._compiled[variant].for_member(
            to_name=recipient.name,
            to=recipient.address,
            message_id=message_id,
            date=now,
            list_unsubscribe=f"<{self._links['unsubscribe_url']}>",
            values=self.values(recipient),
        )
        return Envelope(self._sender, recipient.address, len(content)), content

    def values(self, recipient: Recipient) -> MergeValues:
        """Return what the merge fields say for a recipient."""
        return merge_values(
            recipient.address.text,
            recipient.first_name,
            recipient.last_name,
            recipient.attributes,
            **self._links,
        )

    def _message_id(self, claim: Claim) -> str:
        edition = self._edition
        # Made from the row and the edition's secret: the same for every try, found again from a relay's log,
        # and not to be guessed for another member.
        number = str(claim.delivery)
        mark = hmac.digest(edition.message_id_key.encode(), number.encode(), hashlib.sha256).hex()[:20]
        domain = self._sender.domain
        return f"<{edition.id.newsletter}.{edition.id.date}.{number}.{mark}@{domain}>"


def message_headers(config: Config, edition_id: EditionId) -> MessageHeaders:
    """Return what the headers of all messages of an edition have in common."""
    newsletter = config.newsletter(edition_id.newsletter)
    domain = parse_address(config.sender.from_address).domain
    return MessageHeaders(
        config.sender,
        list_id=f"{edition_id.newsletter}.{domain}",
        list_title=newsletter.display_title,
        language=newsletter.language,
    )


def leave_links(leave: str, edition_id: EditionId) -> dict[str, str]:
    """Return mailto links to the people at `leave`, for leaving, changing topics and asking for a copy."""
    subjects = {
        "unsubscribe_url": f"Unsubscribe from {edition_id.newsletter}",
        "preferences_url": f"Change my topics of {edition_id.newsletter}",
        "web_url": f"Please send me a link to {edition_id}",
    }
    return {
        name: f"mailto:{quote(leave, safe='@+')}?subject={quote(subject)}"
        for name, subject in subjects.items()
    }
