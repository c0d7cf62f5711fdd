"""The way out: every mail says how to leave and who sends it from where, in both parts and its headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from newsletter.render.checks.page import Page, one_spaced, stand_in
from newsletter.render.types import Finding

_LINKS = {"preferences_url": "change topics", "web_url": "view in browser"}
_ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id",
    "List-Unsubscribe",
)  # fmt: skip


def check_footer(page: Page, address: str) -> Iterator[Finding]:
    """Yield what the footer lacks. address: the postal one of the organisation."""
    links = {link.get("href") for link in page.body.iter("a") if not page.hidden(link)}
    parts = {"HTML": page.words, "text": one_spaced(page.text)}
    for part, shown in {"HTML": links, "text": parts["text"]}.items():
        if stand_in("unsubscribe_url") not in shown:
            yield Finding(
                "unsubscribe",
                "error",
                f"the {part} part has no link to unsubscribe; the law and mail providers ask for one",
                '<a href="{{ unsubscribe_url }}">{{ words.unsubscribe }}</a> in the footer'
                if part == "HTML"
                else "{{ words.unsubscribe }}: {{ unsubscribe_url }} in the footer of the .txt template",
            )
        missing = [words for name, words in _LINKS.items() if stand_in(name) not in shown]
        if missing:
            yield Finding(
                "footer-links",
                "warning",
                f"the {part} part has no link to {' or '.join(missing)}",
                "{{ preferences_url }} and {{ web_url }} in the footer",
            )
    for part, words in parts.items():
        if _letters(address) not in _letters(words):
            yield Finding(
                "postal-address",
                "error",
                f"the {part} part does not say the organisation's postal address",
                "{{ address }} in the footer",
            )


def _letters(text: str) -> str:
    """Return letters and figures alone: an address may be set in lines, or with other marks."""
    return re.sub(r"\W+", "", text).casefold()


def check_headers(message: Message) -> Iterator[Finding]:
    """Yield what the headers of a message lack."""
    by_click = "<https:" in message.get("List-Unsubscribe", "")
    if by_click != (message.get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"):
        yield Finding(
            "unsubscribe",
            "error",
            "of List-Unsubscribe-Post and an https address in List-Unsubscribe one is missing, and RFC 8058 "
            "takes both",
            "look at [web] url in newsletter.toml",
        )
    for name in _ONCE:
        count = len(message.get_all(name, []))
        if count != 1:
            yield Finding(
                "unsubscribe" if name == "List-Unsubscribe" else "headers",
                "error",
                f"the message has {count} headers {name}, and needs one",
                "look at organisation and sender in newsletter.toml",
            )
