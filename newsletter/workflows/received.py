"""A page of received mail, to open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from newsletter.render.received import ReceivedMessage, render_received


def write_index(folder: Path, edition: str) -> Path:
    """Write index.html beside the .eml files of a folder, and each message's HTML part; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    index.write_text(render_received(edition, list(_messages(folder))), "utf-8")
    return index


def _messages(folder: Path) -> Iterator[ReceivedMessage]:
    parser = BytesParser(policy=policy.default)
    for path in sorted(folder.glob("*.eml")):
        message = parser.parsebytes(path.read_bytes())
        assert isinstance(message, EmailMessage)  # noqa: S101 - the policy's kind of message
        page = message.get_body(("html",))
        shown = path.with_suffix(".html")
        shown.write_text(page.get_content() if page else "", "utf-8")
        yield ReceivedMessage(path.name, shown.name, str(message["To"]), str(message["Subject"]))
