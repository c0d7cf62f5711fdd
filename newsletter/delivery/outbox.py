"""A folder in place of a relay: each delivery becomes an `.eml` file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from newsletter.delivery.content import Content, plain
from newsletter.delivery.names import safe_name
from newsletter.delivery.replies import C250_OK, C421_CLOSING
from newsletter.delivery.types import Envelope, Link, Offer, Reply
from newsletter.errors import TransportError

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)


class OutboxTransport:
    """The way out into a folder, which is made on first use.

    A file appears whole or not at all, and stays when the power goes. Its name holds the recipient and a
    hash of recipient and Message-ID: a delivery that is sent again replaces its own file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"outbox {self._folder}"

    async def connect(self) -> Link:
        """Make the folder and write a first byte into it; raises TransportError where that fails."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as probe:
                probe.write(b"\n")
        except OSError as fault:
            raise _unusable(self._folder, fault) from None
        return OutboxLink(self._folder)


class OutboxLink:
    """The open folder; see `Link` for what its methods promise."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._envelope: Envelope | None = None

    @property
    def eight_bit(self) -> bool:
        """Whether content may be more than ASCII: files as every mail program opens them are not."""
        return False

    async def offer(self, envelope: Envelope) -> Offer:
        """Accept what there is room for; raises TransportError for a full disk or a lost folder."""
        try:
            room = shutil.disk_usage(self._folder).free
        except OSError as fault:
            raise _unusable(self._folder, fault) from None
        if room < envelope.size_bytes:
            raise TransportError(f"outbox {self._folder}: the disk is full", hint="make room, then resume")
        self._envelope = envelope
        return Offer(None)

    async def hand_over(self, content: Content, following: Envelope | None = None) -> Reply:  # noqa: ARG002 - a folder does one thing at a time
        """Write the file. A fault before it stands there is a 421: certainly not taken, so not in doubt."""
        if self._envelope is None:
            raise RuntimeError("offer and hand_over take turns")
        recipient, self._envelope = self._envelope.recipient.text, None
        message = plain(content)
        path = self._folder / _file_name(recipient, message)
        try:
            await asyncio.to_thread(_write_whole, path, message)
        except OSError as fault:
            return Reply(C421_CLOSING, f"{path} cannot be written: {fault.strerror or fault}", "4.3.0")
        return Reply(C250_OK, f"written to {path.name}", "2.0.0")

    async def keep_alive(self) -> None:
        """Do nothing: a folder does not hang up."""

    async def close(self) -> None:
        """Forget an envelope whose content never came."""
        self._envelope = None


def _file_name(recipient: str, content: bytes) -> str:
    headers = content.partition(b"\r\n\r\n")[0]
    found = _MESSAGE_ID.search(headers)
    identity = found[1] if found else content
    digest = hashlib.sha256(recipient.encode("utf-8", "replace") + b"\0" + identity).hexdigest()
    return f"{safe_name(recipient)}-{digest[:16]}.eml".lstrip(".")


def _write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place in one step; when this raises, what stood there before stands there still."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Write the folder's new entry to disk where the system can; the file itself is safe already."""
    with suppress(OSError):  # Windows opens no folders, some network disks do not sync them
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unusable(folder: Path, fault: OSError) -> TransportError:
    text = f"outbox {folder} cannot be used: {fault.strerror or fault}"
    return TransportError(text, hint="it must be a folder that we may write to, on a disk with room")
