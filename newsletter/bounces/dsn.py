"""Delivery status notifications (RFC 3464, RFC 6533 for UTF-8 addresses), and fields of one anywhere."""

from __future__ import annotations

import re
from email.message import Message

from newsletter.bounces.mail import addresses_in, parts_of, text_of
from newsletter.bounces.types import Failure

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_FIELD = re.compile(
    r"(?im)^[ \t]*(original-recipient|final-recipient|x-actual-recipient|action|status|diagnostic-code)[ \t]*:(.*(?:\n[ \t]+(?![A-Za-z-]+:).*)*)"
)
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")


def read_dsn(mail: Message) -> tuple[Failure, ...]:
    """Return the recipients of a report in their order; none where there is no report in the mail.

    A report of its own counts first, then one that stands in plain text, then one that was forwarded inside.
    """
    own, deep = [*parts_of(mail)], [*parts_of(mail, quoted=True)]
    for parts in (own, deep):
        reports = [it for it in parts if it.get_content_type() in _REPORTS]
        if found := _merged([it for part in reports for it in _failures(_report_text(part))]):
            return found
    for parts in (own, deep):
        for part in parts:
            if part.get_content_maintype() == "text" and (found := _merged(_failures(text_of(part)))):
                return found
    return ()


def _report_text(part: Message) -> str:
    """Return a report as text; the parser makes each block of it a message of its own."""
    inside = part.get_payload()
    if isinstance(inside, list):
        return "\n\n".join(_block(it) for it in inside if isinstance(it, Message))
    return text_of(part)


def _block(block: Message) -> str:
    fields = "\n".join(f"{name}: {value}" for name, value in block.items())
    return f"{fields}\n\n{block.get_payload() if isinstance(block.get_payload(), str) else ''}"


def _failures(text: str) -> list[Failure]:
    """Return the recipients in the fields of a report; a field that comes again begins the next one."""
    found: list[dict[str, str]] = [{}]
    for name, value in _FIELD.findall(text.replace("\r", "")):
        key = name.lower()
        begins = key == "final-recipient" or (key == "original-recipient" and "action" in found[-1])
        if key in found[-1] and begins:
            found.append({})
        found[-1].setdefault(key, " ".join(value.split()))
    return [failure for fields in found if (failure := _failure(fields))]


def _failure(fields: dict[str, str]) -> Failure | None:
    action = fields.get("action", "").lower().split(" ")[0].strip(";.")
    if "final-recipient" not in fields and "original-recipient" not in fields:
        return None
    names = [
        address
        for key in ("original-recipient", "final-recipient", "x-actual-recipient")
        for address in addresses_in(_typed(fields.get(key, "")))
    ]
    if action not in _ACTIONS and not fields.get("status"):
        return None
    status = re.search(r"[245]\.\d{1,3}\.\d{1,3}", fields.get("status", ""))
    diagnostic = fields.get("diagnostic-code", "")
    first = names[0] if names else ""
    return Failure(first, action, status[0] if status else "", diagnostic, tuple(dict.fromkeys(names[1:])))


def _typed(value: str) -> str:
    """Return an address field without its type (`rfc822;`), xtext read (RFC 3461 §4)."""
    bare = value.partition(";")[2] or value
    return re.sub(r"\+([0-9A-F]{2})", lambda it: chr(int(it[1], 16)), bare)


def _merged(failures: list[Failure]) -> tuple[Failure, ...]:
    """Return each recipient once; a failure says more of them than a delay."""
    best: dict[str, Failure] = {}
    for it in failures:
        if it.address not in best or (it.action == "failed" and best[it.address].action != "failed"):
            best[it.address] = it
    return tuple(best.values())
