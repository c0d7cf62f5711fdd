from __future__ import annotations

import shutil
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from newsletter.address import Address
from newsletter.delivery.content import checked_content
from newsletter.delivery.inbox import Inbox
from newsletter.delivery.judge import judge
from newsletter.delivery.outbox import OutboxTransport
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import DeliveryStatus, Envelope, RelaySettings, Reply, Stage
from newsletter.errors import TransportError
from newsletter.workflows.loop import run_in_loop

NOW = datetime(2026, 11, 27, tzinfo=UTC)
NEWS = Address("news@example.org", "news@example.org")


def write(folder: Path, recipient: str, content: bytes, *, before_content=lambda: None, size=None) -> Reply:
    async def scenario() -> Reply:
        link = await OutboxTransport(folder).connect()
        try:
            await link.offer(Envelope(NEWS, Address(recipient, recipient), size or len(content)))
            before_content()
            return await link.hand_over(checked_content(content))
        finally:
            await link.close()

    return run_in_loop(scenario())


def message(identity: str, subject: str = "News") -> bytes:
    return f"Subject: {subject}\r\nMessage-ID: <{identity}@example.org>\r\n\r\nHello\r\n".encode()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_a_message_named_after_its_recipient(tmp_path):
    reply = write(tmp_path, "anna+news@example.org", message("1"))
    (name,) = files(tmp_path)
    assert name.startswith("anna+news@example.org-")
    assert name.endswith(".eml")
    assert reply == Reply(250, f"written to {name}", "2.0.0")
    read = message_from_bytes((tmp_path / name).read_bytes(), policy=policy.SMTP)
    assert read["Subject"] == "News"


def test_same_delivery_sent_again_replaces_its_twin(tmp_path):
    for subject in ("first", "again"):
        write(tmp_path, "anna@example.org", message("1", subject))
    (name,) = files(tmp_path)
    assert b"again" in (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("anna@example.org", message("1")), ("anna@example.org", message("2"))),
        (("anna@example.org", message("1")), ("bert@example.org", message("1"))),
        (("ann\u00e1@example.org", message("1")), ("ann\u00e9@example.org", message("1"))),
        (("anna@example.org", b"\r\nno headers\r\n"), ("anna@example.org", b"\r\nno headers either\r\n")),
        # a Message-ID in the text is no Message-ID
        (
            ("anna@example.org", b"A: b\r\n\r\nMessage-ID: <1@x>\r\nfirst\r\n"),
            ("anna@example.org", b"A: b\r\n\r\nMessage-ID: <1@x>\r\nsecond\r\n"),
        ),
    ],
)
def test_different_deliveries_have_files_of_their_own(tmp_path, first, second):
    write(tmp_path, *first)
    write(tmp_path, *second)
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize(
    "recipient", ["../../up@x", ".hidden@x", "a/b@x", "nul\0@x", "line\r\nbreak@x", "\ud800@x"]
)
def test_no_address_leads_out_of_the_folder(tmp_path, recipient):
    folder = tmp_path / "outbox"
    write(folder, recipient, message("1"))
    assert files(tmp_path) == ["outbox"]
    (name,) = files(folder)
    assert not name.startswith(".")


def test_folder_lost_before_the_content_is_not_in_doubt(tmp_path):
    folder = tmp_path / "outbox"
    reply = write(folder, "anna@example.org", message("1"), before_content=lambda: shutil.rmtree(folder))
    assert reply.code == 421
    assert "cannot be written" in reply.text
    verdict = judge(reply, Stage.CONTENT, 0, NOW, NOW)
    assert verdict.status is DeliveryStatus.PENDING


def test_failed_write_leaves_nothing_behind(tmp_path):
    write(tmp_path, "anna@example.org", message("1"))
    (name,) = files(tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()  # a folder in its place cannot be replaced by a file
    assert write(tmp_path, "anna@example.org", message("1")).code == 421
    assert files(tmp_path) == [name]


def test_message_larger_than_the_disk_is_not_begun(tmp_path):
    with pytest.raises(TransportError, match="disk is full"):
        write(tmp_path, "anna@example.org", message("1"), size=10**18)
    assert files(tmp_path) == []


def deliver(port: int, recipients: list[str]) -> list[int]:
    async def scenario() -> list[int]:
        link = await SmtpTransport(RelaySettings("inbox", "127.0.0.1", port, "none")).connect()
        codes = []
        for recipient in recipients:
            await link.offer(Envelope(NEWS, Address(recipient, recipient), 100))
            codes.append((await link.hand_over(checked_content(message("1")))).code)
        await link.close()
        return codes

    return run_in_loop(scenario())


def test_inbox_numbers_its_files_and_counts_on(tmp_path):
    folder = tmp_path / "inbox"
    for recipient in ("anna@example.org", "bo/b@example.org"):
        with Inbox(folder) as inbox:
            deliver(inbox.port, [recipient])
    assert files(folder) == ["0001-anna@example.org.eml", "0002-bo_b@example.org.eml"]
    assert (folder / "0001-anna@example.org.eml").read_bytes() == message("1")


def test_inbox_passes_over_files_that_are_not_its_own(tmp_path):
    for name in ("0007-anna@example.org.eml", "12x-y.eml", "index.html"):
        (tmp_path / name).write_text("")
    with Inbox(tmp_path) as inbox:
        deliver(inbox.port, ["anna@example.org"])
    assert "0008-anna@example.org.eml" in files(tmp_path)


def test_inbox_that_cannot_write_says_so_to_the_sender(tmp_path):
    folder = tmp_path / "inbox"
    with Inbox(folder) as inbox:
        shutil.rmtree(folder)
        assert deliver(inbox.port, ["anna@example.org"]) == [452]
        folder.mkdir()
        assert deliver(inbox.port, ["anna@example.org"]) == [250]


def test_inbox_closes_while_a_sender_is_connected(tmp_path):
    async def scenario() -> None:
        with Inbox(tmp_path) as inbox:
            link = await SmtpTransport(RelaySettings("inbox", "127.0.0.1", inbox.port, "none")).connect()
        with pytest.raises(TransportError):
            await link.offer(Envelope(NEWS, NEWS, 100))
        await link.close()

    run_in_loop(scenario())


def test_inbox_in_a_place_that_cannot_be_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TransportError, match="inbox"), Inbox(tmp_path / "file"):
        pytest.fail("it opened")
