"""Messages: a variant's bytes, compiled once, and one member's copy of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsletter.address import Address, parse_address
from newsletter.bounces.verp import Verp
from newsletter.delivery.content import Content
from newsletter.delivery.message_ids import MessageIds
from newsletter.delivery.types import Claim, Envelope, Recipient
from newsletter.editions.types import Edition
from newsletter.errors import RenderError
from newsletter.render.merge import merge_values, needed_fields, with_gaps_shown
from newsletter.render.mime import CompiledMessage, Draft, compile_message
from newsletter.render.types import MergeValues, RenderedVariant
from newsletter.workflows.heads import message_headers
from newsletter.workflows.member_links import NOBODY, MemberLinks, edition_links
from newsletter.workflows.project import Project
from newsletter.workflows.signing import dkim_signer
from newsletter.workflows.signing_desk import SigningDesk


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery as a transport takes it."""

    envelope: Envelope
    content: Content


class MessageMaker:
    """Makes the messages of one edition. rendered: gives the frozen content of a variant by its key.

    verp: gives each delivery an envelope sender of its own; without it the From address takes bounces.
    """

    def __init__(
        self,
        project: Project,
        edition: Edition,
        rendered: Callable[[int], RenderedVariant],
        verp: Verp | None = None,
    ) -> None:
        config = project.config
        self._rendered = rendered
        self._links = edition_links(project, edition)
        self._headers = message_headers(config, edition.id)
        self._sender = parse_address(config.sender.from_address)
        begins = f"{edition.id.newsletter}.{edition.id.date}"
        self._message_ids = MessageIds(edition.message_id_key, begins, self._sender.domain)
        self._verp = verp
        self._compiled: dict[tuple[int, bool], CompiledMessage] = {}
        self._signer = dkim_signer(config)
        self._desk = SigningDesk() if self._signer else None

    async def delivery(self, claim: Claim, now: datetime, *, eight_bit: bool) -> Message:
        """Return a delivery, whose Message-ID is the same at every try.

        eight_bit: the relay takes content that is more than ASCII. Raises RenderError where this member's
        values do not fit.
        """
        compiled = self._compile(claim.variant, eight_bit=eight_bit)
        links = self._links.of(claim.member, claim.variant)
        values = _values(claim.recipient, links)
        message_id = self._message_ids.of(claim.delivery)
        draft = self._draft(compiled, claim.recipient, message_id, now, links=links, values=values)
        lines = await self._desk.sign(draft.signature) if self._desk and draft.signature else b""
        sender = self._verp.sender(claim.delivery) if self._verp else self._sender
        return _message(compiled, sender, claim.recipient, draft.signed(lines))

    def message(self, variant: int, recipient: Recipient, message_id: str, now: datetime) -> Message:
        """Return a variant as one recipient gets it, in ASCII; values that are needed and missing show.

        Its links are nobody's: whoever tries them out changes nothing.
        """
        compiled = self._compile(variant, eight_bit=False)
        values = self.shown_values(variant, recipient)
        links = self._nobodys(variant)
        draft = self._draft(compiled, recipient, message_id, now, links=links, values=values)
        return _message(compiled, self._sender, recipient, draft.signed())

    def fault(self, variant: int, recipient: Recipient, now: datetime) -> RenderError | None:
        """Return why a variant cannot be made for a recipient, None where it can."""
        compiled = self._compile(variant, eight_bit=False)
        links = self._nobodys(variant)
        try:
            self._draft(compiled, recipient, "<none>", now, links=links, values=_values(recipient, links))
        except RenderError as fault:
            return fault
        return None

    def close(self) -> None:
        """End the threads."""
        if self._desk:
            self._desk.close()

    def _compile(self, variant: int, *, eight_bit: bool) -> CompiledMessage:
        if (variant, eight_bit) not in self._compiled:
            self._compiled[variant, eight_bit] = compile_message(
                self._rendered(variant), self._headers, eight_bit=eight_bit, signer=self._signer
            )
        return self._compiled[variant, eight_bit]

    def _draft(
        self,
        compiled: CompiledMessage,
        recipient: Recipient,
        message_id: str,
        now: datetime,
        *,
        links: MemberLinks,
        values: MergeValues,
    ) -> Draft:
        return compiled.draft(
            to_name=recipient.name,
            to=recipient.address,
            message_id=message_id,
            date=now,
            list_unsubscribe=links.list_unsubscribe,
            values=values,
        )

    def shown_values(self, variant: int, recipient: Recipient) -> MergeValues:
        """Return what a preview says for a recipient: what is missing is named in brackets."""
        rendered = self._rendered(variant)
        values = _values(recipient, self._nobodys(variant))
        return with_gaps_shown(values, needed_fields(rendered.html, rendered.text))

    def _nobodys(self, variant: int) -> MemberLinks:
        return self._links.of(NOBODY, variant)


def _values(recipient: Recipient, links: MemberLinks) -> MergeValues:
    """Return what the merge fields say for a recipient."""
    return merge_values(
        recipient.address.text,
        recipient.first_name,
        recipient.last_name,
        recipient.attributes,
        unsubscribe_url=links.unsubscribe_url,
        preferences_url=links.preferences_url,
        web_url=links.web_url,
    )


def _message(compiled: CompiledMessage, sender: Address, recipient: Recipient, content: Content) -> Message:
    return Message(Envelope(sender, recipient.address, len(content), eight_bit=compiled.eight_bit), content)
