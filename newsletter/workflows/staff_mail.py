"""A mail to colleagues, through the first relay that takes it. No member ever gets one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from quopri import encodestring

from newsletter.address import Address, parse_address
from newsletter.delivery.content import Content, checked_content
from newsletter.delivery.types import Envelope, Link, Transport
from newsletter.errors import AlertError, NewsletterError
from newsletter.render.headers import encode_mailbox, encode_text
from newsletter.render.types import Sender
from newsletter.workflows.loop import run_in_loop
from newsletter.workflows.project import Project
from newsletter.workflows.ways import make_transport

_ACCEPTED = 2


@dataclass(frozen=True, slots=True)
class StaffMail:
    """What it says. message_id: with its angle brackets, the same at every try."""

    subject: str
    text: str
    message_id: str


def send_to_staff(
    project: Project,
    mail: StaffMail,
    to: Sequence[Address],
    now: datetime,
    environ: Mapping[str, str] = os.environ,
) -> list[str]:
    """Send a mail to each of these; return what was said to those who were refused.

    Raises AlertError where no relay took it for anybody: nobody has it then, or nobody knows whether.
    """
    faults: list[NewsletterError] = []
    for relay in project.config.relays:
        try:
            transport = make_transport(project.config, relay, environ)
            refused = run_in_loop(_send(transport, _messages(project, mail, to, now)))
        except NewsletterError as fault:
            faults.append(fault)
            continue
        if len(refused) < len(to):
            return refused
        faults.append(AlertError("; ".join(refused)))
    raise AlertError("; ".join(map(str, faults)), hint=next((it.hint for it in faults if it.hint), ""))


def _messages(
    project: Project, mail: StaffMail, to: Sequence[Address], now: datetime
) -> list[tuple[Envelope, Content]]:
    sender = project.config.sender
    envelope_sender = parse_address(sender.from_address)
    contents = [checked_content(_message(sender, mail, address, now)) for address in to]
    return [
        (Envelope(envelope_sender, address, len(content)), content)
        for address, content in zip(to, contents, strict=True)
    ]


def _message(sender: Sender, mail: StaffMail, to: Address, now: datetime) -> bytes:
    lines = [
        f"From: {encode_mailbox(sender.from_name, sender.from_address, header='From')}",
        f"To: {to.text}",
        f"Subject: {encode_text(mail.subject)}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: {mail.message_id}",
        "Auto-Submitted: auto-generated",  # RFC 3834 §5: no vacation notice answers it
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    body = encodestring(mail.text.encode()).replace(b"\n", b"\r\n")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _send(transport: Transport, messages: Sequence[tuple[Envelope, Content]]) -> list[str]:
    link = await transport.connect()
    try:
        return [said for envelope, content in messages if (said := await _refusal(link, envelope, content))]
    finally:
        await link.close()


async def _refusal(link: Link, envelope: Envelope, content: Content) -> str:
    """Hand a message over; return "" where it was taken, else what was said."""
    offer = await link.offer(envelope)
    reply = offer.reply or await link.hand_over(content)
    return "" if reply.code // 100 == _ACCEPTED else f"{envelope.recipient}: {reply}"
