"""Reads the bounce box: IMAP, POP3, a Maildir or an mbox. Nothing is ever deleted in it.

Mail is given one by one with the place that the box is at after it; a mail counts as taken when the next one
is asked for. Over the network that place is what tells new mail from old, in a Maildir the flag "seen" does.
"""

from __future__ import annotations

import imaplib
import json
import mailbox
import poplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from newsletter.bounces.mail import MAX_BYTES
from newsletter.errors import MailboxError

_TIMEOUT_S = 30.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PLAIN_PORTS = {"imap": 143, "imaps": 993, "pop": 110, "pops": 995}
#: Of a larger mail POP3 gives its head and this many lines (RFC 1939 §7, TOP).
_TOP_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail of the box. place: where the box is after it."""

    raw: bytes
    place: str


@dataclass(frozen=True, slots=True)
class Box:
    """Where bounces arrive. folder: what a relative path is below; password: asked for when it is needed."""

    url: str
    folder: Path
    password: Callable[[], str]
    ca_file: str | None = None

    @property
    def name(self) -> str:
        """What messages call it; it holds no secret."""
        return self.url

    def path(self) -> Path:
        """Return the path of a box on disk."""
        return self.folder / unquote(self.url.partition(":")[2].removeprefix("//"))


def read_box(box: Box, place: str | None) -> Iterator[Taken]:
    """Yield the mail that is new since a place, oldest first.

    Raises MailboxError where the box cannot be read; what was given until then stays taken.
    """
    kind = box.url.partition(":")[0].lower()
    readers = {"maildir": _maildir, "mbox": _mbox, "imap": _imap, "imaps": _imap, "pop": _pop, "pops": _pop}
    try:
        yield from readers[kind](box, place)
    except (OSError, imaplib.IMAP4.error, poplib.error_proto) as fault:
        told = (
            getattr(fault, "strerror", None) or " ".join(str(it) for it in fault.args) or type(fault).__name__
        )
        hint = "[bounces] url in newsletter.toml; mail that is there stays there"
        raise MailboxError(f"{box.name} cannot be read: {told}", hint=hint) from None


def _maildir(box: Box, _: str | None) -> Iterator[Taken]:
    """Give what no program has marked as seen, and mark it (https://cr.yp.to/proto/maildir.html)."""
    path = box.path()
    if not (path / "new").is_dir():
        raise FileNotFoundError(0, f"no Maildir: {path / 'new'} is missing")
    unseen = [*(path / "new").iterdir(), *(it for it in (path / "cur").iterdir() if "S" not in _flags(it))]
    for mail in sorted(unseen, key=lambda it: it.name):
        with mail.open("rb") as file:
            raw = file.read(MAX_BYTES)
        yield Taken(raw, "")
        flags = "".join(sorted({*_flags(mail), "S"}))
        with suppress(FileNotFoundError):  # another program was quicker
            mail.rename(path / "cur" / f"{mail.name.partition(':')[0]}:2,{flags}")


def _flags(mail: Path) -> str:
    return mail.name.partition(":2,")[2]


def _mbox(box: Box, place: str | None) -> Iterator[Taken]:
    """Give all of a file that has changed since; what was taken before is recognised by the reader."""
    path = box.path()
    seen = path.stat()
    now = f"{seen.st_size}:{seen.st_mtime_ns}"
    if now == place:
        return
    mails = mailbox.mbox(path, create=False)
    try:
        keys = mails.keys()
        for number, key in enumerate(keys, 1):
            yield Taken(mails.get_bytes(key)[:MAX_BYTES], now if number == len(keys) else place or "")
    finally:
        mails.close()


def _server(box: Box) -> tuple[str, str, int, str]:
    """Return scheme, host, port and user. An unencrypted link is for this machine only."""
    parts = urlsplit(box.url)
    host, scheme = parts.hostname or "", parts.scheme.lower()
    if not scheme.endswith("s") and host not in _LOOPBACK:
        raise MailboxError(f"{box.name} would show the password to everybody", hint=f"write {scheme}s://")
    return scheme, host, parts.port or _PLAIN_PORTS[scheme], unquote(parts.username or "")


def _imap(box: Box, place: str | None) -> Iterator[Taken]:
    """Give what has a higher UID than the last one (RFC 9051 §2.3.1.1); place: "validity:last"."""
    scheme, host, port, user = _server(box)
    link: imaplib.IMAP4
    if scheme == "imaps":
        link = imaplib.IMAP4_SSL(host, port, ssl_context=_context(box), timeout=_TIMEOUT_S)
    else:
        link = imaplib.IMAP4(host, port, timeout=_TIMEOUT_S)
    with link:
        link.login(user, box.password())
        folder = unquote(urlsplit(box.url).path.strip("/")) or "INBOX"
        answer, told = link.select(f'"{folder}"', readonly=True)
        if answer != "OK":
            raise imaplib.IMAP4.error(f"no folder {folder!r} ({_text(told)})")
        validity = _text(link.response("UIDVALIDITY")[1]) or "0"
        known, _, last = (place or "").partition(":")
        after = int(last) if known == validity and last.isdigit() else 0
        _, found = link.uid("SEARCH", f"UID {after + 1}:*")
        for uid in sorted(int(it) for it in _text(found).split() if it.isdigit() and int(it) > after):
            _, parts = link.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_BYTES}>)")
            for part in parts:
                if isinstance(part, tuple):
                    yield Taken(part[1], f"{validity}:{uid}")


def _text(told: object) -> str:
    items = told if isinstance(told, list) else [told]
    return " ".join(it.decode("utf-8", "replace") for it in items if isinstance(it, bytes))


def _pop(box: Box, place: str | None) -> Iterator[Taken]:
    """Give what has an id that was not there the last time (RFC 1939 §7, UIDL); place: the ids, as JSON."""
    scheme, host, port, user = _server(box)
    link = (
        poplib.POP3_SSL(host, port, timeout=_TIMEOUT_S, context=_context(box))
        if scheme == "pops"
        else poplib.POP3(host, port, timeout=_TIMEOUT_S)
    )
    try:
        link.user(user)
        link.pass_(box.password())
        known = set(json.loads(place or "[]"))
        listed = [it.decode("ascii", "replace").split() for it in link.uidl()[1]]
        there = {uid for _, uid in listed}
        taken = known & there
        for number, uid in listed:
            if uid not in known:
                taken.add(uid)
                yield Taken(_retrieved(link, int(number)), json.dumps(sorted(taken)))
    finally:
        with suppress(OSError, poplib.error_proto):
            link.quit()


def _retrieved(link: poplib.POP3, number: int) -> bytes:
    size = re.search(rb"\d+ (\d+)", cast("bytes", link.list(number)))  # of one message it is a line
    small = size is None or int(size[1]) <= MAX_BYTES
    lines = link.retr(number)[1] if small else link.top(number, _TOP_LINES)[1]
    return b"\r\n".join(lines) + b"\r\n"


def _context(box: Box) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=box.ca_file)
