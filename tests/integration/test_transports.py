"""What every transport promises, asked of each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from newsletter.address import parse_address
from newsletter.delivery.content import checked_content
from newsletter.delivery.inbox import Inbox
from newsletter.delivery.outbox import OutboxTransport
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import Envelope, Offer, RelaySettings, Transport
from newsletter.errors import TransportError
from newsletter.workflows.loop import run_in_loop


class Way(NamedTuple):
    """A transport, and the messages that came through."""

    transport: Transport
    arrived: Callable[[], list[bytes]]


@pytest.fixture(params=["smtp", "outbox"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    folder = tmp_path / "a" / "b"

    def arrived() -> list[bytes]:
        return sorted(path.read_bytes() for path in folder.glob("*.eml"))

    if request.param == "outbox":
        yield Way(OutboxTransport(folder), arrived)
        return
    with Inbox(folder) as inbox:
        yield Way(SmtpTransport(RelaySettings("inbox", inbox.host, inbox.port, "none")), arrived)


def message(number: int, body: str = "Hello.") -> bytes:
    return f"Message-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\n{body}\r\n".encode()


def envelope(recipient: str, content: bytes) -> Envelope:
    return Envelope(parse_address("news@example.org"), parse_address(recipient), len(content))


async def send(link, recipient: str, content: bytes):
    assert await link.offer(envelope(recipient, content)) == Offer(None)
    return await link.hand_over(checked_content(content))


def test_messages_arrive_byte_for_byte_over_one_link(way):
    contents = [
        message(1),
        message(2, ".\r\n..\r\n.dots"),
        message(3, "ä" * 400),
        message(4, "long\r\n" * 50_000),
    ]

    async def scenario():
        link = await way.transport.connect()
        replies = [await send(link, f"m{index}@example.org", each) for index, each in enumerate(contents)]
        await link.close()
        return replies

    replies = run_in_loop(scenario())
    assert [reply.code for reply in replies] == [250] * 4
    assert way.arrived() == sorted(contents)


def test_links_work_side_by_side(way):
    async def one(number):
        link = await way.transport.connect()
        for index in range(5):
            await send(link, f"m{number}.{index}@example.org", message(number * 10 + index))
        await link.close()

    async def scenario():
        await asyncio.gather(*(one(number) for number in range(4)))

    run_in_loop(scenario())
    assert way.arrived() == sorted(message(n * 10 + i) for n in range(4) for i in range(5))


def test_nothing_arrives_when_the_link_closes_before_the_content(way):
    async def scenario():
        link = await way.transport.connect()
        assert await link.offer(envelope("anna@example.org", message(1))) == Offer(None)
        await link.close()
        await link.close()  # a second goodbye is not needed and does no harm

    run_in_loop(scenario())
    assert way.arrived() == []


def test_address_with_letters_beyond_ascii_is_kept(way):
    async def scenario():
        link = await way.transport.connect()
        reply = await send(link, "renée@example.org", message(1))
        await link.close()
        return reply

    assert run_in_loop(scenario()).code == 250
    assert way.arrived() == [message(1)]


def test_content_without_an_offer_is_a_bug(way):
    async def scenario():
        link = await way.transport.connect()
        try:
            await link.hand_over(checked_content(message(1)))
        finally:
            await link.close()

    with pytest.raises(RuntimeError):
        run_in_loop(scenario())
    assert way.arrived() == []


def test_unusable_way_out_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with Inbox(tmp_path / "inbox") as inbox:
        closed = inbox.port
    for transport in (
        OutboxTransport(tmp_path / "file"),
        SmtpTransport(RelaySettings("gone", "127.0.0.1", closed, "none")),
    ):
        with pytest.raises(TransportError) as caught:
            run_in_loop(transport.connect())
        assert "\n" not in str(caught.value)
        assert caught.value.hint
