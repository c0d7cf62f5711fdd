"""Mail to the organisation's own people: parts and attachments as they come, signed like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from newsletter.address import parse_address
from newsletter.config import Config
from newsletter.config.fields import Mailbox
from newsletter.delivery.content import checked_content
from newsletter.delivery.types import Envelope, Reply, Stage, Transport
from newsletter.errors import NewsletterError, TransportError
from newsletter.render.headers import encode_mailbox, encode_text
from newsletter.render.merge import one_line
from newsletter.workflows.loop import run_in_loop
from newsletter.workflows.messages import Message
from newsletter.workflows.proof import hand_over, new_message_id
from newsletter.workflows.signing import dkim_signer

_ACCEPTED, _REFUSED = 2, 5


@dataclass(frozen=True, slots=True)
class StaffMail:
    """A mail to one person. attached: HTML pages by the names of their files.

    message_id: with its angle brackets, where it shall be the same at every try.
    """

    subject: str
    text: str
    html: str = ""
    attached: Mapping[str, str] = field(default_factory=dict)
    message_id: str = ""


def compose_mail(config: Config, to: Mailbox, mail: StaffMail, now: datetime) -> Message:
    """Return a mail as a transport takes it."""
    sender = parse_address(config.sender.from_address)
    member_lines = _lines(
        f"To: {encode_mailbox(to.name, to.address, header='To')}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: {mail.message_id or new_message_id(config, 'staff')}",
    )
    head, body = _head(config, mail)
    signer = dkim_signer(config)
    signature = b""
    if signer:
        signed = signer.compile(head, [body]).of_member(member_lines, (), int(now.timestamp()))
        signature = signed.sign()
    content = checked_content(b"".join((signature, head, member_lines, b"\r\n", body)))
    return Message(Envelope(sender, to.address, len(content)), content)


def _head(config: Config, mail: StaffMail) -> tuple[bytes, bytes]:
    """Return the header lines that do not depend on the reader, and the body."""
    sender = config.sender
    made = EmailMessage(policy.SMTP)
    made.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        made.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for name, page in mail.attached.items():
        made.add_attachment(page.encode(), "text", "html", filename=name, params={"charset": "utf-8"})
    mime, _, body = made.as_bytes().partition(b"\r\n\r\n")
    lines = _lines(
        f"From: {encode_mailbox(sender.from_name, one_line(sender.from_address), header='From')}",
        f"Reply-To: {one_line(sender.reply_to)}",
        f"Subject: {encode_text(mail.subject)}",
        # RFC 3834 §5: nobody wants an out-of-office reply to it.
        "Auto-Submitted: auto-generated",
    )
    return lines + mime + b"\r\n", body


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def send_mail(transport: Transport, message: Message) -> None:
    """Hand a mail over.

    Raises TransportError where it was not taken and may be tried again, NewsletterError where the relay will
    never take it, AnswerLost where nobody knows.
    """

    async def send() -> tuple[Reply, Stage]:
        link = await transport.connect()
        try:
            return await hand_over(link, message)
        finally:
            await link.close()

    reply, stage = run_in_loop(send())
    if reply.code // 100 == _ACCEPTED:
        return
    told = f"{transport.name} did not take a mail for {message.envelope.recipient}: {reply}"
    if reply.code // 100 == _REFUSED and stage is not Stage.MAIL:
        raise NewsletterError(told, hint="if the address is wrong, mend it in newsletter.toml")
    raise TransportError(told)
