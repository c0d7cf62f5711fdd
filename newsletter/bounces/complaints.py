"""Complaints: feedback reports (RFC 5965) and the forms of providers that came before it."""

from __future__ import annotations

import re
from email.message import Message

from newsletter.bounces.mail import addresses_in, header, own_words, parts_of, quoted_mails, text_of
from newsletter.bounces.types import Failure

_TELLING_HEADERS = (
    "x-hmxmroriginalrecipient",
    "x-original-rcpt-to",
    "x-rcpt-to",
    "x-envelope-to",
    "x-apparently-to",
)
_SUBJECT = re.compile(
    r"(?i)\bcomplaint about message from\b|\b(?:email|spam) feedback report\b|\bfeedback loop\b|"
    r"\babuse report\b|\bemail abuse report\b|\bclient tos notification\b|\bspam complaint\b|"
    r"\bmarked as (?:spam|junk)\b|^\[?fwd?: ?abuse\b"
)  # fmt: skip
_SENDER = re.compile(
    r"(?i)staff@hotmail\.com|jmrp|scomp@aol|feedbackloop|\bfbl[@-]|[@.]feedback|feedback@(?:arf|complaint)|complaints?@|abuse-report"
)
_NO_COMPLAINT = ("not-spam", "opt-out-list", "auth-failure", "dmarc", "virus")


def read_complaint(mail: Message) -> tuple[Failure, ...] | None:
    """Return whom a complaint is from, nobody where that is left out; None for any other mail."""
    reports = [it for it in parts_of(mail) if it.get_content_type() == "message/feedback-report"]
    fields = "\n".join(map(_fields, reports))
    if not (fields or _is_near(mail)):
        return None
    said = re.search(r"(?im)^feedback-type:\s*(\S+)", fields)
    if said and said[1].lower() in _NO_COMPLAINT:
        return None
    diagnostic = f"feedback report: {said[1].lower()}" if said else f"complaint: {header(mail, 'Subject')}"
    names = _recipients(mail, fields)
    return (
        (Failure(names[0], "", "", diagnostic, tuple(names[1:])),)
        if names
        else (Failure("", "", "", diagnostic),)
    )


def _fields(part: Message) -> str:
    inside = part.get_payload()
    if isinstance(inside, list):
        return "\n".join(f"{k}: {v}" for it in inside if isinstance(it, Message) for k, v in it.items())
    return text_of(part)


def _is_near(mail: Message) -> bool:
    """Whether a mail without a feedback report is a complaint: who sent it, or its subject, and our mail in it."""
    if str(mail.get_param("report-type", "")).lower() == "feedback-report":
        return True
    sender = f"{header(mail, 'From')} {header(mail, 'Sender')}"
    told = _SUBJECT.search(header(mail, "Subject")) or (
        _SENDER.search(sender)
        and re.search(r"(?i)spam|junk|abuse|complain|unwanted", own_words(mail) + sender)
    )
    return bool(told) and any(True for _ in quoted_mails(mail))


def _recipients(mail: Message, fields: str) -> list[str]:
    told = re.findall(r"(?im)^(?:original-rcpt-to|removal-recipient|x-original-rcpt-to):(.*)", fields)
    names = addresses_in(" ".join(told))
    for quoted in quoted_mails(mail):
        for name in (*_TELLING_HEADERS, "to"):
            names += addresses_in(header(quoted, name)) if not names else []
    for name in _TELLING_HEADERS:
        names += addresses_in(header(mail, name)) if not names else []
    return [*dict.fromkeys(it for it in names if "redacted" not in it)]
