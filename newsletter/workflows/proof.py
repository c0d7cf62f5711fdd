"""Proofs: the variants of an edition, marked "[Test]", to somebody who looks at them in a real mailbox."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.address import parse_address
from newsletter.config import Config
from newsletter.delivery.types import Link, Recipient, Reply, Stage, Transport
from newsletter.editions.names import variant_name
from newsletter.errors import EmptyEdition, TransportError
from newsletter.render.types import RenderedVariant
from newsletter.workflows.find import find_edition
from newsletter.workflows.loop import run_in_loop
from newsletter.workflows.messages import Message, MessageMaker
from newsletter.workflows.project import Project

_ACCEPTED = 2


@dataclass(frozen=True, slots=True)
class Proof:
    """A variant that a relay took for an address, and the relay's answer."""

    variant: str
    to: str
    reply: Reply


def send_proofs(
    project: Project, text: str, to: Sequence[str], transport: Transport, now: datetime
) -> list[Proof]:
    """Send every variant of an edition to each address; no delivery is recorded, and no member is touched.

    Raises TransportError at the first that is refused.
    """
    edition = find_edition(project, text)
    recipients = [Recipient(parse_address(address)) for address in to]
    order = project.config.newsletter(edition.id.newsletter).audiences
    variants = {v.key: variant_name(v.audiences, v.number, order) for v in project.editions.variants(edition)}
    if not variants:
        raise EmptyEdition(f"{edition.id} has no variants, there is nothing to look at")
    messages = MessageMaker(project, edition, lambda key: _marked(project.editions.rendered(key)))

    async def send() -> list[Proof]:
        link = await transport.connect()
        try:
            return [
                Proof(
                    name,
                    recipient.address.text,
                    await _sent(
                        link,
                        transport.name,
                        messages.message(key, recipient, new_message_id(project.config, "test"), now),
                    ),
                )
                for key, name in variants.items()
                for recipient in recipients
            ]
        finally:
            await link.close()

    return run_in_loop(send())


async def _sent(link: Link, relay: str, message: Message) -> Reply:
    reply, _ = await hand_over(link, message)
    if reply.code // 100 != _ACCEPTED:
        raise TransportError(f"{relay} refused the test for {message.envelope.recipient}: {reply}")
    return reply


async def hand_over(link: Link, message: Message) -> tuple[Reply, Stage]:
    """Offer a message and hand it over; return the relay's answer, and to what it was."""
    offer = await link.offer(message.envelope)
    if offer.reply:
        return offer.reply, offer.stage
    return await link.hand_over(message.content), Stage.CONTENT


def new_message_id(config: Config, kind: str) -> str:
    """Return a Message-ID of a mail that is no delivery."""
    return f"<{kind}.{secrets.token_hex(12)}@{parse_address(config.sender.from_address).domain}>"


def _marked(rendered: RenderedVariant) -> RenderedVariant:
    return replace(rendered, subject=f"[Test] {rendered.subject}")
