"""Heads: what the header lines of all messages of an edition have in common."""

from __future__ import annotations

from newsletter.address import parse_address
from newsletter.config import Config
from newsletter.editions.types import EditionId
from newsletter.render.types import MessageHeaders


def message_headers(config: Config, edition_id: EditionId) -> MessageHeaders:
    """Return what the headers of all messages of an edition have in common."""
    newsletter = config.newsletter(edition_id.newsletter)
    domain = parse_address(config.sender.from_address).domain
    return MessageHeaders(
        config.sender,
        list_id=f"{edition_id.newsletter}.{domain}",
        list_title=newsletter.display_title,
        language=newsletter.language,
        # RFC 8058 §3.1 asks for https.
        one_click=config.settings.web is not None and config.settings.web.url.startswith("https:"),
    )


def shown_headers(headers: MessageHeaders) -> dict[str, str]:
    """Return the header lines that all messages have in common, as people call them."""
    sender = headers.sender
    return {
        "From": f"{sender.from_name} <{sender.from_address}>",
        "Reply-To": sender.reply_to,
        "Address to leave": sender.leave,
        "List-Id": f"{headers.list_title} <{headers.list_id}>",
        "Language": headers.language,
        **({"Leaving": "by one click"} if headers.one_click else {}),
    }
