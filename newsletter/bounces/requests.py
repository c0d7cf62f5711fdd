"""Mail that asks to leave: what members' mail programs write by our `mailto` links (RFC 2369 §3.2)."""

from __future__ import annotations

import re
from email.message import Message
from email.utils import parseaddr

from newsletter.bounces.mail import header
from newsletter.bounces.types import LeaveRequest

_ASKS = re.compile(
    r"(?i)(?:re:\s*)*unsubscribe from ([a-z0-9][a-z0-9_-]{0,63})(?:\s+\(([A-Za-z0-9_-]{20,300})\))?"
)


def leave_subject(newsletter: str) -> str:
    """Return the subject of a mail that asks to leave; a token in brackets may follow."""
    return f"Unsubscribe from {newsletter}"


def read_request(mail: Message) -> LeaveRequest | None:
    """Return what a mail asks for by its subject; None for any other mail, whatever its words."""
    found = _ASKS.fullmatch(" ".join(header(mail, "Subject").split()))
    if found is None:
        return None
    return LeaveRequest(found[1].lower(), found[2] or "", parseaddr(header(mail, "From"))[1])
