"""The bounce box on a server: IMAP and POP3, spoken with a small scripted one."""

from __future__ import annotations

import re
import socketserver
import threading
from contextlib import contextmanager

import pytest

from newsletter.bounces.mailbox import Box, read_box
from newsletter.errors import MailboxError

MAILS = [b"Subject: one\r\n\r\nfirst\r\n", b"Subject: two\r\n\r\nsecond\r\n"]


class _Imap(socketserver.StreamRequestHandler):
    """IMAP with the UIDs 7, 8, … of one folder."""

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, command = line.strip().split(b" ", 1)
            self.server.said.append(command.decode())
            self.wfile.write(self._answer(command.decode()))
            self.wfile.write(tag + (b" NO wrong\r\n" if b"bad" in command else b" OK done\r\n"))
            if command == b"LOGOUT":
                return

    def _answer(self, command: str) -> bytes:
        uids = range(7, 7 + len(self.server.mails))
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.startswith("EXAMINE"):
            return b"* %d EXISTS\r\n* OK [UIDVALIDITY 42] valid\r\n" % len(uids)
        if command.startswith("UID SEARCH"):
            first = int(re.search(r"UID (\d+):", command)[1])
            # "n:*" always holds the last one (RFC 9051 §6.4.8).
            found = [uid for uid in uids if uid >= first] or [uids[-1]]
            return b"* SEARCH " + " ".join(map(str, found)).encode() + b"\r\n"
        if command.startswith("UID FETCH"):
            uid = int(command.split()[2])
            mail = self.server.mails[uid - 7]
            return b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (uid, len(mail), mail)
        return b"* BYE\r\n" if command == "LOGOUT" else b""


class _Pop(socketserver.StreamRequestHandler):
    """POP3 with the ids u1, u2, …"""

    def handle(self) -> None:
        self.wfile.write(b"+OK ready\r\n")
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(" ")
            self.server.said.append(f"{verb} {rest}")
            self.wfile.write(self._answer(verb, rest))
            if verb == "QUIT":
                return

    def _answer(self, verb: str, rest: str) -> bytes:
        if verb == "PASS" and rest == "bad":
            return b"-ERR wrong\r\n"
        if verb == "UIDL":
            ids = "".join(f"{number} u{number}\r\n" for number in range(1, len(self.server.mails) + 1))
            return f"+OK\r\n{ids}.\r\n".encode()
        if verb == "LIST":
            return f"+OK {rest} {len(self.server.mails[int(rest) - 1])}\r\n".encode()
        if verb == "RETR":
            return b"+OK\r\n" + self.server.mails[int(rest) - 1] + b".\r\n"
        return b"+OK\r\n"


@contextmanager
def serving(handler):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.mails, server.said = list(MAILS), []
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("scheme", "handler"), [("imap", _Imap), ("pop", _Pop)])
def test_each_mail_on_a_server_is_given_once(tmp_path, scheme, handler):
    with serving(handler) as server:
        url = f"{scheme}://me@127.0.0.1:{server.server_address[1]}"
        box = Box(url, tmp_path, lambda: "secret")
        first = list(read_box(box, None))
        assert [it.raw for it in first] == MAILS
        assert list(read_box(box, first[-1].place)) == []
        assert [it.raw for it in read_box(box, first[0].place)] == MAILS[1:]
        server.mails.append(b"Subject: three\r\n\r\nthird\r\n")
        assert [it.raw for it in read_box(box, first[-1].place)] == server.mails[2:]
        said = " ".join(server.said)
        assert "DELE" not in said
        assert "STORE" not in said


@pytest.mark.parametrize(("scheme", "handler"), [("imap", _Imap), ("pop", _Pop)])
def test_login_that_is_refused_is_told_without_the_password(tmp_path, scheme, handler):
    with serving(handler) as server:
        box = Box(f"{scheme}://me@127.0.0.1:{server.server_address[1]}", tmp_path, lambda: "bad")
        with pytest.raises(MailboxError, match="wrong") as caught:
            list(read_box(box, None))
        assert "bad" not in str(caught.value)
