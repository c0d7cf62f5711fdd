from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.address import Address, parse_address
from newsletter.delivery.commands import (
    BLOCK_BYTES,
    Extensions,
    commands,
    content_blocks,
    read_extensions,
)
from newsletter.delivery.content import checked_content, plain
from newsletter.delivery.types import Envelope
from newsletter.errors import AddressError

ALL = Extensions(size=True, size_limit_bytes=10_000, smtputf8=True)
ANY_TEXT = st.text(st.characters())  # lone surrogates too


def envelope(sender: str = "news@example.org", recipient: str = "anna@example.org") -> Envelope:
    return Envelope(Address(sender, sender), Address(recipient, recipient), 2_048)


@pytest.mark.parametrize(
    ("extensions", "recipient", "expected"),
    [
        (Extensions(), "anna@example.org", b"MAIL FROM:<news@example.org>\r\n"),
        (ALL, "anna@example.org", b"MAIL FROM:<news@example.org> SIZE=2048\r\n"),
        (ALL, "renée@example.org", b"MAIL FROM:<news@example.org> SIZE=2048 SMTPUTF8\r\n"),
    ],
)
def test_mail_command_says_what_the_relay_knows(extensions, recipient, expected):
    mail, _, data = commands(envelope(recipient=recipient), extensions)
    assert (mail, data) == (expected, b"DATA\r\n")


def test_rcpt_command_keeps_case_and_utf8():
    _, rcpt, _ = commands(envelope(recipient="Renée.O@example.org"), ALL)
    assert rcpt == b"RCPT TO:<Ren\xc3\xa9e.O@example.org>\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "a@b\r\nRCPT TO:<c@d>",
        "a@b\n",
        "a\0@b",
        "a@b> SIZE=1",
        "<a@b",
        "a b@c",
        "a\x7f@b",
        "a\x85@b",
        "\ud800@b",
    ],
)
def test_address_that_would_change_the_command_is_refused(text):
    for unfit in (envelope(sender=text), envelope(recipient=text)):
        with pytest.raises(AddressError, match=re.escape(repr(text))):
            commands(unfit, ALL)


@given(ANY_TEXT)
def test_any_address_gives_one_command_line_or_our_error(text):
    try:
        _, command, _ = commands(envelope(recipient=text), ALL)
    except AddressError:
        return
    assert re.fullmatch(rb"RCPT TO:<[^\x00-\x20\x7f<>]*>\r\n", command)


@given(st.emails())
def test_every_address_that_we_accept_stands_in_a_command(text):
    try:
        address = parse_address(text)
    except AddressError:
        return
    _, rcpt, _ = commands(Envelope(address, address, 1), ALL)
    assert rcpt == f"RCPT TO:<{address.text}>\r\n".encode()


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ({}, Extensions()),
        ({"size": "1000", "smtputf8": ""}, Extensions(True, 1000, True)),
        ({"size": ""}, Extensions(True, None)),
        ({"size": "0"}, Extensions(True, None)),  # RFC 1870 §3: no fixed limit
        ({"size": "lots"}, Extensions(True, None)),
        ({"size": "-5"}, Extensions(True, None)),
        ({"size": "²"}, Extensions(True, None)),
        ({"size": "9" * 5_000}, Extensions(True, None)),
    ],
)
def test_extensions_are_read_as_far_as_they_make_sense(offered, expected):
    assert read_extensions(offered) == expected


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        (b"Hello\r\n", b"Hello\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n..b\r\n.c\r\n", b"a\r\n..\r\n...b\r\n..c\r\n.\r\n"),
        (b"mid.dle\r\n", b"mid.dle\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed(content, wire):
    made = checked_content(content)
    assert b"".join(content_blocks(made)) == wire
    assert plain(made) == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no end",
        b"a\nb\r\n",
        b"a\rb\r\n",
        b"a\r\n.\nb\r\n",
        b"a\r\n\n",
        b"a\r\r\n",
        b"a\n.\r\n",
        b"a" * 999 + b"\r\n",
    ],
)
def test_bytes_that_are_no_lines_are_no_content(content):
    with pytest.raises(ValueError, match="CRLF"):
        checked_content(content)


@given(st.lists(st.binary(max_size=30).map(lambda line: line.translate(None, b"\r\n"))), st.integers(0, 3))
def test_content_survives_the_wire_and_ends_only_once(lines, repeat):
    content = b"\r\n".join([*lines * 20**repeat, b".last", b""])
    blocks = content_blocks(checked_content(content))
    wire = b"".join(blocks)
    assert max(map(len, blocks)) <= BLOCK_BYTES
    assert (b"\r\n" + wire).index(b"\r\n.\r\n") == len(wire) - 3
    assert b"\r\n".join(line.removeprefix(b".") for line in wire.split(b"\r\n")[:-2]) + b"\r\n" == content


@pytest.mark.parametrize("near", range(-150, 8))
def test_end_and_commands_ahead_are_never_cut(near):
    ahead = b"MAIL FROM:<news@example.org>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n"
    content = checked_content(b"x" * 62 + b"\r\n") * (BLOCK_BYTES // 64 - 3)
    content = checked_content(content + b"y" * (190 + near) + b"\r\n")
    *whole, last = content_blocks(content, ahead)
    assert last.endswith(b"\n.\r\n" + ahead)
    assert b"".join([*whole, last]) == content + b".\r\n" + ahead
